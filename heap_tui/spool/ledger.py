"""The book of one run: what is under way, and the fate of each event, committed in groups.

An event leaves its cursor or its row of the queue in the same transaction that records its fate, and its id
becomes seen there, too. A duplicate of an event under way has its fate when that event has.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import NamedTuple

from heap_tui.spool import cursors, dead, queue, store
from heap_tui.spool.cursors import Stream
from heap_tui.spool.files import state_errors
from heap_tui.spool.items import DeadLetter, Item, Origin
from heap_tui.spool.queue import DamagedRowError, LeasedRow, Stored
from heap_tui.spool.seen import SeenIndex
from heap_tui.spool.store import Learned, Store


class Span(NamedTuple):
    """Positions of an origin that are finished when something else is."""

    origin: Origin
    span: int
    start: int
    end: int


class Ledger:
    """Keeps the book of one run.

    Args:
        state: the open state.
        scope: the destination's number.
        seen: the destination's seen ids.
        clock: the current Unix time in seconds.
    """

    def __init__(self, state: Store, scope: int, seen: SeenIndex, clock: Callable[[], float]) -> None:
        self._store = state
        self._scope = scope
        self.seen = seen
        self._clock = clock
        self.learned: Learned = state.learned(scope)
        self._learned_now = False
        self.under_way: dict[bytes, Item] = {}
        self._waiting: dict[bytes, list[Span]] = {}
        self._touched: dict[int, Origin] = {}
        self._keys: list[bytes] = []
        self._uncommitted: set[bytes] = set()  # keys that have their fate, but are not seen before the commit
        self._letters: list[DeadLetter] = []
        self._stale_cursors: list[int] = []
        self._damage: list[DamagedRowError] = []
        self._writing = asyncio.Lock()
        self.queue_bytes = queue.pending(state.connection)[1]
        self.appends = 0  # grows with whatever is put into the queue

    def accept(self, item: Item) -> None:
        """Note an event of a replayable source as under way."""
        self.under_way[item.key] = item

    def is_first_sight(self, keys: Sequence[bytes]) -> bool:
        """Whether `keys` are all different and none of them is under way."""
        distinct = set(keys)
        return len(distinct) == len(keys) and self.under_way.keys().isdisjoint(distinct)

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of `keys` whose events had their fate, whether that is committed yet or not."""
        return self.seen.known(keys) | self._uncommitted.intersection(keys)

    def accept_all(self, items: Sequence[Item]) -> None:
        """Note events of a replayable source as under way."""
        self.under_way.update((item.key, item) for item in items)

    def wait_for(self, key: bytes, span: Span) -> None:
        """Note a duplicate whose original is under way; it has its fate when the original has."""
        self._waiting.setdefault(key, []).append(span)

    def finish(self, origin: Origin, start: int, end: int) -> None:
        """Note positions that hold nothing to deliver."""
        if start < end:
            origin.finish(start, end)
            self._touched[id(origin)] = origin

    def touch(self, origin: Origin) -> None:
        """Have `origin` written with the next commit."""
        self._touched[id(origin)] = origin

    def settle(self, items: Sequence[Item]) -> None:
        """Note that `items` have their fate; neighbours are noted together."""
        origin, start, end = items[0].origin, items[0].span, items[0].span
        for item in items:
            if item.origin is not origin or item.span != end:
                self.finish(origin, start, end)
                origin, start = item.origin, item.span
            end = item.end
            if item.key:
                self._keys.append(item.key)
                self._uncommitted.add(item.key)
                del self.under_way[item.key]
                if self._waiting and item.key in self._waiting:
                    for span in self._waiting.pop(item.key):
                        self.finish(span.origin, span.span, span.end)
        self.finish(origin, start, end)

    def keep(self, letter: DeadLetter) -> None:
        """Note a dead letter."""
        self._letters.append(letter)

    def forget(self, cursors_of_old_content: Sequence[int]) -> None:
        """Note cursors that belong to nothing any more."""
        self._stale_cursors.extend(cursors_of_old_content)

    def put_aside(self, damage: DamagedRowError) -> None:
        """Note a row of the queue that cannot be read."""
        self._damage.append(damage)

    def learn(
        self, *, accepted: bool | None = None, max_body_bytes: int | None = None, retry_at: float | None = None
    ) -> None:
        """Note what was learned of the destination; what is None stays as it is."""
        before = (self.learned.accepted, self.learned.max_body_bytes, self.learned.retry_at)
        if accepted is not None:
            self.learned.accepted = accepted
        if max_body_bytes is not None:
            self.learned.max_body_bytes = max_body_bytes
        if retry_at is not None:
            self.learned.retry_at = retry_at
        after = (self.learned.accepted, self.learned.max_body_bytes, self.learned.retry_at)
        self._learned_now = self._learned_now or after != before

    async def commit(self) -> None:
        """Write everything noted so far, in one transaction.

        Raises:
            StateError: nothing of it was written.
        """
        async with self._writing:
            if not self._has_news:
                return
            # A rejected item of a source that cannot give it again exists nowhere else.
            durable = any(letter.position < 0 and letter.kind == dead.REJECTED for letter in self._letters)
            new = [o for o in self._touched.values() if isinstance(o, Stream) and not o.cursor]
            try:
                with self._store.transaction(durable=durable) as transaction:
                    self._write(transaction)
            except BaseException:
                for stream in new:
                    stream.cursor = 0  # its row was not written, so the next commit must not look for it
                raise
            self._uncommitted.clear()
            self._touched.clear()
            self._stale_cursors, self._damage = [], []
            self._keys, self._letters, self._learned_now = [], [], False

    @property
    def _has_news(self) -> bool:
        noted = (self._touched, self._keys, self._letters, self._stale_cursors, self._damage)
        return self._learned_now or any(noted)

    def _write(self, transaction: sqlite3.Connection) -> None:
        now = self._clock()
        for number in self._stale_cursors:
            cursors.drop(transaction, number)
        for damage in self._damage:
            queue.put_aside(transaction, damage, now)
            self.queue_bytes -= damage.size
        for origin in self._touched.values():
            if isinstance(origin, Stream):
                cursors.save(transaction, self._scope, origin)
            elif isinstance(origin, LeasedRow):
                self.queue_bytes -= queue.settle(transaction, origin)
        self.seen.add(transaction, self._keys, now)
        dead.keep(transaction, self._letters)
        if self._learned_now:
            store.learn(transaction, self._scope, self.learned)

    async def append(self, events: Sequence[Stored], keys: list[bytes], letters: Sequence[DeadLetter]) -> None:
        """Put events of a source that cannot give them again into the queue; they are on the disk on return.

        Raises:
            StateError: nothing of it was written.
        """
        async with self._writing:
            now = self._clock()
            transaction = self._store.begin(durable=True)
            try:
                with state_errors(self._store.directory):
                    added = queue.append(transaction, events, now)
                    self.seen.add(transaction, keys, now)
                    dead.keep(transaction, letters)
            except BaseException:
                self._store.rollback()
                raise
            # The flush takes milliseconds; requests go on meanwhile. It is waited for even when the task is
            # cancelled, because nobody else may use the connection before it has ended; what it wrote is then
            # accepted, and the caller's next wait is cancelled.
            flush = asyncio.ensure_future(asyncio.to_thread(self._store.commit))
            try:
                await asyncio.shield(flush)
            except asyncio.CancelledError:
                await flush
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            self.queue_bytes += added
            self.appends += 1

    def give_back(self) -> tuple[int, int]:
        """Return what is under way to its sources; returns how many events and how many duplicates of them.

        What was passed over before a returned event is finished, so that it is not counted again.
        """
        returned = list(self.under_way.values())
        duplicates = [span for spans in self._waiting.values() for span in spans]
        for item in returned:
            self.finish(item.origin, item.span, item.start)
        for span in duplicates:
            self.finish(span.origin, span.span, span.start)
        self.under_way.clear()
        self._waiting.clear()
        return len(returned), len(duplicates)
