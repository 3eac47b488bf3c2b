"""Entry point: finds the command, turns errors into words and exit codes.

Light on purpose: ``--version`` and ``--help`` import neither textual nor httpx, so every command lives in a
module of its own that is imported when it is called.
"""

import importlib
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click

from heap_tui import i18n
from heap_tui.cli.context import App
from heap_tui.errors import ExitCode, HeapTuiError
from heap_tui.i18n import _


def _commands() -> dict[str, tuple[str, str]]:
    """Name -> (module:attribute, one line of help); static, so that ``--help`` imports no command."""
    return {
        "setup": ("heap_tui.cli.setup:setup", _("Set up a profile: every answer is a flag.")),
        "test-fire": ("heap_tui.cli.test_fire:test_fire", _("Send one sample event of each selected type.")),
        "doctor": ("heap_tui.cli.doctor:doctor", _("Check everything a delivery needs; say what to do.")),
        "events": ("heap_tui.cli.events:events", _("The catalogue of event types and fields.")),
        "sandbox": ("heap_tui.cli.sandbox:sandbox", _("A local endpoint that behaves as Heap's webhook.")),
        "spool": ("heap_tui.cli.spool:spool", _("Look into the disk queue and the dead letters.")),
        "config": ("heap_tui.cli.config:config", _("Show, check or edit the configuration.")),
    }


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the README."""
        return list(_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name; None when there is none."""
        if cmd_name not in _commands():
            return None
        module, attribute = _commands()[cmd_name][0].split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, text) for name, (_target, text) in _commands().items()])


def _language_asked(arguments: Sequence[str]) -> str | None:
    """The value of ``--lang``, read before click is, since help texts are translated when they are made."""
    for here, after in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, value = here.partition("=")
        if name == "--lang":
            wanted = value if equals else after
            return wanted if wanted in i18n.LANGUAGES else None
    return None


def tell(message: str, remedy: str) -> None:
    """Say on standard error what happened and what to do, secrets redacted."""
    from heap_tui.redact import redact

    click.echo(f"heap-tui: {redact(message)}", err=True)
    if remedy:
        click.echo(f"  {redact(remedy)}", err=True)


def _tell_traceback(error: BaseException) -> None:
    from heap_tui.redact import redact

    click.echo(redact("".join(traceback.format_exception(error))), err=True)


def _unexpected(error: BaseException, verbose: int) -> None:
    from heap_tui.redact import redact

    click.echo(
        _("heap-tui: an unexpected fault ({name}: {text}).").format(name=type(error).__name__, text=redact(str(error))),
        err=True,
    )
    click.echo(_("  Nothing that was accepted is lost. Run again with -v -v for details."), err=True)
    if verbose >= 2:
        _tell_traceback(error)


def _call(command: Callable[..., Any], arguments: Sequence[str], app: App) -> int:
    try:
        result = command(args=list(arguments), prog_name="heap-tui", standalone_mode=False, obj=app)
    except (click.Abort, KeyboardInterrupt):
        click.echo(_("heap-tui: interrupted; nothing was changed."), err=True)
        return ExitCode.STOPPED
    except BrokenPipeError:
        # The reader of our output went away (``| head``): silence, as other tools do.
        sys.stderr.close()
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - the last net: no traceback reaches a user
        return _failed(error, app.verbose)
    return result if isinstance(result, int) else ExitCode.OK


def _failed(error: Exception, verbose: int) -> int:
    """Say what went wrong; the exit code for it."""
    if isinstance(error, click.ClickException):
        error.show()
        return ExitCode.USAGE if isinstance(error, click.UsageError) else error.exit_code
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if not isinstance(error, HeapTuiError):
        _unexpected(error, verbose)
        return ExitCode.INTERNAL
    tell(error.message, error.remedy)
    if verbose >= 2:
        _tell_traceback(error)
    return error.exit_code


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program with `arguments` (default: the process's) and exit with a code of the contract."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    i18n.activate(_language_asked(given))
    from heap_tui.cli.root import root

    sys.exit(int(_call(root, given, App())))
