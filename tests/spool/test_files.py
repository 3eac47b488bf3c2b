import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from heap_tui.errors import ExitCode, StateError
from heap_tui.spool import files
from heap_tui.spool.files import DATABASE, connect, is_locked, prepare, state_errors, take_lock


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "state #1?" / "a profile%41"
    prepare(made)
    return made


@pytest.fixture
def connection(directory: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(directory)) as made:
        yield made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_state_is_readable_by_its_owner_alone(directory: Path, connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE t(a)")
    lock = take_lock(directory)
    try:
        assert mode(directory) == 0o700
        there = {path.name: mode(path) for path in directory.iterdir()}
    finally:
        lock.release()
    assert set(there) >= {DATABASE, f"{DATABASE}-wal", "lock"}
    assert set(there.values()) == {0o600}


def test_permissions_that_are_too_wide_are_mended(directory: Path) -> None:
    directory.chmod(0o755)
    (directory / DATABASE).chmod(0o644)
    prepare(directory)
    assert (mode(directory), mode(directory / DATABASE)) == (0o700, 0o600)


def test_preparing_again_keeps_what_is_there(directory: Path, connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES(1)")
    prepare(directory)
    with closing(connect(directory)) as again:
        assert again.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_transactions_are_begun_by_hand_and_written_ahead(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES(1)")
    assert not connection.in_transaction
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_connection_may_go_to_another_thread(connection: sqlite3.Connection) -> None:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(connection.execute("SELECT 1").fetchone()))
    thread.start()
    thread.join()
    assert found == [(1,)]


def test_the_state_can_be_read_beside_a_run_and_after_it(directory: Path) -> None:
    with closing(connect(directory)) as writing:
        writing.execute("CREATE TABLE t(a)")
        writing.execute("INSERT INTO t VALUES(1)")
        with closing(connect(directory, read_only=True)) as reading:
            assert reading.execute("SELECT a FROM t").fetchall() == [(1,)]
            with pytest.raises(sqlite3.OperationalError):
                reading.execute("INSERT INTO t VALUES(2)")
    assert not (directory / f"{DATABASE}-wal").exists()
    with closing(connect(directory, read_only=True)) as reading:
        assert reading.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_connecting_makes_no_database(tmp_path: Path) -> None:
    for read_only in (True, False):
        with pytest.raises(sqlite3.OperationalError):
            connect(tmp_path, read_only=read_only)
    assert not list(tmp_path.iterdir())


HOLD = "import sys; from pathlib import Path; from heap_tui.spool.files import take_lock; "
HOLD += "lock = take_lock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"


def test_the_lock_is_one_processs_and_goes_with_it(directory: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        assert is_locked(directory)
        with pytest.raises(StateError) as caught:
            take_lock(directory)
        assert str(directory) in caught.value.message
        assert caught.value.remedy
        other.kill()
    assert not is_locked(directory)
    take_lock(directory).release()


def test_without_a_run_there_is_no_lock(directory: Path, tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "nowhere")
    assert not is_locked(directory)
    lock = take_lock(directory)
    assert is_locked(directory)
    lock.release()
    assert not is_locked(directory)


def test_a_look_at_the_lock_does_not_keep_a_run_from_starting(directory: Path) -> None:
    looking = take_lock(directory)  # as `is_locked` has it for a moment
    release = threading.Timer(0.05, looking.release, kwargs={"force": True})
    release.start()
    try:
        take_lock(directory).release()
    finally:
        release.join()


def test_a_lock_that_cannot_be_written_is_a_state_error(directory: Path) -> None:
    (directory / "lock").mkdir()
    with pytest.raises(StateError) as caught:
        take_lock(directory)
    assert str(directory) in caught.value.message


def test_a_directory_that_cannot_be_made_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError) as caught, state_errors(tmp_path / "file" / "state"):
        prepare(tmp_path / "file" / "state")
    assert "file/state" in caught.value.message
    assert caught.value.exit_code is ExitCode.STATE


def test_a_full_disk_says_so_and_keeps_what_was_accepted(directory: Path, connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE t(a)")
    connection.execute("INSERT INTO t VALUES('kept')")
    connection.execute("PRAGMA max_page_count=4")
    with pytest.raises(StateError) as caught, state_errors(directory):
        connection.execute("INSERT INTO t VALUES(zeroblob(1000000))")
    assert "space" in caught.value.message
    assert str(directory) in caught.value.message
    assert connection.execute("SELECT a FROM t").fetchall() == [("kept",)]


def test_what_is_no_database_is_damaged(directory: Path) -> None:
    (directory / DATABASE).write_bytes(b"no database " * 1000)
    with pytest.raises(StateError) as caught, state_errors(directory):
        connect(directory)
    assert "damaged" in caught.value.message
    assert "aside" in caught.value.remedy


def test_a_damaged_page_is_damage(directory: Path) -> None:
    with closing(connect(directory)) as writing:
        writing.execute("CREATE TABLE t(a)")
        writing.executemany("INSERT INTO t VALUES(?)", [("x" * 500,)] * 100)
    content = bytearray((directory / DATABASE).read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (directory / DATABASE).write_bytes(content)
    with closing(connect(directory)) as reading, pytest.raises(StateError) as caught, state_errors(directory):
        reading.execute("SELECT count(a) FROM t").fetchall()
    assert "damaged" in caught.value.message


@pytest.mark.parametrize(
    "error", [OSError(30, "Read-only file system"), OSError("odd"), sqlite3.OperationalError("odd")]
)
def test_any_other_failure_names_the_directory_and_a_remedy(directory: Path, error: Exception) -> None:
    with pytest.raises(StateError) as caught, state_errors(directory):
        raise error
    assert str(directory) in caught.value.message
    assert "odd" in caught.value.message or "Read-only" in caught.value.message
    assert caught.value.remedy


def test_faults_of_the_program_stay_what_they_are(directory: Path) -> None:
    with pytest.raises(ValueError, match="ours"), state_errors(directory):
        raise ValueError("ours")
    assert files.DATABASE == "spool.db"
