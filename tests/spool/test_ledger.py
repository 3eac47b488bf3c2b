"""The book of a run: fates are written together or not at all, and what has none goes back to its source."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heap_tui.errors import StateError
from heap_tui.spool import dead, queue
from heap_tui.spool.cursors import FileIdentity, Stream
from heap_tui.spool.items import DeadLetter, Item
from heap_tui.spool.ledger import Ledger, Span
from heap_tui.spool.queue import DamagedRowError
from heap_tui.spool.seen import key_of
from heap_tui.spool.store import Store

DAY_S = 86_400.0
NOW = 1_800_000_000.0


class Book:
    """A ledger, and what is committed of it."""

    def __init__(self, directory: Path) -> None:
        self.store = Store(directory, lambda: NOW).__enter__()
        self.scope = self.store.scope("endpoint")
        self.ledger = Ledger(self.store, self.scope, self.store.seen(self.scope, DAY_S), lambda: NOW)
        self.stream = stream(1)

    def item(self, n: int, *, span: int | None = None, origin: Stream | None = None) -> Item:
        one = Item(f"e{n}", "t", b"{}", key_of(f"e{n}"), origin or self.stream, n if span is None else span, n, n + 1)
        self.ledger.accept(one)
        return one

    def rows(self, sql: str) -> list[Any]:
        return self.store.reader.execute(sql).fetchall()

    @property
    def cursors(self) -> list[Any]:
        return self.rows("SELECT path, low, above FROM cursors ORDER BY id")

    def is_seen(self, n: int) -> bool:
        return key_of(f"e{n}") in self.store.seen(self.scope, DAY_S)


def stream(inode: int) -> Stream:
    return Stream(0, f"file{inode}", FileIdentity(1, inode, 100, 1), b"head", by_bytes=False)


def letter(position: int = 3, kind: str = dead.REFUSED) -> DeadLetter:
    return DeadLetter(kind, "e3", "t", "file1", position, "here", "because", 400, "no", 2, b"{}", 1.0)


def fill_up(book: Book) -> None:
    """Leave no page for anything further, as on a full disk."""
    pages = book.store.connection.execute("PRAGMA page_count").fetchone()[0]
    book.store.connection.execute(f"PRAGMA max_page_count={pages}")


def make_space(book: Book) -> None:
    book.store.connection.execute("PRAGMA max_page_count=1000000")


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
    before = book.store.connection.total_changes
    await book.ledger.commit()
    assert book.store.connection.total_changes == before


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


async def test_after_an_append_the_events_are_on_the_disk_and_seen(book: Book) -> None:
    events = [(f"e{n}", "t", b"{}") for n in range(250)]
    await book.ledger.append(events, [key_of(name) for name, _type, _raw in events], [letter(-1, dead.REJECTED)])
    assert book.store.connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert book.rows("SELECT sum(count) FROM queue") == [(250,)]
    assert book.is_seen(249)
    assert dead.counts(book.store.reader) == {dead.REJECTED: 1}
    assert book.ledger.queue_bytes == 500


async def test_a_failed_append_writes_nothing(book: Book) -> None:
    fill_up(book)
    with pytest.raises(StateError):
        await book.ledger.append([("e0", "t", b"x" * 100_000)], [key_of("e0")], [])
    assert book.rows("SELECT * FROM queue") == []
    assert not book.is_seen(0)
    make_space(book)
    await book.ledger.append([("e0", "t", b"{}")], [key_of("e0")], [])
    assert book.rows("SELECT count FROM queue") == [(1,)]


async def test_a_commit_waits_until_an_append_has_ended(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    may_flush = threading.Event()
    flush = book.store.commit

    def slow_flush() -> None:
        if threading.current_thread() is not threading.main_thread():
            may_flush.wait(10)
        flush()

    monkeypatch.setattr(book.store, "commit", slow_flush)
    appending = asyncio.create_task(book.ledger.append([("e9", "t", b"{}")], [key_of("e9")], []))
    await asyncio.sleep(0)
    book.ledger.settle([book.item(0)])
    committing = asyncio.create_task(book.ledger.commit())
    await asyncio.sleep(0)
    assert not committing.done()
    may_flush.set()
    await asyncio.gather(appending, committing)
    assert book.cursors == [("file1", 1, "[]")]


async def test_an_append_that_is_cancelled_while_it_flushes_counts_as_done(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, may_flush = asyncio.Event(), threading.Event()
    flush, loop = book.store.commit, asyncio.get_running_loop()
    reached: list[str] = []

    def slow_flush() -> None:
        loop.call_soon_threadsafe(started.set)
        may_flush.wait(10)
        flush()

    async def reader() -> None:
        await book.ledger.append([("e9", "t", b"{}")], [key_of("e9")], [])
        reached.append("counted as accepted")
        await asyncio.sleep(0)
        reached.append("never")

    monkeypatch.setattr(book.store, "commit", slow_flush)
    reading = asyncio.create_task(reader())
    await started.wait()
    reading.cancel()
    await asyncio.sleep(0)
    may_flush.set()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert reached == ["counted as accepted"]
    assert book.rows("SELECT count FROM queue") == [(1,)]


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
