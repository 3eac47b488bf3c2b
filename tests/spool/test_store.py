"""The state of a profile: one writer, explicit transactions, and plain words when it cannot be used."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from heap_tui.errors import ExitCode, StateError
from heap_tui.spool import dead, files, queue, store
from heap_tui.spool.items import DeadLetter
from heap_tui.spool.schema import MIGRATIONS
from heap_tui.spool.store import Learned, Store

NOW = 1_800_000_000.0


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state", lambda: NOW) as opened:
        yield opened


def appended(state: Store, *events: bytes) -> None:
    with state.transaction(durable=True) as transaction:
        queue.append(transaction, [(f"e{n}", "t", raw) for n, raw in enumerate(events)], NOW)


def test_a_second_writer_is_told_to_wait(state: Store) -> None:
    with pytest.raises(StateError, match="Another run") as refusal, Store(state.directory):
        pass
    assert refusal.value.exit_code is ExitCode.STATE
    assert "--state-dir" in refusal.value.remedy
    with state.transaction(durable=False):
        pass  # the refused one took nothing away


def test_the_lock_goes_with_its_holder(state: Store) -> None:
    assert files.is_locked(state.directory)
    state.__exit__(None, None, None)
    assert not files.is_locked(state.directory)
    with Store(state.directory):
        pass


def test_a_state_that_cannot_be_opened_is_not_left_locked(tmp_path: Path) -> None:
    (tmp_path / files.DATABASE).write_bytes(b"this is no database, and long enough to be looked at" * 99)
    with pytest.raises(StateError), Store(tmp_path):
        pass
    assert not files.is_locked(tmp_path)


def test_a_newer_state_is_refused_and_left_alone(tmp_path: Path) -> None:
    with Store(tmp_path) as opened:
        opened.connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    before = (tmp_path / files.DATABASE).read_bytes()
    for use in (lambda: Store(tmp_path).__enter__(), lambda: store.status(tmp_path)):
        with pytest.raises(StateError, match="newer heap-tui") as refusal:
            use()
        assert "Update heap-tui" in refusal.value.remedy
    assert (tmp_path / files.DATABASE).read_bytes() == before


@pytest.mark.parametrize("content", [b"no database at all" * 400, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_damaged_state_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / files.DATABASE).write_bytes(content)
    with pytest.raises(StateError) as refusal, Store(tmp_path):
        pass
    assert str(tmp_path) in refusal.value.message
    assert "damaged" in refusal.value.message
    assert "aside" in refusal.value.remedy


def test_damage_that_shows_while_rows_are_read_is_a_state_error_too(state: Store) -> None:
    with pytest.raises(StateError, match="cannot be used"), state.database_errors():
        state.reader.execute("SELECT nothing FROM nowhere")


def test_other_faults_pass_through_unchanged(state: Store) -> None:
    with pytest.raises(BrokenPipeError), state.database_errors():
        raise BrokenPipeError


def test_a_place_where_nothing_can_be_made_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StateError, match="cannot be used") as refusal, Store(tmp_path / "file" / "state"):
        pass
    assert "--state-dir" in refusal.value.remedy


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277])
def test_the_state_is_its_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    directory = tmp_path / "new" / "state"
    before = os.umask(umask)
    try:
        with Store(directory) as opened:
            appended(opened, b"{}")
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(directory.parent.stat().st_mode) & 0o077 == 0
    assert set(modes) == {"spool.db", "spool.db-wal", "spool.db-shm", "lock"}
    assert set(modes.values()) == {0o600}


def test_modes_that_were_too_open_are_narrowed(tmp_path: Path) -> None:
    with Store(tmp_path):
        pass
    tmp_path.chmod(0o755)
    (tmp_path / files.DATABASE).chmod(0o644)
    with Store(tmp_path):
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / files.DATABASE).stat().st_mode) == 0o600


def test_a_transaction_is_given_up_when_its_block_fails(state: Store) -> None:
    def block() -> None:
        with state.transaction(durable=True) as transaction:
            queue.append(transaction, [("e", "t", b"{}")], NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert queue.pending(state.reader) == (0, 0, None)
    appended(state, b"{}")
    assert queue.pending(state.reader) == (1, 2, NOW)


def test_a_transaction_whose_end_fails_leaves_nothing_open(state: Store) -> None:
    for statement in (
        "PRAGMA foreign_keys=ON",
        "CREATE TABLE parent(id INTEGER PRIMARY KEY)",
        "CREATE TABLE child(id REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)",
    ):
        state.connection.execute(statement)
    state.begin(durable=True).execute("INSERT INTO child VALUES(7)")
    with pytest.raises(StateError):
        state.commit()
    appended(state, b"{}")
    assert state.reader.execute("SELECT * FROM child").fetchall() == []


def test_a_full_disk_leaves_the_state_as_it_was(state: Store) -> None:
    appended(state, b"{}")
    pages = state.connection.execute("PRAGMA page_count").fetchone()[0]
    state.connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StateError, match="No space is left") as failure:
        appended(state, b"x" * 100_000)
    assert "everything accepted so far is kept" in failure.value.message
    assert queue.pending(state.reader)[0] == 1
    state.connection.execute("PRAGMA max_page_count=1000000")
    appended(state, b"x" * 100_000)
    assert queue.pending(state.reader)[0] == 2


def test_the_reader_sees_only_what_is_committed(state: Store) -> None:
    with state.transaction(durable=False) as transaction:
        queue.append(transaction, [("e", "t", b"{}")], NOW)
        assert queue.pending(state.reader)[0] == 0
    assert queue.pending(state.reader)[0] == 1


def test_work_that_can_be_repeated_is_flushed_once_a_second(tmp_path: Path) -> None:
    now = [NOW]
    with Store(tmp_path, lambda: now[0]) as opened:
        flushes = []
        for _step in range(40):
            with opened.transaction(durable=False) as transaction:
                flushes.append(transaction.execute("PRAGMA synchronous").fetchone() == (2,))
            now[0] += 0.1
        assert flushes[0]
        assert 3 <= sum(flushes) <= 5


def test_a_destination_keeps_its_number_and_what_was_learned_of_it(tmp_path: Path) -> None:
    with Store(tmp_path) as opened:
        one, other = opened.scope("https://a.example/"), opened.scope("https://b.example/")
        assert one != other
        with opened.transaction(durable=False) as transaction:
            store.learn(transaction, one, Learned(accepted=True, max_body_bytes=9, retry_at=5.0))
    with Store(tmp_path) as opened:
        assert opened.scope("https://b.example/") == other
        assert opened.learned(one) == Learned(accepted=True, max_body_bytes=9, retry_at=5.0)
        assert opened.learned(other) == Learned()


def test_ids_are_forgotten_after_their_window_and_by_a_replay(tmp_path: Path) -> None:
    now, key = [NOW], b"k" * 16
    with Store(tmp_path, lambda: now[0]) as opened:
        scope = opened.scope("a")
        index = opened.seen(scope, 100.0)
        with opened.transaction(durable=False) as transaction:
            index.add(transaction, [key], now[0])
        assert key in opened.seen(scope, 100.0)
        assert key not in opened.seen(opened.scope("b"), 100.0)
        assert key not in opened.seen(scope, 100.0, replay=True)
        now[0] += 101
        assert key not in opened.seen(scope, 100.0)


def test_the_status_beside_a_run(state: Store) -> None:
    appended(state, b"{}", b"[1]")
    letter = DeadLetter(dead.REFUSED, "e", "t", "f", 1, "", "r", 400, "", 1, b"", NOW)
    with state.transaction(durable=False) as transaction:
        dead.keep(transaction, [letter])
    seen = store.status(state.directory)
    assert (seen.pending, seen.pending_bytes, seen.oldest_at) == (2, 5, NOW)
    assert (seen.refused, seen.rejected, seen.damaged_rows, seen.damaged_events) == (1, 0, 0, 0)
    assert seen.locked
    assert seen.database_bytes > 0


def test_the_status_where_there_is_no_state(tmp_path: Path) -> None:
    seen = store.status(tmp_path)
    assert (seen.pending, seen.refused, seen.locked, seen.database_bytes) == (0, 0, False, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_holds_everything_and_changes_nothing(state: Store, tmp_path: Path) -> None:
    appended(state, b"{}")
    store.copy_state(state.directory, tmp_path / "copy")
    with Store(tmp_path / "copy") as copy:
        appended(copy, b"{}")
        assert queue.pending(copy.reader)[0] == 2
    assert queue.pending(state.reader)[0] == 1


def test_a_state_without_tables_is_set_up_again(tmp_path: Path) -> None:
    """As a crash leaves it between making the file and its tables."""
    (tmp_path / files.DATABASE).write_bytes(b"")
    with store.reading(tmp_path) as connection:
        assert connection is None
    with Store(tmp_path) as opened:
        appended(opened, b"{}")


def test_a_failed_step_of_a_migration_leaves_the_version_before_it(tmp_path: Path) -> None:
    from heap_tui.spool.schema import migrate, version_of

    with Store(tmp_path) as opened:
        with pytest.raises(sqlite3.Error):
            migrate(opened.connection, [*MIGRATIONS, "CREATE TABLE extra(id); CREATE TABLE queue(id);"])
        opened.rollback()
        assert version_of(opened.connection) == len(MIGRATIONS)
        tables = {name for (name,) in opened.connection.execute("SELECT name FROM sqlite_master")}
        assert "extra" not in tables
