"""Entry point: finds the command, turns errors into words and exit codes.

Light on purpose: ``--version`` and ``--help`` import neither textual nor httpx, so every command lives in a
module of its own that is imported when it is called.
"""

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click

from heap_tui import i18n
from heap_tui.cli.context import App
from heap_tui.cli.say import tell, tell_traceback
from heap_tui.errors import ExitCode, HeapTuiError
from heap_tui.i18n import _


def _language_asked(arguments: Sequence[str]) -> str | None:
    """The value of ``--lang``, read before click is, since help texts are translated when they are made."""
    for here, after in zip(arguments, [*arguments[1:], ""], strict=False):
        name, equals, value = here.partition("=")
        if name == "--lang":
            wanted = value if equals else after
            return wanted if wanted in i18n.LANGUAGES else None
    return None


def _unexpected(error: BaseException, verbose: int) -> None:
    from heap_tui.redact import redact

    click.echo(
        _("heap-tui: an unexpected fault ({name}: {text}).").format(name=type(error).__name__, text=redact(str(error))),
        err=True,
    )
    click.echo(_("  Nothing that was accepted is lost. Run again with -v -v for details."), err=True)
    if verbose >= 2:
        tell_traceback(error)


def _call(command: Callable[..., Any], arguments: Sequence[str], app: App) -> int:
    try:
        result = command(args=list(arguments), prog_name="heap-tui", standalone_mode=False, obj=app)
    except (click.Abort, KeyboardInterrupt):
        click.echo(_("heap-tui: interrupted; nothing was changed."), err=True)
        return ExitCode.STOPPED
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
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        tell(_("No space is left where output goes."), _("Free some space."))
        return ExitCode.STATE
    if not isinstance(error, HeapTuiError):
        _unexpected(error, verbose)
        return ExitCode.INTERNAL
    tell(error.message, error.remedy)
    if verbose >= 2:
        tell_traceback(error)
    return error.exit_code


def _written(code: int) -> int:
    """`code`, or that of an output that could not be written: buffered text fails only when it is flushed."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        reason = ""  # the reader went away (``| head``), which is its right
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        return code
    # What could not be written would be tried once more, and fail once more, when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not reason:
        return code or 1
    tell(_("Standard output cannot be written: {reason}.").format(reason=reason), _("Free some space."))
    return code or ExitCode.STATE


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the program with `arguments` (default: the process's) and exit with a code of the contract."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    i18n.activate(_language_asked(given))
    from heap_tui.cli.root import root

    code = int(_call(root, given, App()))
    sys.exit(_written(code))
