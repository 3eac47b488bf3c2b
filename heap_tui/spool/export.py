"""The raw events of the queue and of the dead letters as lines (NDJSON), and the private file they go to."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from heap_tui.config.files import real_target
from heap_tui.errors import StateError, UsageError
from heap_tui.i18n import _
from heap_tui.spool import queue
from heap_tui.spool.choice import Choice, letters
from heap_tui.spool.queue import DamagedRowError

_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


@dataclass(slots=True)
class Exported:
    """What was exported.

    Args:
        events: lines.
        size: their bytes.
        without_payload: dead letters of which there is nothing to write (a whole unreadable file).
        damaged: queued events in rows that cannot be read.
    """

    events: int = 0
    size: int = 0
    without_payload: int = 0
    damaged: int = 0

    def line(self, payload: bytes) -> bytes:
        """One counted line: `payload` as it is, but for line ends, which JSON has between its tokens only."""
        self.events += 1
        self.size += len(payload) + 1
        return payload.translate(_LINE_ENDS) + b"\n"


def pending_lines(connection: sqlite3.Connection, told: Exported) -> Iterator[bytes]:
    """A line for each queued event, oldest first, a row of the queue in memory at a time."""
    after = 0
    while True:
        try:
            row = queue.lease(connection, after)
        except DamagedRowError as damage:
            told.damaged += damage.count
            after = damage.seq
            continue
        if row is None:
            return
        after = row.seq
        for _id, _type, raw in row.events:
            yield told.line(raw)


def dead_lines(connection: sqlite3.Connection, choice: Choice, told: Exported) -> Iterator[bytes]:
    """A line for each chosen dead letter, oldest first."""
    for kept in letters(connection, choice):
        if kept.letter.payload:
            yield told.line(kept.letter.payload)
        else:
            told.without_payload += 1


@contextmanager
def private_file(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """A new file of mode 0600 that is at `path` when the block has ended well, whole or not at all.

    A pipe or device that is there already is written to as it is.

    Args:
        path: where; a symbolic link stays and its target is replaced.
        force: replace what is there.

    Raises:
        UsageError: a file is there, or it cannot be there.
        StateError: it cannot be written.
    """
    target = real_target(path.expanduser())
    if target.exists() and not target.is_file() and not target.is_dir():
        with _write_errors(path), target.open("wb") as stream:
            yield stream
        return
    _refuse(path, target, force=force)
    with _write_errors(path):
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
        fresh = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(descriptor)
            _refuse(path, target, force=force)  # somebody may have made it meanwhile
            fresh.replace(target)
        finally:
            fresh.unlink(missing_ok=True)


def _refuse(path: Path, target: Path, *, force: bool) -> None:
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(
            _("{path} cannot be a file: it is a directory, or its directory is not there.").format(path=path),
            _("Name a file in a directory that exists."),
        )
    if target.exists() and not force:
        raise UsageError(_("{path} is there already.").format(path=path), _("Name another file, or add --force."))


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateError(
            _("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror or error),
            _("Nothing was exported. Check permissions and free space, or name another file."),
        ) from error
