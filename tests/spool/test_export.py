"""Exporting the queue and the dead letters."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.errors import StateError, UsageError
from heap_tui.spool import dead
from heap_tui.spool.choice import Choice
from heap_tui.spool.export import Exported, dead_lines, pending_lines, private_file
from heap_tui.spool.store import Store, reading
from tests.fakes.letters import event, fill, refused, rejected


def test_the_queue_is_exported_oldest_first_and_stays(tmp_path: Path) -> None:
    ids = tuple(str(n) for n in range(250))
    fill(tmp_path, pending=ids)
    told = Exported()
    with reading(tmp_path) as connection:
        assert connection is not None
        lines = list(pending_lines(connection, told))
        assert list(pending_lines(connection, Exported())) == lines
    assert lines == [event(one) + b"\n" for one in ids]
    assert (told.events, told.size, told.damaged) == (250, sum(map(len, lines)), 0)


def test_damaged_rows_are_passed_over_and_counted(tmp_path: Path) -> None:
    fill(tmp_path, pending=tuple(str(n) for n in range(150)))
    with Store(tmp_path) as store, store.transaction(durable=True) as transaction:
        transaction.execute("UPDATE queue SET crc=crc+1 WHERE seq=1")
    told = Exported()
    with reading(tmp_path) as connection:
        assert connection is not None
        assert len(list(pending_lines(connection, told))) == 50
    assert told.damaged == 100


def test_dead_letters_are_exported_as_they_were_received(tmp_path: Path) -> None:
    fill(tmp_path, refused("a"), rejected(b"\xff\x1b[2J"), rejected(b"", position=1), rejected(b"z", position=2))
    told = Exported()
    with reading(tmp_path) as connection:
        assert connection is not None
        lines = list(dead_lines(connection, Choice(), told))
        assert list(dead_lines(connection, Choice(dead.REFUSED), Exported())) == lines[:1]
    assert lines == [event("a") + b"\n", b"\xff\x1b[2J\n", b"z\n"]
    assert (told.events, told.without_payload) == (3, 1)


@given(st.binary())
def test_each_event_is_one_line_of_the_same_length(payload: bytes) -> None:
    line = Exported().line(payload)
    assert len(line) == len(payload) + 1
    assert line.count(b"\n") == 1
    assert line[:-1].split() == payload.split()


def test_the_file_is_private_and_there_when_the_block_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "out.ndjson"
    with private_file(path, force=False) as file:
        file.write(b"x\n")
        assert not path.exists()
    assert path.read_bytes() == b"x\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "out.ndjson"
    path.write_bytes(b"old")
    path.chmod(0o644)
    with pytest.raises(UsageError, match="is there already"), private_file(path, force=False):
        pass
    assert path.read_bytes() == b"old"
    with private_file(path, force=True) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_made_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.ndjson"
    with pytest.raises(UsageError), private_file(path, force=False):
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), private_file(tmp_path / "out", force=False):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    with private_file(link, force=True) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_a_device_is_written_to_as_it_is() -> None:
    with private_file(Path(os.devnull), force=False) as file:
        file.write(b"x")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_full_device_is_told(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        (tmp_path / "file").write_bytes(b"")
        full = tmp_path / "file" / "below"
    else:
        full = Path("/dev/full")
    with pytest.raises((StateError, UsageError)), private_file(full, force=False) as file:
        file.write(b"x")


@pytest.mark.parametrize("name", ["", "no/such/out"])
def test_a_directory_or_a_place_in_none_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a file"), private_file(tmp_path / name, force=True):
        pass
