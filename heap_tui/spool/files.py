"""The state directory of one profile: permissions, the single-writer lock, connections."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from heap_tui.errors import StateError
from heap_tui.i18n import _

DATABASE = "spool.db"
_LOCK = "lock"
_LOOK_S = 0.2  # far longer than `is_locked` holds the lock to see whether it is free


@contextmanager
def state_errors(directory: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say into a `StateError` that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", "")
        raise StateError(*_explain(code, str(error), directory)) from error
    except OSError as error:
        raise StateError(
            _("The state in {directory} cannot be used: {reason}.").format(
                directory=directory, reason=error.strerror or error
            ),
            _("Check space and permissions, or choose another place with --state-dir."),
        ) from error


def _explain(code: str, text: str, directory: Path) -> tuple[str, str]:
    if code.startswith("SQLITE_FULL"):
        return (
            _("No space is left for the state in {directory}; everything accepted so far is kept.").format(
                directory=directory
            ),
            _("Free some space, then run again."),
        )
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return (
            _("The state in {directory} is damaged ({text}).").format(directory=directory, text=text),
            _("Move that directory aside and run again; events of the last days may then be sent twice."),
        )
    return (
        _("The state in {directory} cannot be used: {reason}.").format(directory=directory, reason=text),
        _("Check space and permissions, or choose another place with --state-dir."),
    )


def prepare(directory: Path) -> None:
    """Create `directory` and the database file, readable by their owner alone (0700, 0600)."""
    # Whoever may write to a directory above could put another one in its place; `parents` would heed the umask alone.
    for missing in reversed([path for path in (directory, *directory.parents) if not path.exists()]):
        missing.mkdir(exist_ok=True, mode=0o700)
    directory.chmod(0o700)
    # SQLite gives its side files the permissions of the database file.
    os.close(os.open(directory / DATABASE, os.O_CREAT | os.O_RDWR, 0o600))
    (directory / DATABASE).chmod(0o600)


def take_lock(directory: Path, wait_s: float = _LOOK_S) -> FileLock:
    """The single-writer lock; it goes with the process.

    Args:
        directory: the profile's state directory.
        wait_s: seconds to wait for it; by default long enough for another process to look with `is_locked`.

    Raises:
        StateError: another process has it, or its file cannot be written.
    """
    lock = FileLock(directory / _LOCK, mode=0o600, timeout=wait_s, thread_local=False)
    try:
        lock.acquire(poll_interval=_LOOK_S / 10)
    except Timeout:
        raise StateError(
            _("Another run is using the state in {directory}.").format(directory=directory),
            _("Wait until it ends, or use another --profile or --state-dir."),
        ) from None
    except OSError:
        with state_errors(directory):
            raise
    return lock


def is_locked(directory: Path) -> bool:
    """Whether a process holds the lock now."""
    if not (directory / _LOCK).exists():
        return False
    try:
        take_lock(directory, 0).release()
    except StateError:
        return True
    return False


def connect(directory: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the database; transactions are begun and ended by hand."""
    path = directory / DATABASE
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA fullfsync=ON")  # on macOS a plain flush stops at the drive's cache
            # Of the queue's pages most are free again before they would be copied to the database: wait longer.
            connection.execute("PRAGMA wal_autocheckpoint=8000")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
