"""``heap-tui setup``: every answer is a flag; what is missing is asked line by line on a terminal."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from heap_tui.cli.context import App, common_options, pass_app
from heap_tui.errors import ExitCode, UsageError
from heap_tui.i18n import _
from heap_tui.setup.questions import Kind, Question, Raw, all_questions

if TYPE_CHECKING:
    from heap_tui.cli.setup_lines import Told
    from heap_tui.setup.answers import Answers
    from heap_tui.setup.session import Session

Command = TypeVar("Command", bound=Callable[..., Any])

_LATER = ("--app-id", "--region", "--identity", "--prefix")  # of the track API (cli.md)
_LONGEST_TOKEN = 64 * 1024


def _flag(question: Question) -> Callable[[Command], Command]:
    """The option of one question."""
    if question.kind is Kind.SECRET:
        help_text = _("Read the token from standard input. {help}").format(help=question.help)
        return click.option(question.flag, is_flag=True, help=help_text)
    if question.kind is Kind.YES_NO:
        return click.option(question.flag, question.key, default=None, help=question.help)
    several = question.kind in (Kind.LIST, Kind.PLACES)
    help_text = _("{help} Repeatable.").format(help=question.help) if several else question.help
    return click.option(question.flag, question.key, metavar=question.metavar, multiple=several, help=help_text)


def _flags(command: Command) -> Command:
    """Every question's option, and those that come with a later version."""
    for flag in reversed(_LATER):
        command = click.option(flag, metavar="TEXT", help=_("Comes with the track API in a later version."))(command)
    for question in reversed(all_questions()):
        command = _flag(question)(command)
    return command


@click.command("setup", help=_("Set up a profile, or change one: what is not named stays as it is."))
@_flags
@click.option("--no-check", is_flag=True, help=_("Save without checking endpoint and token."))
@common_options
@pass_app
def setup(app: App, /, token_stdin: bool, no_check: bool, **flags: Any) -> None:
    """Take the answers from flags, ask for the rest, check, save."""
    from heap_tui.cli.setup_guide import forget_draft, guide
    from heap_tui.config.paths import config_path
    from heap_tui.config.store import load
    from heap_tui.setup.session import begin, save, token_to_store

    _refuse_later(flags)
    path = config_path(app.config_path, os.environ)
    session = begin(load(path), app.profile, flags["name"], os.environ)
    _announce(app, session, token_stdin=token_stdin)
    given = {key: value for key, value in flags.items() if value not in (None, ())}
    guided = not given and not token_stdin and is_terminal()
    if guided:
        told = guide(app, session, no_check=no_check)
    else:
        told = _from_flags(session, given, _read_token() if token_stdin else None)
        _warn(told.answers)
        if not no_check:
            _check_or_leave(app, session, told)
    profile = session.profile_for(told.answers)
    token = token_to_store(session, told.answers, told.token)
    backend = save(path, profile, token, os.environ)
    if guided:
        forget_draft(app)
    _report(app, session, told, path, backend)


def is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _refuse_later(flags: dict[str, Any]) -> None:
    """Take the track API's flags out; one that was given is refused (cli.md)."""
    for flag in _LATER:
        if flags.pop(flag.removeprefix("--").replace("-", "_")) is not None:
            raise UsageError(
                _("{flag} belongs to Heap's track API as a destination, which comes with a later version.").format(
                    flag=flag
                ),
                _("Leave it out: the destination webhook needs --endpoint and a token."),
            )


def _announce(app: App, session: "Session", *, token_stdin: bool) -> None:
    """Say which profile is meant, and whose token counts."""
    from heap_tui.setup.session import token_variable

    if session.base is not None and not app.quiet:
        click.echo(_("Changing profile {name}; what is not named stays.").format(name=session.base.key), err=True)
    if session.environment is None:
        return
    words = (
        _("{name} is set and wins: the token on standard input is neither used nor stored. Unset it to store one.")
        if token_stdin
        else _("{name} is set and wins over any stored token; it is used for the check and not stored.")
    )
    if token_stdin or not app.quiet:
        click.echo(words.format(name=token_variable(os.environ)), err=True)


def _read_token() -> str:
    """The token on standard input; on a terminal it is not shown while it is typed."""
    from heap_tui.redact import register_secret

    if sys.stdin.isatty():
        text = str(click.prompt(_("Token"), hide_input=True, default="", show_default=False, err=True))
    else:
        text = sys.stdin.buffer.read(_LONGEST_TOKEN).decode("utf-8", "replace")
    register_secret(text.strip())
    if not text.strip():
        raise UsageError(
            _("--token-stdin: there is no token on standard input."),
            _('Pipe it in, such as: printf %s "$TOKEN" | heap-tui setup --token-stdin ...'),
        )
    return text.strip()


def _from_flags(session: "Session", given: dict[str, Raw], token: str | None) -> "Told":
    """The answers that flags give; on a terminal, what is needed and not given is asked."""
    from heap_tui.cli.setup_guide import Terminal
    from heap_tui.cli.setup_lines import Told, ask_missing
    from heap_tui.setup.steps import answer, missing

    if token is not None and session.environment is None:
        given = {**given, "token": token}
    answers, problems = answer(session.answers, all_questions(), given)
    questions = missing(answers)
    if wrong := {key: words for key, words in problems.items() if key not in {q.key for q in questions} - set(given)}:
        raise _wrong(wrong)
    told = Told(answers, token)
    if is_terminal():
        return ask_missing(Terminal(), session, questions, told)
    if flags := [question.flag for question in questions if question.kind is not Kind.SECRET]:
        raise UsageError(
            _("Set-up needs {flags}.").format(flags=", ".join(flags)),
            _("Without a terminal every answer is a flag: see heap-tui setup --help."),
        )
    return told


def _wrong(problems: dict[str, str]) -> UsageError:
    flags = {question.key: question.flag for question in all_questions()}
    return UsageError("\n  ".join(f"{flags[key]}: {words}" for key, words in problems.items()))


def _warn(answers: "Answers") -> None:
    from heap_tui.setup.hints import hints

    for words in hints(answers):
        click.echo(_("warning: {words}").format(words=words), err=True)


def _check_or_leave(app: App, session: "Session", told: "Told") -> None:
    """Check endpoint and token; when they fail, end the program before anything is saved."""
    from heap_tui.cli.setup_guide import check

    exit_code = check(app, session, told.answers, told.token)
    if exit_code is not ExitCode.OK:
        click.echo(_("heap-tui: the check failed; nothing was saved."), err=True)
        if exit_code is not ExitCode.USAGE:  # without a keyring, nothing can be saved unchecked either
            click.echo(_("  Correct what it names, or save all the same with --no-check."), err=True)
        raise click.exceptions.Exit(exit_code)


def _report(app: App, session: "Session", told: "Told", path: Path, backend: str) -> None:
    """Say what was saved where, and what can be done next."""
    key = session.key_for(told.answers)
    click.echo(_("Profile {name} is saved in {path}.").format(name=key, path=path))
    if backend:
        click.echo(_("The token is stored in the keyring ({backend}).").format(backend=backend))
    elif told.answers.token == "none":  # noqa: S105 - a place, not a token
        click.echo(_("No token: requests carry none. Give one with --token-stdin."))
    options = _options(app, key, path)
    source = "" if told.answers.source else " --source 'sample:?count=100'"
    click.echo(_("Next:"))
    click.echo(_("  heap-tui test-fire{options}  sends one sample event of each selected type").format(options=options))
    click.echo(_("  heap-tui --run{options}{source}  delivers").format(options=options, source=source))


def _options(app: App, key: str, path: Path) -> str:
    """The options that the next commands need to mean this profile."""
    from heap_tui.config.store import load

    named = f" --profile {key}" if load(path).profile().key != key else ""
    place = f" --config {path}" if app.config_path and "HEAP_TUI_CONFIG" not in os.environ else ""
    return named + place
