"""The book of a run: fates are written together or not at all, and what has none goes back to its source."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from heap_tui.errors import StateError
from heap_tui.spool import dead, queue
from heap_tui.spool.items import DeadLetter
from heap_tui.spool.ledger import Ledger, Span
from heap_tui.spool.queue import DamagedRowError
from tests.fakes.book import Book, fill_up, letter, make_space, stream


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "state")
    yield made
    made.store.__exit__(None, None, None)


async def test_fates_are_on_the_disk_after_the_commit_and_not_before(book: Book) -> None:
    items = [book.item(n) for n in range(5)]
    book.ledger.settle(items[:3])
    book.ledger.keep(letter())
    book.ledger.settle([items[3]])
    assert (book.cursors, book.rows("SELECT * FROM dead"), book.is_seen(0)) == ([], [], False)
    await book.ledger.commit()
    assert book.cursors == [("file1", 4, "[]")]
    assert [kept.letter for kept in dead.read(book.store.reader)] == [letter()]
    assert [book.is_seen(n) for n in range(5)] == [True] * 4 + [False]
    assert list(book.ledger.under_way.values()) == [items[4]]


async def test_fates_out_of_order_are_kept_as_ranges(book: Book) -> None:
    items = [book.item(n) for n in range(10)]
    for n in (7, 2, 3, 9):
        book.ledger.settle([items[n]])
    await book.ledger.commit()
    assert book.cursors == [("file1", 0, "[[2, 4], [7, 8], [9, 10]]")]
    book.ledger.settle(items[:2] + items[4:7])
    await book.ledger.commit()
    assert book.cursors == [("file1", 8, "[[9, 10]]")]


async def test_a_batch_of_several_files_settles_each(book: Book) -> None:
    other = stream(2)
    book.ledger.settle([book.item(0), book.item(1), book.item(5, span=0, origin=other), book.item(2)])
    await book.ledger.commit()
    assert sorted(book.cursors) == [("file1", 3, "[]"), ("file2", 6, "[]")]


async def test_what_was_passed_over_before_an_event_is_finished_with_it(book: Book) -> None:
    first = book.item(4, span=0)
    await book.ledger.commit()
    assert book.cursors == []
    book.ledger.settle([first])
    await book.ledger.commit()
    assert book.cursors == [("file1", 5, "[]")]


async def test_a_duplicate_has_its_fate_when_its_original_has(book: Book) -> None:
    other = stream(2)
    original = book.item(0)
    book.ledger.wait_for(original.key, Span(other, 0, 4, 5))
    book.ledger.touch(other)
    await book.ledger.commit()
    assert book.cursors == [("file2", 0, "[]")]
    book.ledger.settle([original])
    await book.ledger.commit()
    assert sorted(book.cursors) == [("file1", 1, "[]"), ("file2", 5, "[]")]


async def test_what_has_no_fate_is_given_back_without_what_was_passed_over_before_it(book: Book) -> None:
    items = [book.item(0), book.item(3, span=1), book.item(6, span=4)]
    book.ledger.wait_for(items[1].key, Span(book.stream, 7, 9, 10))
    book.ledger.settle([items[0]])
    assert book.ledger.give_back() == (2, 1)
    await book.ledger.commit()
    assert book.cursors == [("file1", 3, "[[4, 6], [7, 9]]")]
    assert book.ledger.under_way == {}
    assert not book.is_seen(3)
    assert book.ledger.give_back() == (0, 0)


async def test_a_commit_without_news_writes_nothing(book: Book) -> None:
    for _attempt in range(2):
        before = book.store.connection.total_changes
        await book.ledger.commit()
        assert book.store.connection.total_changes == before
        book.ledger.settle([book.item(0)])
        await book.ledger.commit()


async def test_a_failed_commit_writes_nothing_and_the_next_one_everything(book: Book) -> None:
    items = [book.item(n) for n in range(3)]
    book.ledger.settle(items[:1])
    await book.ledger.commit()
    other = stream(2)
    book.ledger.settle([items[1], book.item(7, span=0, origin=other)])
    book.ledger.learn(max_body_bytes=5)
    book.ledger.keep(DeadLetter(dead.REFUSED, "e", "t", "f", 1, "", "r", 400, "", 1, b"x" * 100_000, 1.0))
    fill_up(book)
    with pytest.raises(StateError, match="No space is left") as failure:
        await book.ledger.commit()
    assert "Free some space" in failure.value.remedy
    assert book.cursors == [("file1", 1, "[]")]
    assert dead.counts(book.store.reader) == {}
    make_space(book)
    await book.ledger.commit()
    assert book.cursors == [("file1", 2, "[]"), ("file2", 8, "[]")]
    assert dead.counts(book.store.reader) == {dead.REFUSED: 1}
    assert book.store.learned(book.scope).max_body_bytes == 5
    assert book.is_seen(7)


async def test_a_row_of_the_queue_goes_when_all_its_events_have_their_fate(book: Book) -> None:
    await book.ledger.append([(f"e{n}", "t", b"{}") for n in range(4)], [], [])
    row = queue.lease(book.store.reader, 0)
    assert row
    items = list(row.items())
    book.ledger.settle(items[1:3])
    await book.ledger.commit()
    assert book.rows("SELECT count, bytes FROM queue") == [(2, 4)]
    kept = queue.lease(book.store.reader, 0)
    assert kept
    assert [name for name, _type, _raw in kept.events] == ["e0", "e3"]
    book.ledger.settle([items[0], items[3]])
    await book.ledger.commit()
    assert book.rows("SELECT * FROM queue") == []
    assert book.ledger.queue_bytes == 0


async def test_a_damaged_row_is_put_aside_with_its_bytes(book: Book) -> None:
    await book.ledger.append([("e0", "t", b"{}")], [], [])
    with book.store.transaction(durable=True) as transaction:
        transaction.execute("UPDATE queue SET events=x'00ff'")
    with pytest.raises(DamagedRowError) as damage:
        queue.lease(book.store.reader, 0)
    book.ledger.put_aside(damage.value)
    await book.ledger.commit()
    assert book.rows("SELECT * FROM queue") == []
    assert book.rows("SELECT count, reason, events FROM damaged") == [(1, "checksum", b"\x00\xff")]


@pytest.mark.parametrize(("position", "flushed"), [(-1, True), (5, False)])
async def test_only_what_no_source_can_give_again_costs_a_flush(book: Book, position: int, flushed: bool) -> None:
    with book.store.transaction(durable=True):
        pass  # the last flush was just now
    book.ledger.keep(letter(position, dead.REJECTED))
    await book.ledger.commit()
    assert book.store.connection.execute("PRAGMA synchronous").fetchone() == ((2,) if flushed else (1,))


async def test_what_was_learned_stays_with_its_destination(book: Book) -> None:
    book.ledger.learn(accepted=True)
    book.ledger.learn(max_body_bytes=777, retry_at=99.5)
    book.ledger.learn()
    await book.ledger.commit()
    again = Ledger(book.store, book.scope, book.ledger.seen, lambda: 0.0)
    assert (again.learned.accepted, again.learned.max_body_bytes, again.learned.retry_at) == (True, 777, 99.5)
    other = book.store.scope("another endpoint")
    assert not book.store.learned(other).accepted


async def test_a_stale_cursor_is_dropped_with_the_next_commit(book: Book) -> None:
    book.ledger.settle([book.item(0)])
    await book.ledger.commit()
    book.ledger.forget([book.stream.cursor])
    await book.ledger.commit()
    assert book.cursors == []


async def test_a_crash_in_the_middle_of_a_commit_leaves_all_of_it_or_nothing(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.ledger.keep(letter())
    book.ledger.settle([book.item(0)])

    def crash(_transaction: sqlite3.Connection, _letters: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dead, "keep", crash)
    with pytest.raises(KeyboardInterrupt):
        await book.ledger.commit()
    assert (book.cursors, book.rows("SELECT * FROM dead"), book.is_seen(0)) == ([], [], False)
