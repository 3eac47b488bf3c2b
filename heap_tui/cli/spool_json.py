"""The state as JSON objects for scripts; all of it, and in ASCII, so that no terminal is steered by it."""

import base64
import json
from typing import TYPE_CHECKING, Any

from heap_tui.cli.spool_place import Place
from heap_tui.cli.spool_view import moment

if TYPE_CHECKING:
    from heap_tui.spool.actions import Purged, Retried
    from heap_tui.spool.choice import Cause, Causes
    from heap_tui.spool.dead import Kept
    from heap_tui.spool.items import DeadLetter
    from heap_tui.spool.store import Status


def as_json(thing: object) -> str:
    """JSON in ASCII: a line that is safe to show wherever it is read."""
    return json.dumps(thing)


def status_object(place: Place, status: "Status", causes: "Causes", now: float) -> dict[str, Any]:
    """The state as one object."""
    oldest = status.oldest_at
    return {
        "profile": place.key,
        "directory": str(place.directory),
        "locked": status.locked,
        "pending": {
            "events": status.pending,
            "bytes": status.pending_bytes,
            "oldest_at": oldest,
            "oldest_age_s": None if oldest is None else round(max(0.0, now - oldest), 1),
        },
        "dead": {
            "refused": status.refused,
            "rejected": status.rejected,
            "causes": [cause_object(cause) for cause in causes.most_first()],
        },
        "damaged": {"rows": status.damaged_rows, "events": status.damaged_events},
        "database_bytes": status.database_bytes,
        "others": place.others,
    }


def cause_object(cause: "Cause") -> dict[str, Any]:
    """One cause; the numbers of its first dead letters are there when they are known."""
    plain = {"kind": cause.kind, "status": cause.status or None, "reason": cause.reason, "count": cause.count}
    return {**plain, "numbers": cause.numbers} if cause.numbers else plain


def letter_object(kept: "Kept", *, payload: bool) -> dict[str, Any]:
    """One dead letter; its payload, personal data, only where it is asked for."""
    letter = kept.letter
    plain: dict[str, Any] = {
        "number": kept.number,
        "kind": letter.kind,
        "at": letter.at,
        "time": moment(letter.at).replace(" ", "T") + "Z",
        "event_type": letter.event_type,
        "event_id": letter.event_id,
        "source": letter.source,
        "position": None if letter.position < 0 else letter.position,
        "place": letter.place,
        "reason": letter.reason,
        "status": letter.status or None,
        "attempts": letter.attempts,
        "answer": letter.answer,
        "payload_bytes": len(letter.payload),
        "payload_cut": is_cut(letter),
    }
    return {**plain, **_payload_object(letter.payload)} if payload else plain


def _payload_object(payload: bytes) -> dict[str, Any]:
    try:
        return {"payload": payload.decode("utf-8")}
    except UnicodeDecodeError:
        return {"payload": None, "payload_base64": base64.b64encode(payload).decode()}


def is_cut(letter: "DeadLetter") -> bool:
    """Whether only the beginning of the item was kept."""
    from heap_tui.spool.dead import MAX_REJECTED_BYTES, REJECTED

    return letter.kind == REJECTED and len(letter.payload) >= MAX_REJECTED_BYTES


def retried_object(place: Place, done: "Retried") -> dict[str, Any]:
    """What came of a retry."""
    return {
        "profile": place.key,
        "queued": done.queued,
        "queued_bytes": done.queued_bytes,
        "stayed": done.stayed.total,
        "causes": [cause_object(cause) for cause in done.stayed.most_first()],
        "next": place.next_run if done.queued else "",
    }


def purged_object(place: Place, found: "Purged") -> dict[str, Any]:
    """What was deleted."""
    return {
        "profile": place.key,
        "dead": found.dead,
        "pending": found.pending,
        "pending_bytes": found.pending_bytes,
        "damaged_rows": found.damaged,
    }
