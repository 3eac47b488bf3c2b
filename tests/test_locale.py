"""The catalogues are whole and current, and tables fit 80 columns in Portuguese.

After words were changed or added, bring the catalogues up to date (DIR is any directory for two templates; the
dictionary of words stands at the head of heap_tui.po):

    .venv/bin/python tests/messages.py DIR
    .venv/bin/pybabel update -N --ignore-obsolete -w 120 -l pt_BR -d heap_tui/locale -D heap_tui -i DIR/heap_tui.pot
    .venv/bin/pybabel update -N --ignore-obsolete -w 120 -l pt_BR -d heap_tui/locale -D click -i DIR/click.pot

translate what is empty in heap_tui/locale/pt_BR/LC_MESSAGES/*.po, compile, and commit .po and .mo:

    .venv/bin/pybabel compile --statistics -d heap_tui/locale -D heap_tui
    .venv/bin/pybabel compile --statistics -d heap_tui/locale -D click
"""

import gettext
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from rich.console import Console

from heap_tui import i18n
from heap_tui.cli import findings, spool_view
from heap_tui.cli.events_view import print_lines, type_details, type_list
from heap_tui.cli.findings import finding_lines, state_word
from heap_tui.cli.spool_place import Place
from heap_tui.currents.catalog import catalog
from heap_tui.setup.findings import Finding, State
from heap_tui.spool import choice, store
from tests.fakes.letters import fill, refused, rejected
from tests.messages import PACKAGE, click_messages, program_messages

FOLDER = PACKAGE / "locale" / "pt_BR" / "LC_MESSAGES"
DOMAINS = ("heap_tui", "click")
COLUMNS = 80
# What people type is the same in every language: flags, variables, and commands of this program.
TYPED = re.compile(r"--[a-z][a-z-]*|\b[A-Z]+_[A-Z_]+\b|heap-tui (?:(?:spool|events|config) [a-z]+|setup|test-fire)")


def translated(domain: str) -> Catalog:
    with (FOLDER / f"{domain}.po").open("rb") as file:
        return read_po(file, locale="pt_BR", domain=domain, abort_invalid=True)


def entries(domain: str) -> list[Message]:
    return [message for message in translated(domain) if message.id]


def pairs(message: Message) -> list[tuple[str, str]]:
    """The English and the Portuguese of each form."""
    return list(zip(forms(message.id), forms(message.string), strict=True))


def placeholders(text: str) -> Counter[str]:
    braces = (f"{{{name}!{conversion}:{spec}}}" for _text, name, spec, conversion in Formatter().parse(text) if name)
    return Counter([*braces, *re.findall(r"%\(\w+\)s", text)])


def texts(found: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The forms of each text in English and in Portuguese, one or two."""
    return {forms(message.id): forms(message.string) for message in found if message.id}


def forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return ("",) if text is None else (text,) if isinstance(text, str) else tuple(text)


def test_every_text_of_the_program_is_in_the_catalogue_and_nothing_else() -> None:
    said, known = set(texts(program_messages())), set(texts(translated("heap_tui")))
    assert said - known == set(), "new texts: the head of this file says how to update the catalogues"
    assert known - said == set(), "texts that are gone: the head of this file says how to update the catalogues"


def test_the_words_of_click_that_people_see_most_are_in_the_catalogue() -> None:
    # A newer click may say something new: that stays English and is no fault of this program.
    said, known = set(texts(click_messages())), set(texts(translated("click")))
    assert len(said & known) > len(said) / 2
    seen = ("Usage:", "Options", "Error: {message}", "Show this message and exit.")
    assert {forms(text) for text in seen} <= said & known


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_message_is_translated_and_none_is_a_guess(domain: str) -> None:
    found = entries(domain)
    assert found
    assert [message.id for message in found if message.fuzzy] == []
    assert [english for message in found for english, ours in pairs(message) if not ours] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_placeholders_are_the_same(domain: str) -> None:
    for message in entries(domain):
        for english, ours in pairs(message):
            assert placeholders(ours) == placeholders(english), english


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_people_type_and_the_spaces_around_a_text_stay(domain: str) -> None:
    for message in entries(domain):
        for english, ours in pairs(message):
            assert set(TYPED.findall(ours)) == set(TYPED.findall(english)), english
            for edge in (r"^\s*", r"\s*$"):
                assert re.search(edge, ours)[0] == re.search(edge, english)[0], english  # type: ignore[index]


@pytest.mark.parametrize("domain", DOMAINS)
def test_older_terminals_of_brazil_can_show_every_sign(domain: str) -> None:
    for message in entries(domain):
        for _english, ours in pairs(message):
            ours.encode("latin-1")


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_compiled_catalogue_is_current(domain: str) -> None:
    with (FOLDER / f"{domain}.mo").open("rb") as file:
        assert texts(read_mo(file)) == texts(translated(domain)), "compile it: the head of this file says how"


@pytest.fixture
def portuguese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LANGUAGE", "")
    domain = gettext.textdomain()
    i18n.activate("pt-BR")
    yield
    i18n.activate("en")
    gettext.textdomain(domain)


def terminal() -> Console:
    return Console(width=COLUMNS, force_terminal=True, no_color=True, highlight=False, markup=False)


def plain(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


@pytest.mark.usefixtures("portuguese")
def test_the_list_of_types_fits_and_cuts_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    print_lines(terminal(), type_list(list(catalog()), terminal()))
    lines = plain(capsys.readouterr().out)
    assert max(map(len, lines)) <= COLUMNS
    assert {line.strip() for line in lines} >= {*catalog().names, "Uma pessoa clicou em um link em um e-mail."}


@pytest.mark.usefixtures("portuguese")
def test_the_fields_of_every_type_fit_and_no_name_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    for event_type in catalog():
        print_lines(terminal(), type_details(event_type))
        lines = plain(capsys.readouterr().out)
        assert max(map(len, lines)) <= COLUMNS
        rows = {line.split()[0] for line in lines if line.strip()}
        assert rows >= {field.name for field in event_type.fields}
        assert any(re.fullmatch(r"Campo +Tipo +Exigido +Pessoal +Local *", line) for line in lines), lines


@pytest.mark.usefixtures("portuguese")
@pytest.mark.parametrize("state", State)
def test_the_word_of_a_finding_fits_its_column(state: State) -> None:
    (line,) = finding_lines(Finding("dns", "Nome do host", state, "localhost"), COLUMNS)
    assert line[10:] == "Nome do host: localhost"
    assert line[:10].strip() == state_word(state)


@pytest.mark.usefixtures("portuguese")
def test_the_status_of_the_spool_fits_with_its_values_below_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, refused("a"), refused("b"), rejected(b"?"), pending=("c", "d"))
    monkeypatch.setattr(findings, "text_width", lambda _stream: COLUMNS)
    with store.reading(tmp_path) as connection:
        assert connection
        causes = choice.causes(connection)
    status = store.status(tmp_path)
    spool_view.say(spool_view.status_lines(Place(Path("/state"), "production"), status, causes, status.oldest_at or 0))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= COLUMNS
    table = lines[: lines.index("")]
    starts = {re.search(r"(?<=\S)  +(?=\S)|^ +(?=\S)", line).end() for line in table}  # type: ignore[union-attr]
    assert starts == {len("Tamanho em disco") + 2}
    assert "Em uso            não" in table
