"""What a run tells the world: counters, and events as they happen.

The engine publishes, and never prints. Screens and logs read the counters a few times a second, or listen.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum


class State(StrEnum):
    """What a run is doing."""

    STARTING = "starting"
    RUNNING = "running"
    RETRYING = "retrying"
    HALTED = "halted"
    DRAINING = "draining"
    STOPPED = "stopped"


@dataclass(slots=True)
class Counts:
    """The balance of a run: ``read = rejected + skipped + duplicates + accepted``.

    And ``accepted + pending_before = delivered + dead_lettered + pending``. `given_back` are events that were
    read and returned to a replayable source; they stand in neither equation. `unknown` are requests whose
    answer was lost.
    """

    read: int = 0
    rejected: int = 0
    skipped: int = 0
    duplicates: int = 0
    accepted: int = 0
    delivered: int = 0
    dead_lettered: int = 0
    given_back: int = 0
    pending_before: int = 0
    requests: int = 0
    retries: int = 0
    bytes_sent: int = 0
    unknown: int = 0

    @property
    def pending(self) -> int:
        """Accepted events without a fate."""
        return self.accepted + self.pending_before - self.delivered - self.dead_lettered

    def as_dict(self) -> dict[str, int]:
        """All counters and `pending`."""
        return {**asdict(self), "pending": self.pending}


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The run went into another state."""

    state: State


@dataclass(frozen=True, slots=True)
class BatchSent:
    """One request and what came of it.

    Args:
        events: events in it.
        bytes: size of its body.
        status: HTTP status, 0 without an answer.
        outcome: what happened, in words.
        elapsed_s: seconds it took.
        verdict: what becomes of the batch.
        retry_in_s: seconds until it is sent again, None when it is not.
        warning: what a 2xx answer says about refused events.
        remedy: what a person can do.
    """

    events: int
    bytes: int
    status: int
    outcome: str
    elapsed_s: float
    verdict: str
    retry_in_s: float | None = None
    warning: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class EventDeadLettered:
    """An event was refused for good."""

    event_id: str
    event_type: str
    reason: str


@dataclass(frozen=True, slots=True)
class ItemRejected:
    """An item of a source could not become an event."""

    source: str
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something about a source or the state that a person may want to know.

    Args:
        text: one sentence.
        warning: it deserves attention.
    """

    text: str
    warning: bool = False


StatusEvent = StateChanged | BatchSent | EventDeadLettered | ItemRejected | Noticed
Listener = Callable[[StatusEvent], None]


@dataclass(slots=True)
class Status:
    """The live picture of one run.

    Args:
        counts: the balance.
        state: what it is doing.
        delivered_by_type: events delivered, by event type.
        answers: requests by status code; 0 stands for no answer.
        latencies_s: seconds of the latest accepted requests.
        in_flight: requests under way.
        bytes_read: bytes read of sources whose size is known.
        bytes_total: size of those sources, 0 when unknown.
    """

    counts: Counts = field(default_factory=Counts)
    state: State = State.STARTING
    delivered_by_type: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    in_flight: int = 0
    bytes_read: int = 0
    bytes_total: int = 0
    _listeners: list[Listener] = field(default_factory=list)

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with every event from now on."""
        self._listeners.append(listener)

    def publish(self, event: StatusEvent) -> None:
        """Tell every listener."""
        for listener in self._listeners:
            listener(event)

    def enter(self, state: State) -> None:
        """Go into `state`; told when it is another one."""
        if state is not self.state:
            self.state = state
            self.publish(StateChanged(state))
