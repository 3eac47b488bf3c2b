"""Sender, outbox and ledger over a real store, in fake time: all that stands between a source and a destination."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from heap_tui.delivery.answers import Outcome
from heap_tui.delivery.batch import Caps
from heap_tui.delivery.outbox import Outbox
from heap_tui.delivery.sender import Sender, SenderSettings
from heap_tui.spool import dead, queue
from heap_tui.spool.cursors import FileIdentity, Stream
from heap_tui.spool.dead import Kept
from heap_tui.spool.items import Item
from heap_tui.spool.ledger import Ledger
from heap_tui.spool.seen import key_of
from heap_tui.spool.store import Store
from heap_tui.status import BatchSent, Status, StatusEvent
from tests.fakes.clock import FakeClock
from tests.fakes.destination import OK, Rule, ScriptedDestination

EVENT_TYPE = "users.messages.email.Click"
SCOPE = "http://endpoint.example/"


def event_json(event_id: str, size: int = 0) -> bytes:
    """An event as it is sent; padded to at least `size` bytes."""
    event: dict[str, Any] = {"event_type": EVENT_TYPE, "id": event_id, "time": 1_700_000_000, "user": {}}
    raw = json.dumps({**event, "properties": {}}).encode()
    missing = max(0, size - len(raw) - len('"p": ""'))
    return raw if not size else json.dumps({**event, "properties": {"p": "x" * missing}}).encode()


class Delivery:
    """One run's delivery of the events of one file; a restart is another one over the same directory.

    Args:
        directory: of the state.
        clock: fake time.
        destination: scripted.
        settings: see `SenderSettings`, and `batch_size`, `body_bytes`, `max_age_s`.
    """

    def __init__(self, directory: Path, clock: FakeClock, destination: ScriptedDestination, **settings: Any) -> None:
        self.store = Store(directory, clock.time)
        self.clock = clock
        self.destination = destination
        self.status = Status()
        self.sent: list[BatchSent] = []
        self._settings = settings
        self._leased = 0
        self.stream = Stream(0, "events.ndjson", FileIdentity(1, 2, 1 << 30, 3), b"", by_bytes=False)

    def __enter__(self) -> "Delivery":
        self.store.__enter__()
        settings = {"max_in_flight": 16, "rate": None, "drain_timeout_s": 8.0, "chance": lambda: 1.0, **self._settings}
        batch_size, body_bytes = settings.pop("batch_size", 100), settings.pop("body_bytes", 1_000_000)
        max_age_s = settings.pop("max_age_s", 1.0)
        scope = self.store.scope(SCOPE)
        self.ledger = Ledger(self.store, scope, self.store.seen(scope, 7 * 86_400.0), self.clock.time)
        self.caps = Caps(
            batch_size, min(body_bytes, self.ledger.learned.max_body_bytes or body_bytes), self.destination.overhead
        )
        self.outbox = Outbox(self.caps, max_age_s, self._supply, enough=settings["max_in_flight"] + 4)
        self.status.counts.pending_before = queue.pending(self.store.connection)[0]
        self.status.listen(self._note)
        self.sender = Sender(
            self.destination, self.outbox, self.ledger, self.caps, SenderSettings(**settings), self.status, self.clock
        )
        return self

    def __exit__(self, *error: object) -> None:
        self.store.__exit__(None, None, None)

    def _note(self, event: StatusEvent) -> None:
        if isinstance(event, BatchSent):
            self.sent.append(event)

    def _supply(self) -> list[Item] | None:
        row = queue.lease(self.store.reader, self._leased)
        if row is None:
            return None
        self._leased = row.seq
        return list(row.items())

    def put(self, *ids: str, size: int = 0) -> None:
        """Take events of the file."""
        for event_id in ids:
            n = self.status.counts.accepted
            item = Item(event_id, EVENT_TYPE, event_json(event_id, size), key_of(event_id), self.stream, n, n, n + 1)
            self.status.counts.accepted += 1
            self.ledger.accept(item)
            self.outbox.put(item, self.clock.monotonic())
        self.sender.wake()

    async def append(self, ids: Sequence[str]) -> None:
        """Append events to the durable queue, as standard input does."""
        await self.ledger.append([(n, EVENT_TYPE, event_json(n)) for n in ids], [key_of(n) for n in ids], [])
        self.status.counts.accepted += len(ids)
        self.sender.wake()

    def deliver(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        """Send until `meanwhile` (which may put more) has ended and nothing is left, or a halt, or `stop`."""

        async def both() -> None:
            sending = asyncio.create_task(self.sender.run())
            if meanwhile is not None:
                await meanwhile()
            self.outbox.closed = True
            self.sender.wake()
            await sending

        self.clock.run(both())

    def deliver_until(self, seconds: float) -> None:
        """Send, keep waiting for more, and stop after that time."""

        async def limited() -> None:
            asyncio.get_running_loop().call_later(seconds, self.sender.stop)
            await self.sender.run()

        self.clock.run(limited())

    @property
    def dead(self) -> list[Kept]:
        """The dead letters in the store."""
        return list(dead.read(self.store.connection))

    @property
    def dead_ids(self) -> list[str]:
        """The ids of the dead letters in the store, oldest first."""
        return [kept.letter.event_id for kept in self.dead]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Events delivered, dead-lettered and pending."""
        counts = self.status.counts
        return counts.delivered, counts.dead_lettered, counts.pending


def names(number: int, prefix: str = "e") -> list[str]:
    """Ids of `number` events, in order."""
    return [f"{prefix}{n:04}" for n in range(number)]


def delivery(
    directory: Path, script: Iterable[Outcome] = (), rule: Rule = lambda _request: OK, **settings: Any
) -> Delivery:
    """A delivery to a scripted destination (see `ScriptedDestination`), with a clock of its own."""
    clock = FakeClock()
    latency_s = settings.pop("latency_s", 0.05)
    return Delivery(directory, clock, ScriptedDestination(clock, script, rule, latency_s), **settings)
