"""What is under way between a source and its fate."""

from typing import Protocol

import msgspec


class Origin(Protocol):
    """Where an item came from, and where its fate is recorded: a file's cursor or a row of the queue."""

    name: str
    replayable: bool

    def finish(self, start: int, end: int) -> None:
        """Mark the positions from `start` to `end` (excluded) as having their fate; committed later."""


class Item(msgspec.Struct, gc=False):
    """One accepted event on its way.

    Args:
        id: the event's ``id``.
        type: the event's type.
        raw: the event as it is sent, JSON in the HTTP shape.
        key: 16 bytes that stand for the id in the index of seen ids; empty when it is there already.
        origin: where its fate is recorded.
        span: position from which its origin is finished with it (what was passed over before it included).
        start: its own position.
        end: the position after it.
    """

    id: str
    type: str
    raw: bytes
    key: bytes
    origin: Origin
    span: int
    start: int
    end: int


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that will not be sent again by itself, or an item that could not become one.

    Args:
        kind: ``refused`` by the endpoint, or ``rejected`` as unreadable.
        event_id: the event's id as far as it is known.
        event_type: the event's type as far as it is known.
        source: the file or source it came from.
        position: position in the source, -1 when it has none.
        place: the position in words, such as ``line 7 (byte 5120)``.
        reason: why, in words.
        status: HTTP status of the last answer, 0 without one.
        answer: start of the last answer's body, redacted.
        attempts: requests that carried it.
        payload: the event's or item's bytes; cut off at a limit for unreadable items.
        at: Unix time in seconds.
    """

    kind: str
    event_id: str
    event_type: str
    source: str
    position: int
    place: str
    reason: str
    status: int
    answer: str
    attempts: int
    payload: bytes
    at: float
