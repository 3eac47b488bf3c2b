"""The durable state of one profile, open for writing: one process, one connection, explicit transactions.

Two kinds of transaction. A durable one is on the disk when it ends: whatever a source cannot give again goes
through it. The others may be lost with a power cut (never with a crash of the program), which repeats events but
loses none; they cost no flush.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock

from heap_tui.spool import dead, files, queue, schema, seen
from heap_tui.spool.files import state_errors

# A power cut repeats at most what was delivered in this time.
_FLUSH_EVERY_S = 1.0


@dataclass(slots=True)
class Learned:
    """What earlier runs learned of a destination.

    Args:
        accepted: it has accepted events before.
        max_body_bytes: the largest body known to fit after a 413, None without one.
        retry_at: Unix time before which it asked not to be called.
    """

    accepted: bool = False
    max_body_bytes: int | None = None
    retry_at: float = 0.0


class Store:
    """The state of one profile; a context manager that holds the single-writer lock.

    Args:
        directory: the profile's state directory, made when it is not there.
        clock: the current Unix time in seconds.

    Raises:
        StateError: the state is locked, damaged, of a newer version, or its disk is full.
    """

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        self.directory = directory
        self._clock = clock
        self._lock: FileLock | None = None
        self._durable: bool | None = None
        self._flushed_at = 0.0
        self.connection: sqlite3.Connection
        self.reader: sqlite3.Connection  # sees only what is committed

    def __enter__(self) -> Self:
        with state_errors(self.directory):
            files.prepare(self.directory)
        self._lock = files.take_lock(self.directory)
        try:
            with state_errors(self.directory):
                self.connection = files.connect(self.directory)
                schema.migrate(self.connection)
                self.reader = files.connect(self.directory)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        for name in ("reader", "connection"):
            if hasattr(self, name):
                getattr(self, name).close()
        if self._lock is not None:
            self._lock.release()

    def begin(self, *, durable: bool) -> sqlite3.Connection:
        """Begin a transaction; end it with `commit` or `rollback`.

        Args:
            durable: on the disk when it ends; otherwise flushed within about a second of work.
        """
        flush = durable or self._clock() - self._flushed_at >= _FLUSH_EVERY_S
        with state_errors(self.directory):
            if flush is not self._durable:
                self.connection.execute(f"PRAGMA synchronous={'FULL' if flush else 'NORMAL'}")
                self._durable = flush
            self.connection.execute("BEGIN IMMEDIATE")
        return self.connection

    def commit(self) -> None:
        """End the transaction; may be called from another thread than `begin`.

        Raises:
            StateError: nothing of it was written.
        """
        with state_errors(self.directory):
            try:
                self.connection.execute("COMMIT")
            except sqlite3.Error:
                self.rollback()
                raise
        if self._durable:
            self._flushed_at = self._clock()

    def rollback(self) -> None:
        """Give the transaction up."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """A transaction around a block; given up when the block fails.

        Raises:
            StateError: the state cannot be written; nothing of the block was.
        """
        connection = self.begin(durable=durable)
        try:
            with state_errors(self.directory):
                yield connection
        except BaseException:
            self.rollback()
            raise
        self.commit()

    @contextmanager
    def database_errors(self) -> Iterator[None]:
        """Turn what SQLite says outside a transaction, while rows are read, into a `StateError`."""
        try:
            yield
        except sqlite3.Error:
            with state_errors(self.directory):
                raise

    def scope(self, destination: str) -> int:
        """The number of a destination (`Endpoint.key`); cursors and seen ids belong to it."""
        with self.transaction(durable=False) as connection:
            connection.execute("INSERT OR IGNORE INTO scopes(destination) VALUES(?)", (destination,))
            row = connection.execute("SELECT id FROM scopes WHERE destination=?", (destination,)).fetchone()
        return int(row[0])

    def learned(self, scope: int) -> Learned:
        """What earlier runs learned of a destination."""
        row = self.connection.execute(
            "SELECT accepted, max_body_bytes, retry_at FROM scopes WHERE id=?", (scope,)
        ).fetchone()
        return Learned(bool(row[0]), row[1], row[2]) if row else Learned()

    def seen(self, scope: int, window_s: float, *, replay: bool = False) -> seen.SeenIndex:
        """The index of seen ids of a destination; what is older than `window_s` seconds is dropped.

        Args:
            scope: the destination.
            window_s: seconds that an id is remembered.
            replay: forget what was seen before now.
        """
        now = self._clock()
        with self.transaction(durable=False) as connection:
            seen.forget(connection, now - window_s)
        index = seen.SeenIndex(self.connection, scope, now, window_s)
        if not replay:
            return index
        with self.transaction(durable=False) as connection:
            first_run = index.next_run(connection, now)
        return seen.SeenIndex(self.connection, scope, now, window_s, first_run)


def learn(transaction: sqlite3.Connection, scope: int, learned: Learned) -> None:
    """Write what was learned of a destination, inside the caller's transaction."""
    transaction.execute(
        "UPDATE scopes SET accepted=?, max_body_bytes=?, retry_at=? WHERE id=?",
        (int(learned.accepted), learned.max_body_bytes, learned.retry_at, scope),
    )


@dataclass(frozen=True, slots=True)
class Status:
    """What is in the state of a profile.

    Args:
        pending: events in the queue.
        pending_bytes: their size.
        oldest_at: Unix time at which the oldest was accepted, None without any.
        refused: dead letters that the endpoint refused.
        rejected: dead letters that could not become events.
        damaged_rows: rows of the queue that were put aside.
        damaged_events: events that they should have held.
        database_bytes: size of the state on disk.
        locked: a run is using it now.
    """

    pending: int
    pending_bytes: int
    oldest_at: float | None
    refused: int
    rejected: int
    damaged_rows: int
    damaged_events: int
    database_bytes: int
    locked: bool


@contextmanager
def reading(directory: Path) -> Iterator[sqlite3.Connection | None]:
    """The state open for reading, beside a run if need be; None when there is no state yet.

    Raises:
        StateError: it is damaged, of a newer version, or cannot be read.
    """
    if not (directory / files.DATABASE).is_file():
        yield None
        return
    with state_errors(directory):
        connection = files.connect(directory, read_only=True)
        try:
            schema.refuse_newer(connection)
            yield connection if schema.version_of(connection) else None
        finally:
            connection.close()


def status(directory: Path) -> Status:
    """Look into the state of a profile without changing it."""
    size = sum(path.stat().st_size for path in directory.glob(f"{files.DATABASE}*") if path.is_file())
    with reading(directory) as connection:
        if connection is None:
            return Status(0, 0, None, 0, 0, 0, 0, size, files.is_locked(directory))
        pending, pending_bytes, oldest = queue.pending(connection)
        letters = dead.counts(connection)
        rows, events = connection.execute("SELECT count(*), coalesce(sum(count), 0) FROM damaged").fetchone()
    return Status(
        pending=pending,
        pending_bytes=pending_bytes,
        oldest_at=oldest,
        refused=letters.get(dead.REFUSED, 0),
        rejected=letters.get(dead.REJECTED, 0),
        damaged_rows=rows,
        damaged_events=events,
        database_bytes=size,
        locked=files.is_locked(directory),
    )


def copy_state(directory: Path, target: Path) -> None:
    """Copy the state in `directory`, if there is any, into the directory `target`; for trying things out.

    Raises:
        StateError: it is damaged, of a newer version, or cannot be read.
    """
    with reading(directory) as connection:
        if connection is None:
            return
        with state_errors(target):
            files.prepare(target)
            copy = sqlite3.connect(target / files.DATABASE)
            connection.backup(copy)
            copy.close()
