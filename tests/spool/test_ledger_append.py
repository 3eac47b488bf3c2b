"""What standard input and samples give: on the disk before it counts, and never half of it."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from heap_tui.errors import StateError
from heap_tui.spool import dead
from heap_tui.spool.seen import key_of
from tests.fakes.book import Book, fill_up, letter, make_space


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "state")
    yield made
    made.store.__exit__(None, None, None)


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
