"""What the intakes of a run share: they stand between the sources and what is sent, and keep the balance."""

from dataclasses import dataclass

from heap_tui.clock import Clock
from heap_tui.currents.event import Event, Rejected, decode
from heap_tui.delivery.outbox import Outbox
from heap_tui.pipeline.selection import Selection
from heap_tui.sources.base import Broken, Raw
from heap_tui.spool.dead import MAX_REJECTED_BYTES, REJECTED
from heap_tui.spool.items import DeadLetter
from heap_tui.spool.ledger import Ledger
from heap_tui.status import ItemRejected, Status


class Quota:
    """How many events may still be accepted in this run (``--limit``), over all sources."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit

    @property
    def is_used_up(self) -> bool:
        """No further event is accepted."""
        return self._left is not None and self._left <= 0

    @property
    def is_unlimited(self) -> bool:
        """Any number of events is accepted."""
        return self._left is None

    def take(self) -> None:
        """Count one accepted event."""
        if self._left is not None:
            self._left -= 1


@dataclass(slots=True)
class Desk:
    """What every intake of a run shares."""

    selection: Selection
    quota: Quota
    ledger: Ledger
    outbox: Outbox
    status: Status
    clock: Clock

    def event(self, raw: Raw, hint: str, *, nulls: bool) -> Event:
        """The event of one item, decoded if it is not yet.

        Raises:
            Rejected: it is none.
        """
        if isinstance(raw, Event):
            return raw
        if isinstance(raw, Broken):
            raise Rejected(raw.reason)
        return decode(raw, hint, nulls=nulls)

    def letter(self, raw: Raw, reason: str, source: str, position: int, place: str) -> DeadLetter:
        """The dead letter of an item that is no event; it is told and counted."""
        self.status.counts.rejected += 1
        self.status.publish(ItemRejected(source, place, reason))
        payload = raw.raw if isinstance(raw, Event) else raw.payload if isinstance(raw, Broken) else raw
        return DeadLetter(
            kind=REJECTED,
            event_id="",
            event_type="",
            source=source,
            position=position,
            place=place,
            reason=reason,
            status=0,
            answer="",
            attempts=0,
            payload=payload[:MAX_REJECTED_BYTES],
            at=self.clock.time(),
        )
