"""What waits to be sent, oldest first: returned batches, the durable queue, then fresh events."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from heap_tui.delivery.batch import Batch, BatchBuilder, Caps, new_batch
from heap_tui.spool.items import Item

Supply = Callable[[], list[Item] | None]


class Outbox:
    """Gathers events into batches and hands them out.

    Args:
        caps: hard caps of one request.
        max_age_s: seconds that an event waits for company.
        supply: gives further events of the durable queue, None when there are no more now.
        enough: full batches of fresh events after which a source waits until `room` is set again.
    """

    def __init__(self, caps: Caps, max_age_s: float, supply: Supply, enough: int) -> None:
        self._max_age_s = max_age_s
        self._enough = enough
        self._supply = supply
        self._direct = BatchBuilder(caps)
        self._queued = BatchBuilder(caps)
        self._ready: deque[list[Item]] = deque()
        self._ready_queued: deque[list[Item]] = deque()
        self._returned: list[Batch] = []
        self._number = 0
        self.room = asyncio.Event()
        self.room.set()
        self.closed = False  # no fresh events will come; what there is may go at once

    def put(self, item: Item, now: float) -> None:
        """Take one fresh event at monotonic time `now`."""
        if full := self._direct.add(item, now):
            self._ready.append(full)
            if len(self._ready) >= self._enough:
                self.room.clear()

    def put_back(self, batch: Batch) -> None:
        """Take a batch back: to be sent again, or as a part of one that was split."""
        self._returned.append(batch)

    def put_all(self, items: Sequence[Item], now: float) -> None:
        """Take fresh events at monotonic time `now`."""
        self._ready.extend(self._direct.add_all(items, now))
        if len(self._ready) >= self._enough:
            self.room.clear()

    @property
    def returned(self) -> int:
        """Batches that were put back and wait."""
        return len(self._returned)

    def next(self, now: float, *, returned_only: bool = False) -> Batch | None:
        """The batch that should be sent now, None when none should.

        Args:
            now: monotonic time.
            returned_only: nothing new (while the endpoint has not accepted anything, one family at a time).
        """
        due = [batch for batch in self._returned if batch.due <= now]
        if due:
            first = min(due, key=lambda batch: batch.number)
            self._returned.remove(first)
            return first
        if returned_only:
            return None
        items = self._fresh(now)
        if not items:
            return None
        self._number += 1
        return new_batch(items, self._number)

    def _fresh(self, now: float) -> list[Item] | None:
        self._refill(now)
        if self._ready_queued:
            return self._ready_queued.popleft()
        if self._ready:
            if len(self._ready) <= self._enough // 2:
                self.room.set()
            return self._ready.popleft()
        for builder in (self._queued, self._direct):
            if len(builder) and (self.closed or builder.is_full or self._age(builder, now) >= self._max_age_s):
                return builder.take()
        return None

    def _refill(self, now: float) -> None:
        """Take from the durable queue until it fills one batch or is empty."""
        while not self._ready_queued and (items := self._supply()):
            for item in items:
                if full := self._queued.add(item, now):
                    self._ready_queued.append(full)

    def _age(self, builder: BatchBuilder, now: float) -> float:
        return now - builder.since if builder.since is not None else 0.0

    def next_moment(self, now: float, *, returned_only: bool = False) -> float | None:
        """Seconds until something may become due by the mere passing of time; None when nothing will.

        Args:
            now: monotonic time.
            returned_only: as for `next`; what it would not hand out must not wake anybody.
        """
        moments = [batch.due - now for batch in self._returned]
        if not returned_only:
            moments += [self._max_age_s - self._age(b, now) for b in (self._queued, self._direct) if len(b)]
        return max(0.0, min(moments)) if moments else None

    def is_empty(self, now: float) -> bool:
        """Nothing waits, neither here nor in the durable queue."""
        if self._is_bare:
            self._refill(now)
        return self._is_bare

    @property
    def _is_bare(self) -> bool:
        return not (self._returned or self._ready or self._ready_queued or len(self._direct) or len(self._queued))
