"""Dead letters and queued events for tests."""

import json
import sqlite3
from pathlib import Path

from heap_tui.spool import dead, queue
from heap_tui.spool.export import Exported, pending_lines
from heap_tui.spool.items import DeadLetter
from heap_tui.spool.store import Store, reading

CLICK = "users.messages.email.Click"
AT = 1_800_000_000.0


def event(event_id: str, event_type: str = CLICK, **properties: object) -> bytes:
    envelope = {"event_type": event_type, "id": event_id, "time": 1_700_000_000, "user": {"external_user_id": "u"}}
    return json.dumps({**envelope, "properties": properties}).encode()


def refused(event_id: str, payload: bytes | None = None, reason: str = "the endpoint answered 400") -> DeadLetter:
    return DeadLetter(
        kind=dead.REFUSED,
        event_id=event_id,
        event_type=CLICK,
        source="in.ndjson",
        position=7,
        place="position 7",
        reason=reason,
        status=400,
        answer='{"error": "unknown field"}',
        attempts=2,
        payload=event(event_id) if payload is None else payload,
        at=AT,
    )


def rejected(
    payload: bytes,
    reason: str = "not an event: a JSON object is expected",
    source: str = "in.ndjson",
    position: int = 0,
) -> DeadLetter:
    return DeadLetter(
        kind=dead.REJECTED,
        event_id="",
        event_type="",
        source=source,
        position=position,
        place=f"byte {position}",
        reason=reason,
        status=0,
        answer="",
        attempts=0,
        payload=payload,
        at=AT,
    )


def fill(directory: Path, *letters: DeadLetter, pending: tuple[str, ...] = ()) -> None:
    """Put dead letters and queued events into the state in `directory`; numbers begin at 1."""
    with Store(directory, lambda: AT) as store, store.transaction(durable=False) as transaction:
        dead.keep(transaction, letters)
        queue.append(transaction, [(one, CLICK, event(one)) for one in pending], AT)


def queued_events(connection: sqlite3.Connection) -> list[bytes]:
    """The queue's events, oldest first."""
    return [line.removesuffix(b"\n") for line in pending_lines(connection, Exported())]


def queued(directory: Path) -> list[bytes]:
    """The queue's events, oldest first."""
    with reading(directory) as connection:
        return queued_events(connection) if connection else []


def kept(directory: Path) -> dict[int, DeadLetter]:
    """The dead letters by number."""
    with reading(directory) as connection:
        return {one.number: one.letter for one in dead.read(connection)} if connection else {}
