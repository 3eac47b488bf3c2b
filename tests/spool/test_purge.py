"""Purge."""

from pathlib import Path

import pytest

from heap_tui.spool import dead, queue
from heap_tui.spool.actions import Purge, Purged, purge, weigh
from heap_tui.spool.choice import Choice
from heap_tui.spool.store import Store, reading
from tests.fakes.letters import AT, event, fill, kept, queued, refused, rejected


class FaultError(Exception):
    """Something that nobody expects."""


def delete(directory: Path, wanted: Purge) -> Purged:
    with Store(directory) as store:
        return purge(store, wanted)


def test_purge_deletes_what_is_chosen_and_says_how_much(tmp_path: Path) -> None:
    fill(tmp_path, refused("a"), rejected(b"x"), refused("b"), pending=("p", "q"))
    assert delete(tmp_path, Purge(dead=Choice(numbers=(1,)))) == Purged(dead=1)
    assert list(kept(tmp_path)) == [2, 3]
    assert delete(tmp_path, Purge(dead=Choice(dead.REJECTED))) == Purged(dead=1)
    assert list(kept(tmp_path)) == [3]
    assert delete(tmp_path, Purge(pending=True)) == Purged(pending=2, pending_bytes=2 * len(event("p")))
    assert queued(tmp_path) == []
    assert list(kept(tmp_path)) == [3]
    assert delete(tmp_path, Purge(Choice(), pending=True, damaged=True)) == Purged(dead=1)
    assert delete(tmp_path, Purge(Choice(), pending=True, damaged=True)).nothing


def test_damaged_rows_are_deleted_when_asked_for(tmp_path: Path) -> None:
    fill(tmp_path, pending=("p",))
    with Store(tmp_path) as store, store.transaction(durable=True) as transaction:
        queue.put_aside(transaction, queue.DamagedRowError(1, 1, 0, "checksum"), AT)
    assert delete(tmp_path, Purge(Choice(), pending=True)).nothing
    assert delete(tmp_path, Purge(damaged=True)) == Purged(damaged=1)


def test_weighing_deletes_nothing(tmp_path: Path) -> None:
    fill(tmp_path, refused("a"), pending=("p",))
    with reading(tmp_path) as connection:
        assert connection is not None
        found = weigh(connection, Purge(Choice(), pending=True, damaged=True))
    assert (found.dead, found.pending, found.damaged) == (1, 1, 0)
    assert len(kept(tmp_path)) == len(queued(tmp_path)) == 1


def test_a_purge_that_fails_deletes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: object) -> None:
        raise FaultError

    fill(tmp_path, refused("a"), pending=("p",))
    monkeypatch.setattr(Store, "commit", fail)
    with pytest.raises(FaultError):
        delete(tmp_path, Purge(Choice(), pending=True))
    assert len(kept(tmp_path)) == len(queued(tmp_path)) == 1


def test_what_was_purged_is_not_in_the_files_any_more_and_its_space_is_free(tmp_path: Path) -> None:
    secret = b"jane.doe@example.com"
    many = [refused(str(n), event(str(n), email=secret.decode(), more="x" * 2_000)) for n in range(500)]
    fill(tmp_path, *many, refused("kept"))
    before = (tmp_path / "spool.db").stat().st_size
    delete(tmp_path, Purge(Choice(numbers=tuple(range(1, 501)))))
    assert (tmp_path / "spool.db").stat().st_size < before / 4
    assert not any(secret in path.read_bytes() for path in tmp_path.iterdir())
    assert list(kept(tmp_path)) == [501]


def test_little_that_was_purged_is_gone_from_a_file_that_keeps_its_size(tmp_path: Path) -> None:
    secret = b"jane.doe@example.com"
    rest = [refused(str(n), event(str(n), more="x" * 2_000)) for n in range(200)]
    fill(tmp_path, refused("a", event("a", email=secret.decode())), *rest)
    delete(tmp_path, Purge(Choice(numbers=(1,))))
    assert not any(secret in path.read_bytes() for path in tmp_path.iterdir())
