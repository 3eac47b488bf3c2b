"""Batches: events that travel together, within hard caps on count and bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from heap_tui.spool.items import Item


@dataclass(slots=True, eq=False)
class Family:
    """A batch as it was first made and all that it was split into.

    Args:
        size: events in it.
        open: events without an outcome.
        held: events that were refused alone, with the answer, while nothing had been accepted yet.
    """

    size: int
    open: int
    held: list["Refusal"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One event refused by itself.

    Args:
        item: the event.
        status: the answer's status.
        answer: the start of its body, redacted.
        attempts: requests that carried the event.
    """

    item: Item
    status: int
    answer: str
    attempts: int


@dataclass(slots=True, eq=False)
class Batch:
    """Events under way together.

    Args:
        items: the events, at least one.
        family: the batch that it was split from, or itself.
        number: its place in the order; oldest first.
        attempts: requests that carried it.
        failures: failures in a row, for the backoff.
        refused_before: it is part of a batch that was refused, so that a refusal is its own.
        due: monotonic time before which it is not sent again.
        started: monotonic time at which it was sent last.
    """

    items: list[Item]
    family: Family
    number: int
    attempts: int = 0
    failures: int = 0
    refused_before: bool = False
    due: float = 0.0
    started: float = 0.0

    def parts(self, sizes: Sequence[int]) -> list["Batch"]:
        """The batch split into portions of those sizes; what was learned of it stays with each."""
        parts, begin = [], 0
        for size in sizes:
            items = self.items[begin : begin + size]
            parts.append(Batch(items, self.family, self.number, self.attempts, 0, self.refused_before))
            begin += size
        return parts

    def halves(self) -> list["Batch"]:
        """The batch split in two; it holds at least two events."""
        middle = len(self.items) // 2
        return self.parts((middle, len(self.items) - middle))


def new_batch(items: list[Item], number: int) -> Batch:
    """A batch that was never sent."""
    return Batch(items, Family(len(items), len(items)), number)


@dataclass(slots=True)
class Caps:
    """The hard caps of one request.

    Args:
        count: events.
        body_bytes: bytes of the body, `overhead` included; one larger event travels alone.
        overhead: bytes of a body without events.
    """

    count: int
    body_bytes: int
    overhead: int


class BatchBuilder:
    """Gathers events into batches that keep to the caps.

    Args:
        caps: shared with whoever learns smaller ones.
    """

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._items: list[Item] = []
        self._bytes = 0
        self.since: float | None = None

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Item, now: float) -> list[Item] | None:
        """Take one event at monotonic time `now`; returns a full portion when this event does not fit into it."""
        size = len(item.raw) + 1
        full = None
        if self._items and (
            len(self._items) >= self._caps.count or self._bytes + size > self._caps.body_bytes - self._caps.overhead + 1
        ):
            full = self.take()
        if not self._items:
            self.since = now
        self._items.append(item)
        self._bytes += size
        return full

    def add_all(self, items: Sequence[Item], now: float) -> list[list[Item]]:
        """Take events at monotonic time `now`; returns the full portions that they complete."""
        return [portion for item in items if (portion := self.add(item, now))]

    @property
    def is_full(self) -> bool:
        """No further event fits by count."""
        return len(self._items) >= self._caps.count

    def take(self) -> list[Item]:
        """What has gathered; the builder is empty afterwards."""
        items, self._items = self._items, []
        self._bytes, self.since = 0, None
        return items
