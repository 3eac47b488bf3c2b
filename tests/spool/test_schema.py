import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from heap_tui.errors import StateError
from heap_tui.spool import schema
from heap_tui.spool.schema import MIGRATIONS, migrate, refuse_newer, version_of

SECOND = "ALTER TABLE scopes ADD COLUMN colour TEXT; UPDATE scopes SET colour='red';"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        yield made


def tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'")
    return {name for (name,) in rows}


def test_an_empty_file_becomes_a_current_one(connection: sqlite3.Connection) -> None:
    assert version_of(connection) == 0
    migrate(connection)
    assert version_of(connection) == len(MIGRATIONS)
    assert tables(connection) >= {"scopes", "cursors", "queue", "dead", "damaged", "seen_recent", "seen_runs", "seen"}


def test_a_current_file_stays_as_it_is(connection: sqlite3.Connection) -> None:
    migrate(connection)
    connection.execute("INSERT INTO scopes(destination) VALUES('a')")
    changes = connection.total_changes
    migrate(connection)
    assert connection.total_changes == changes
    assert connection.execute("SELECT count(*) FROM scopes").fetchone() == (1,)


def test_an_older_file_gets_only_the_steps_that_it_lacks(connection: sqlite3.Connection) -> None:
    migrate(connection)
    connection.execute("INSERT INTO scopes(destination) VALUES('a')")
    migrate(connection, [*MIGRATIONS, SECOND])
    assert version_of(connection) == len(MIGRATIONS) + 1
    assert connection.execute("SELECT destination, colour FROM scopes").fetchall() == [("a", "red")]


def test_a_step_that_fails_leaves_the_file_as_it_was(connection: sqlite3.Connection, path: Path) -> None:
    migrate(connection)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, [*MIGRATIONS, f"{SECOND} INSERT INTO nowhere VALUES(1);"])
    connection.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as again:
        assert version_of(again) == len(MIGRATIONS)
        assert "colour" not in [row[1] for row in again.execute("PRAGMA table_info(scopes)")]
        migrate(again, [*MIGRATIONS, SECOND])
        assert version_of(again) == len(MIGRATIONS) + 1


def test_a_newer_file_is_refused_untouched(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA user_version=999")
    for refuse in (refuse_newer, migrate):
        with pytest.raises(StateError) as caught:
            refuse(connection)
        assert "999" in caught.value.message
        assert caught.value.remedy
    assert tables(connection) == set()


def test_a_file_of_the_same_or_an_older_version_is_not_refused(connection: sqlite3.Connection) -> None:
    refuse_newer(connection)
    migrate(connection)
    refuse_newer(connection)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO queue(at, count, bytes, crc, events) VALUES(1, 'x', 1, 1, x'00')",
        "INSERT INTO queue(at, count, bytes, crc, events) VALUES(1, 1, 1, 1, NULL)",
        "INSERT INTO scopes(destination) VALUES(NULL)",
        "INSERT INTO cursors(scope) VALUES(1)",
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(connection: sqlite3.Connection, statement: str) -> None:
    migrate(connection)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)


def test_a_destination_has_one_number(connection: sqlite3.Connection) -> None:
    migrate(connection)
    connection.execute("INSERT INTO scopes(destination) VALUES('a')")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO scopes(destination) VALUES('a')")
    assert schema.MIGRATIONS
