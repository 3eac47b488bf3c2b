"""Which language is spoken, and the real program in Portuguese."""

import gettext
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from heap_tui import i18n
from heap_tui.i18n import _, language_from_environment, ngettext
from tests.fakes.empty_home import Home

SUMMARY = "Concluído: 20 eventos entregues em "


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The language of this process is what it was afterwards."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "")
    domain = gettext.textdomain()
    yield
    i18n.activate("en")
    gettext.textdomain(domain)


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "pt_BR.UTF-8"}, "pt-BR"),
        ({"LANG": "pt_PT"}, "pt-BR"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "pt_BR.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "pt_BR", "LANG": "en_US"}, "pt-BR"),
        ({"LANGUAGE": "en_US:en", "LANG": "pt_BR.UTF-8"}, "en"),
        ({"LANGUAGE": "gl:pt_BR:en", "LC_ALL": "en_US.UTF-8"}, "pt-BR"),
        ({"LANGUAGE": "", "LANG": "pt_BR.UTF-8"}, "pt-BR"),
    ],
)
def test_the_first_variable_that_is_set_chooses_the_language(environ: dict[str, str], language: str) -> None:
    assert language_from_environment(environ) == language


def test_texts_are_translated_and_unknown_ones_stay() -> None:
    i18n.activate("pt-BR")
    assert (_("Nothing was changed."), _("no such text"), _("")) == ("Nada foi alterado.", "no such text", "")
    i18n.activate("en")
    assert _("Nothing was changed.") == "Nothing was changed."


def test_plurals_follow_the_language() -> None:
    counted = [ngettext("{n} event", "{n} events", n).format(n=n) for n in (0, 1, 2)]
    i18n.activate("pt-BR")
    ours = [ngettext("{n} event", "{n} events", n).format(n=n) for n in (0, 1, 2)]
    assert (counted, ours) == (["0 events", "1 event", "2 events"], ["0 evento", "1 evento", "2 eventos"])


def test_without_an_asked_language_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")
    i18n.activate()
    assert _("none") == "nenhum"


@pytest.mark.parametrize(
    ("asked", "lang", "left"), [(None, "de_DE", ""), (None, "pt_PT", "pt_BR"), ("en", "pt_BR", "en")]
)
def test_other_programs_started_from_here_keep_the_language_of_their_user(
    asked: str | None, lang: str, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", lang)
    i18n.activate(asked)
    assert os.environ["LANGUAGE"] == left


@pytest.mark.parametrize("environ", [{"LANG": "pt_BR.UTF-8"}, {"LC_ALL": "pt_BR.UTF-8"}, {"LANG": "pt_PT.UTF-8"}])
def test_the_locale_is_honoured_in_words_of_click_too(home: Home, environ: dict[str, str]) -> None:
    done = home.launch("config", "path", "--nope", **environ)
    assert done.returncode == 2
    assert "Uso: heap-tui config path" in done.stderr
    assert "Erro: Não há uma opção '--nope'." in done.stderr


def test_the_flag_wins_over_the_locale(home: Home) -> None:
    done = home.launch("config", "path", "--nope", "--lang", "en", LANG="pt_BR.UTF-8")
    assert "Error: No such option '--nope'." in done.stderr


def test_help_is_portuguese_and_cuts_nothing(home: Home) -> None:
    whole = home.launch("--lang", "pt-BR", "--help", COLUMNS="80").stdout
    assert whole.startswith("Uso: heap-tui [OPTIONS]")
    for words in ("Opções:", "Comandos:", "Mostra esta mensagem e sai.", "os dead letters (eventos não"):
        assert words in whole
    for group in ("spool", "events", "config"):
        listed = home.launch("--lang=pt-BR", group, "--help", COLUMNS="80").stdout
        _options, _heading, commands = listed.partition("\nComandos:\n")
        assert commands
        assert not [line for line in commands.splitlines() if line.endswith("...")]


def test_doctor_speaks_portuguese(home: Home) -> None:
    done = home.launch("--lang", "pt-BR", "doctor")
    assert done.returncode == 1
    assert done.stdout.startswith("falha     Configuração: ainda não há ")
    assert done.stdout.endswith("1 verificação falhou.\n")


def test_the_summary_of_a_run_is_portuguese(home: Home) -> None:
    done = home.launch("--lang", "pt-BR", "--run", "--sandbox", "--source", "sample:?count=20&seed=1")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(SUMMARY)
    assert lines[1:3] == [
        "  lidos 20 = rejeitados 0 + ignorados 0 + duplicados 0 + aceitos 20",
        "  aceitos 20 + pendentes antes 0 = entregues 20 + dead letters 0 + pendentes 0",
    ]
    assert lines[3] == "Eventos recebidos pelo sandbox: 20 (únicos 20, duplicados 0)"


def test_an_error_and_its_remedy_are_portuguese(home: Home) -> None:
    done = home.launch("--lang", "pt-BR", "--run", "--endpoint", "ftp://host/path")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "heap-tui: O endpoint começa com ftp://, mas os eventos são entregues por https.",
        "  Copie o endpoint da Heap; ele se parece com https://host/path.",
    ]
