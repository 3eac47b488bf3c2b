"""Whole runs in this process, against a destination that remembers what it was sent."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heap_tui.clock import SystemClock
from heap_tui.config.model import DeliverySettings
from heap_tui.delivery.answers import Answer, Outcome
from heap_tui.delivery.webhook import BODY_OVERHEAD, webhook_body
from heap_tui.pipeline.plan import Plan, Result
from heap_tui.pipeline.run import Run
from heap_tui.pipeline.selection import Selection
from heap_tui.sources.uri import parse_source
from heap_tui.spool import dead
from heap_tui.spool.items import DeadLetter
from heap_tui.spool.store import Store, reading
from heap_tui.status import Counts, Noticed, Status, StatusEvent

CLICK = "users.messages.email.Click"
SENT = "users.messages.email.Send"


def event(name: str, event_type: str = CLICK, **more: Any) -> dict[str, Any]:
    """An HTTP-shaped event whose id is `name`."""
    return {"id": name, "event_type": event_type, "time": 1_700_000_000, "user": {"external_user_id": "u"}, **more}


def line(name: str, event_type: str = CLICK, **more: Any) -> str:
    """The same as a line of JSON."""
    return json.dumps(event(name, event_type, **more)) + "\n"


def lines(*names: str) -> str:
    """Lines of events with those ids."""
    return "".join(map(line, names))


def numbered(count: int, start: int = 0) -> list[str]:
    """So many different ids."""
    return [f"event-{n:05}" for n in range(start, start + count)]


class Recording:
    """A destination that accepts everything, unless `answer` says otherwise.

    Args:
        answer: gives the outcome of a request, by its number (from 0) and the ids in it; may be a coroutine's.
    """

    overhead = BODY_OVERHEAD

    def __init__(self, answer: Callable[[int, list[str]], Any] = lambda _number, _ids: 200) -> None:
        self._answer = answer
        self.arrived: Callable[[int], None] = lambda _requests: None  # told how many there were so far
        self.bodies: list[list[dict[str, Any]]] = []
        self.accepted: list[dict[str, Any]] = []

    def body(self, events: list[bytes]) -> bytes:
        return webhook_body(events)

    async def send(self, body: bytes) -> Outcome:
        events = json.loads(body)["events"]
        number = len(self.bodies)
        self.bodies.append(events)
        self.arrived(len(self.bodies))
        answer = self._answer(number, [one["id"] for one in events])
        if asyncio.iscoroutine(answer):
            answer = await answer
        await asyncio.sleep(0)
        if answer == 200:
            self.accepted += events
        return Answer(answer)

    @property
    def ids(self) -> list[str]:
        """Ids that were accepted; one that was accepted twice is there twice."""
        return [one["id"] for one in self.accepted]


class Noting:
    """Collects what a run publishes."""

    def __init__(self) -> None:
        self.events: list[StatusEvent] = []

    def __call__(self, event: StatusEvent) -> None:
        self.events.append(event)

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noticed)]


@dataclass
class Rig:
    """Runs one after another on one state directory.

    Args:
        directory: where the state is.
        endpoint: names the destination.
        batch_size: events in a request.
        clock: time.
    """

    directory: Path
    endpoint: str = "http://one/"
    batch_size: int = 10
    clock: SystemClock = field(default_factory=SystemClock)
    noting: Noting = field(default_factory=Noting)

    def plan(
        self,
        *sources: str | Path,
        selection: Selection | None = None,
        settings: dict[str, Any] | None = None,
        **more: Any,
    ) -> Plan:
        delivery = {"batch_size": self.batch_size, "max_batch_age_s": 0.02, "max_in_flight": 4} | (settings or {})
        return Plan(
            sources=tuple(parse_source(str(source)) for source in sources),
            destination_key=self.endpoint,
            selection=selection or Selection(),
            delivery=DeliverySettings(**delivery),
            **more,
        )

    async def go(
        self,
        *sources: str | Path,
        to: Recording | None = None,
        stop_at: int | None = None,
        during: Callable[[Run, Status], Any] | None = None,
        **options: Any,
    ) -> "Ran":
        """One run to its end.

        Args:
            sources: source URIs.
            to: the destination.
            stop_at: the request with which it is stopped, from 1.
            during: a coroutine function that acts while the run is under way.
            options: of the `Plan`.
        """
        destination, status = to or Recording(), Status()
        self.noting = Noting()
        status.listen(self.noting)
        with Store(self.directory, self.clock.time) as store:
            run = Run(self.plan(*sources, **options), store, destination, status, self.clock)
            destination.arrived = lambda requests: run.stop() if requests == stop_at else None
            acting = asyncio.create_task(during(run, status)) if during else None
            async with asyncio.timeout(60):
                result = await run.execute()
            if acting is not None:
                acting.cancel()  # the run may have ended before there was anything to do
                with suppress(asyncio.CancelledError):
                    await acting
        balanced(result.counts)
        return Ran(result, destination, self.noting)

    def letters(self) -> list[DeadLetter]:
        """The dead letters."""
        with reading(self.directory) as connection:
            assert connection is not None
            return [kept.letter for kept in dead.read(connection)]


@dataclass(frozen=True)
class Ran:
    """What came of one run."""

    result: Result
    destination: Recording
    noting: Noting

    @property
    def counts(self) -> Counts:
        return self.result.counts

    @property
    def ids(self) -> list[str]:
        """Ids that were accepted, sorted."""
        return sorted(self.destination.ids)

    @property
    def exit_code(self) -> int:
        return int(self.result.exit_code)

    def counted(self) -> dict[str, int]:
        """The counters of reading that are not zero."""
        names = ("read", "rejected", "skipped", "duplicates", "accepted", "delivered", "given_back")
        return {name: getattr(self.counts, name) for name in names if getattr(self.counts, name)}


def balanced(counts: Counts) -> None:
    """Both equations of the contract hold."""
    assert counts.read == counts.rejected + counts.skipped + counts.duplicates + counts.accepted
    assert counts.accepted + counts.pending_before == counts.delivered + counts.dead_lettered + counts.pending
    assert min(counts.as_dict().values()) >= 0


def once(ids: Iterable[str]) -> bool:
    """Whether no id is there twice."""
    return all(count == 1 for count in Counter(ids).values())


async def until(condition: Callable[[], Any], within_s: float = 20.0) -> None:
    """Wait for `condition`, looking often."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)
