"""A destination that answers by a script, and remembers what it was sent."""

import asyncio
import dataclasses
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from heap_tui.clock import Clock
from heap_tui.delivery.answers import Answer, Failure, FailureKind, Outcome
from heap_tui.delivery.webhook import BODY_OVERHEAD, webhook_body

OK: Outcome = Answer(200)
LOST: Outcome = Failure(FailureKind.RESET, "reset", maybe_delivered=True)
REFUSED_CONNECTION: Outcome = Failure(FailureKind.CONNECT, "refused")


@dataclass(slots=True)
class Request:
    """One request as it arrived.

    Args:
        at: seconds of the fake clock.
        ids: of its events, in order.
        size: bytes of its body.
        under_way: requests under way when it arrived, itself included.
        outcome: what it was answered; None while it waits.
        ended_at: when it was answered.
    """

    at: float
    ids: list[str]
    size: int
    under_way: int
    outcome: Outcome | None = None
    ended_at: float = field(default=float("inf"))


Rule = Callable[[Request], Outcome]


class ScriptedDestination:
    """Answers the first requests by `script`, all later ones by `rule`.

    Args:
        clock: time.
        script: outcomes in the order in which requests arrive.
        rule: gives the outcome of a request that the script does not reach.
        latency_s: seconds until an answer.
    """

    def __init__(
        self,
        clock: Clock,
        script: Iterable[Outcome] = (),
        rule: Rule = lambda _request: OK,
        latency_s: float = 0.05,
    ) -> None:
        self._clock = clock
        self._script = list(script)
        self._rule = rule
        self.latency_s = latency_s
        self.requests: list[Request] = []
        self.under_way = 0
        self.arrived: Callable[[Request], None] = lambda _request: None

    @property
    def overhead(self) -> int:
        return BODY_OVERHEAD

    def body(self, events: list[bytes]) -> bytes:
        return webhook_body(events)

    async def send(self, body: bytes) -> Outcome:
        self.under_way += 1
        ids = [event["id"] for event in json.loads(body)["events"]]
        request = Request(self._clock.monotonic(), ids, len(body), self.under_way)
        self.requests.append(request)
        self.arrived(request)
        outcome = self._script.pop(0) if self._script else self._rule(request)
        try:
            await asyncio.sleep(self.latency_s)
        finally:
            self.under_way -= 1
        request.outcome = dataclasses.replace(outcome, elapsed_s=self.latency_s)
        request.ended_at = self._clock.monotonic()
        return request.outcome

    @property
    def delivered(self) -> list[str]:
        """Ids that were answered 2xx, in the order of their requests; one that was sent twice is there twice."""
        return [
            name
            for request in self.requests
            if isinstance(request.outcome, Answer) and 200 <= request.outcome.status < 300
            for name in request.ids
        ]

    @property
    def sizes(self) -> list[int]:
        """Events in each request."""
        return [len(request.ids) for request in self.requests]

    @property
    def starts(self) -> list[float]:
        """When each request arrived."""
        return [request.at for request in self.requests]
