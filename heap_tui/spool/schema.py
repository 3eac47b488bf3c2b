"""The tables, their versions, and how an older file becomes a current one."""

import sqlite3
from collections.abc import Sequence

from heap_tui.errors import StateError
from heap_tui.i18n import _

_VERSION_1 = """
CREATE TABLE scopes(
  id INTEGER PRIMARY KEY,
  destination TEXT NOT NULL UNIQUE,
  accepted INTEGER NOT NULL DEFAULT 0,
  max_body_bytes INTEGER,
  retry_at REAL NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE cursors(
  id INTEGER PRIMARY KEY,
  scope INTEGER NOT NULL,
  device INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  head_size INTEGER NOT NULL,
  head_hash BLOB NOT NULL,
  path TEXT NOT NULL,
  low INTEGER NOT NULL,
  above TEXT NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  complete INTEGER NOT NULL
) STRICT;
CREATE INDEX cursors_by_file ON cursors(scope, device, inode);
CREATE TABLE queue(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  events BLOB NOT NULL
) STRICT;
CREATE TABLE dead(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  source TEXT NOT NULL,
  position INTEGER NOT NULL,
  place TEXT NOT NULL,
  reason TEXT NOT NULL,
  status INTEGER NOT NULL,
  answer TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  payload BLOB NOT NULL,
  at REAL NOT NULL,
  digest BLOB NOT NULL UNIQUE
) STRICT;
CREATE TABLE damaged(
  id INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  count INTEGER NOT NULL,
  reason TEXT NOT NULL,
  events BLOB NOT NULL,
  at REAL NOT NULL
) STRICT;
CREATE TABLE seen_recent(
  seq INTEGER PRIMARY KEY,
  scope INTEGER NOT NULL,
  at REAL NOT NULL,
  ids BLOB NOT NULL
) STRICT;
CREATE TABLE seen_runs(
  run INTEGER PRIMARY KEY AUTOINCREMENT,
  scope INTEGER NOT NULL,
  first_at REAL NOT NULL,
  last_at REAL NOT NULL,
  count INTEGER NOT NULL,
  complete INTEGER NOT NULL
) STRICT;
CREATE TABLE seen(
  block INTEGER PRIMARY KEY,
  ids BLOB NOT NULL
) STRICT;
"""

MIGRATIONS: Sequence[str] = (_VERSION_1,)


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the file's tables; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(connection: sqlite3.Connection, known: int = len(MIGRATIONS)) -> None:
    """Raise StateError when the file was written by a newer program."""
    if (found := version_of(connection)) > known:
        raise StateError(
            _("The state was written by a newer heap-tui (version {found}; this one knows {known}).").format(
                found=found, known=known
            ),
            _("Update heap-tui, or choose another place with --state-dir."),
        )


def migrate(connection: sqlite3.Connection, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring the file to the newest version, each step in a transaction of its own.

    Raises:
        StateError: the file is of a newer version.
    """
    refuse_newer(connection, len(migrations))
    for number, script in enumerate(migrations, 1):
        if number > version_of(connection):
            connection.executescript(f"BEGIN;{script};PRAGMA user_version={number};COMMIT;")
