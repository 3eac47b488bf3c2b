"""Where exported events go: a private file, a pipe, or a terminal that they must not steer."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from heap_tui.cli.spool_view import visible
from heap_tui.errors import StateError
from heap_tui.i18n import _
from heap_tui.spool.choice import Choice, OpenState
from heap_tui.spool.export import Exported, dead_lines, pending_lines, private_file


def lines(connection: OpenState | None, told: Exported, letters: Choice | None, *, pending: bool) -> Iterator[bytes]:
    """The lines that are wanted: the queue's, then those of the chosen dead letters; none without state."""
    if connection is None:
        return
    if pending:
        yield from pending_lines(connection, told)
    if letters is not None:
        yield from dead_lines(connection, letters, told)


def write(exported: Iterator[bytes], path: Path, *, force: bool) -> None:
    """Write lines to a file, or to standard output for ``-``.

    Raises:
        UsageError: a file is there already.
        StateError: it cannot be written.
    """
    if str(path) != "-":
        with private_file(path, force=force) as file:
            file.writelines(exported)
        return
    if sys.stdout.isatty():
        for line in exported:
            click.echo(visible(line.rstrip(b"\n").decode("utf-8", "backslashreplace")))
        return
    stream = sys.stdout.buffer
    try:
        stream.writelines(exported)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StateError(
            _("Standard output cannot be written: {reason}.").format(reason=error.strerror or error),
            _("Free some space, or name a file with --output-file."),
        ) from error
