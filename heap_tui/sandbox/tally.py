"""What arrived, counted in bounded memory; snapshots for whoever shows it."""

import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from heap_tui.i18n import _
from heap_tui.sandbox.body import Received

LAST_EVENTS = 10
TYPE_CAP = 500  # catalogue of v10 has about a hundred; anybody can invent more
OTHER_TYPES = "(other)"
_TEXT_CAP = 200  # characters kept of a type or an id; a hostile one may have 900 KB


class Warned(StrEnum):
    """What the protocol does not expect, yet is accepted; the values are stable names for scripts."""

    CONTENT_TYPE = "content_type"
    VERSION_HEADER = "version_header"
    NULLS = "nulls"
    IDS_FULL = "ids_full"
    TYPES_FULL = "types_full"
    RECORD_FAILED = "record_failed"


def warning_text(name: str) -> str:
    """One sentence for people about the warning `name` (a value of `Warned`)."""
    return {
        Warned.CONTENT_TYPE: _("requests whose Content-Type is not application/json"),
        Warned.VERSION_HEADER: _("requests without the header Braze-Currents-Version: 1"),
        Warned.NULLS: _("requests with nulls; an absent value is an absent key"),
        Warned.IDS_FULL: _("requests after the memory for ids was full; duplicates are no longer counted"),
        Warned.TYPES_FULL: _("requests with more event types than are counted singly"),
        Warned.RECORD_FAILED: _("requests answered 503 because the record file could not be written"),
    }[Warned(name)]


@dataclass(frozen=True, slots=True)
class LastEvent:
    """One of the last events; texts are shortened to 200 characters."""

    event_type: str
    id: str
    time: float


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """A snapshot of what arrived so far.

    ``events = unique + duplicates + unchecked`` always; ``requests = sum(by_status) + unanswered``.

    Args:
        events: accepted events, duplicates included.
        unique: distinct ids among them.
        duplicates: events whose id had been accepted before.
        unchecked: events after the memory for ids was full, not looked up.
        requests: every request but GET and HEAD.
        unanswered: requests whose connection was closed without an answer.
        by_status: answers by HTTP status.
        by_type: accepted events by event type, the most frequent first.
        last_events: the last ten accepted events, the newest last.
        bytes: size of all bodies read.
        warnings: requests by `Warned` value.
    """

    events: int
    unique: int
    duplicates: int
    unchecked: int
    requests: int
    unanswered: int
    by_status: dict[int, int]
    by_type: dict[str, int]
    last_events: tuple[LastEvent, ...]
    bytes: int
    warnings: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON values; `by_status` has its keys as text."""
        plain = asdict(self)
        plain["by_status"] = {str(status): count for status, count in self.by_status.items()}
        plain["last_events"] = [asdict(event) for event in self.last_events]
        return plain


class Tally:
    """Counts requests and events; safe to read from another thread.

    Args:
        id_cap: how many ids are remembered (16 bytes each and Python's share); then duplicates are
            no longer looked for.
    """

    def __init__(self, id_cap: int) -> None:
        self._lock = threading.Lock()
        self._id_cap = id_cap
        self._ids: set[bytes] = set()
        self._full = False
        self._events = self._duplicates = self._unchecked = self._bytes = self._unanswered = 0
        self._by_status: Counter[int] = Counter()
        self._by_type: Counter[str] = Counter()
        self._warnings: Counter[str] = Counter()
        self._last: deque[LastEvent] = deque(maxlen=LAST_EVENTS)

    def answered(self, status: int | None, size: int = 0) -> None:
        """Count one request of `size` body bytes by its answer; None is a connection closed without one."""
        with self._lock:
            self._bytes += size
            if status is None:
                self._unanswered += 1
            else:
                self._by_status[status] += 1

    def warn(self, warnings: Iterable[Warned]) -> None:
        """Count one request for each of its warnings."""
        with self._lock:
            self._warnings.update(warning.value for warning in warnings)

    def accept(self, events: Iterable[Received]) -> None:
        """Count the events of one accepted request."""
        with self._lock:
            before = self._unchecked, self._by_type.get(OTHER_TYPES, 0)
            for event in events:
                self._accept(event)
            if self._unchecked > before[0]:
                self._warnings[Warned.IDS_FULL] += 1
            if self._by_type.get(OTHER_TYPES, 0) > before[1]:
                self._warnings[Warned.TYPES_FULL] += 1

    def _accept(self, event: Received) -> None:
        self._events += 1
        self._count_id(event.id)
        name = event.event_type[:_TEXT_CAP]
        known = name in self._by_type or len(self._by_type) < TYPE_CAP
        self._by_type[name if known else OTHER_TYPES] += 1
        self._last.append(LastEvent(name, event.id[:_TEXT_CAP], event.time))

    def _count_id(self, event_id: str) -> None:
        if self._full:
            self._unchecked += 1
            return
        digest = blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._ids:
            self._duplicates += 1
        elif len(self._ids) >= self._id_cap:
            self._full = True
            self._unchecked += 1
        else:
            self._ids.add(digest)

    def report(self) -> SandboxReport:
        """The counts of this moment."""
        with self._lock:
            return SandboxReport(
                events=self._events,
                unique=len(self._ids),
                duplicates=self._duplicates,
                unchecked=self._unchecked,
                requests=sum(self._by_status.values()) + self._unanswered,
                unanswered=self._unanswered,
                by_status=dict(sorted(self._by_status.items())),
                by_type=dict(self._by_type.most_common()),
                last_events=tuple(self._last),
                bytes=self._bytes,
                warnings=dict(self._warnings),
            )
