"""A ledger over a real store, and what is committed of it."""

from pathlib import Path
from typing import Any

from heap_tui.spool import dead
from heap_tui.spool.cursors import FileIdentity, Stream
from heap_tui.spool.items import DeadLetter, Item
from heap_tui.spool.ledger import Ledger
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
