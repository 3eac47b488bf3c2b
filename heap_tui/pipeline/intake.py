"""Between a source and the outbox: decode, select, transform, recognise duplicates, and keep the balance."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from heap_tui.clock import Clock
from heap_tui.currents.event import Event, Rejected, decode
from heap_tui.currents.globs import compile_globs
from heap_tui.currents.record import type_from_path
from heap_tui.currents.transform import Transform
from heap_tui.delivery.outbox import Outbox
from heap_tui.i18n import _
from heap_tui.sources.base import Broken, Chunk, Raw
from heap_tui.sources.discovery import LINE_FORMATS, format_of
from heap_tui.spool.cursors import Stream
from heap_tui.spool.dead import MAX_REJECTED_BYTES, REJECTED
from heap_tui.spool.items import DeadLetter, Item
from heap_tui.spool.ledger import Ledger, Span
from heap_tui.spool.queue import Stored
from heap_tui.spool.ranges import Ranges
from heap_tui.spool.seen import key_of
from heap_tui.status import ItemRejected, Status


@dataclass(frozen=True)
class Selection:
    """Which events are wanted, and what is done to them.

    Args:
        include: globs of event types.
        exclude: globs of event types that are never wanted.
        anonymous: also events without an ``external_user_id``.
        transform: what happens to personal data.
    """

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    anonymous: bool = True
    transform: Transform = field(default_factory=Transform)

    @cached_property
    def _matches(self) -> Callable[[str], bool]:
        return compile_globs(self.include, self.exclude)

    @cached_property
    def _known(self) -> dict[str, bool]:
        return {}

    def prepared(self, event: Event) -> bytes | None:
        """The event as it is to be sent, None when it is not wanted.

        Raises:
            Rejected: it is nested too deeply to be searched for personal data.
        """
        if not self._wants(event):
            return None
        try:
            return self.transform.apply(event.raw)
        except RecursionError as error:
            raise Rejected(_("nested too deeply")) from error

    def _wants(self, event: Event) -> bool:
        if not (event.identified or self.anonymous):
            return False
        wanted = self._known.get(event.type)
        if wanted is None:
            wanted = self._known[event.type] = self._matches(event.type)
        return wanted


class Quota:
    """How many events may still be accepted in this run (``--limit``), over all sources."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit

    @property
    def is_used_up(self) -> bool:
        """No further event is accepted."""
        return self._left is not None and self._left <= 0

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


class FileIntake:
    """Takes the items of one file; a position is finished when its event has its fate.

    Args:
        desk: what the run shares.
        stream: the file's positions.
        start: where reading begins.
        follow: the file may still grow, so that an unfinished last line waits.
        growing: it is being written now, so that whatever is unreadable at its end waits.
    """

    def __init__(self, desk: Desk, stream: Stream, start: int, *, follow: bool, growing: bool = False) -> None:
        self._desk = desk
        self._stream = stream
        self._follow = follow
        self._growing = growing
        self._hint = type_from_path(stream.name)
        self._span = start
        self.position = start  # everything before it was taken
        self.is_unfinished = False  # the file's last item could not be taken, and is read again next time
        self.waits = False  # and it is not known yet whether it is broken
        # What was finished above the low-water mark by an earlier run is passed over, uncounted.
        self._resumed = Ranges(stream.ranges.low, stream.ranges.above) if stream.ranges.above else None

    def take(self, chunk: Chunk, begin: int, most: int) -> int:
        """Take at most `most` items of `chunk` from index `begin`; returns the index after the last one."""
        desk, counts = self._desk, self._desk.status.counts
        stop = min(begin + most, len(chunk.items))
        start = chunk.ends[begin - 1] if begin else chunk.start
        for n in range(begin, stop):
            if desk.quota.is_used_up:
                stop = n
                break
            raw, end = chunk.items[n], chunk.ends[n]
            if raw == b"" or (self._resumed is not None and self._resumed.holds(start)):
                start = end
                continue
            try:
                event = desk.event(raw, self._hint, nulls=chunk.nulls)
                sent = desk.selection.prepared(event)
            except Rejected as reason:
                self._reject(chunk, n, start, str(reason))
                if self.is_unfinished:
                    break  # the cursor stays before it
            else:
                counts.read += 1
                if sent is None:
                    counts.skipped += 1
                else:
                    self._accept(event, sent, start, end)
            start = end
        self.position = start
        return stop

    def _accept(self, event: Event, raw: bytes, start: int, end: int) -> None:
        desk = self._desk
        key = key_of(event.id)
        if key in desk.ledger.under_way:
            desk.status.counts.duplicates += 1
            desk.ledger.wait_for(key, Span(self._stream, self._span, start, end))
        elif key in desk.ledger.seen:
            desk.status.counts.duplicates += 1
            return
        else:
            desk.status.counts.accepted += 1
            desk.quota.take()
            item = Item(event.id, event.type, raw, key, self._stream, self._span, start, end)
            desk.ledger.accept(item)
            desk.outbox.put(item, desk.clock.monotonic())
        self._span = end

    def _reject(self, chunk: Chunk, n: int, start: int, reason: str) -> None:
        raw = chunk.items[n]
        end = chunk.ends[n]
        if chunk.partial and n == len(chunk.items) - 1:
            self.is_unfinished, end = True, start
            if self._growing or (self._follow and not isinstance(raw, Broken)):
                self.waits = isinstance(raw, Broken)
                return  # the rest may still come
        desk = self._desk
        desk.status.counts.read += 1
        place = self._place(chunk, n, start)
        desk.ledger.keep(desk.letter(raw, reason, self._stream.name, start, place))
        desk.ledger.finish(self._stream, self._span, end)
        self._span = end

    def _place(self, chunk: Chunk, n: int, start: int) -> str:
        if chunk.line:
            return _("line {line} (byte {offset})").format(line=chunk.line + n, offset=start)
        if self._stream.by_bytes:
            return _("byte {offset}").format(offset=start)
        if format_of(self._stream.name)[0] in LINE_FORMATS:
            return _("byte {offset} of the unpacked content").format(offset=start)
        return _("item {n}").format(n=start + 1)

    def pass_over(self) -> None:
        """Finish what was passed over since the last event."""
        self._desk.ledger.finish(self._stream, self._span, self.position)
        self._span = self.position


class QueueIntake:
    """Takes the items of a source that cannot give them again: they are on the disk before they count as accepted.

    Args:
        desk: what the run shares.
        name: the source, for dead letters.
        numbered: its items have line numbers.
    """

    def __init__(self, desk: Desk, name: str, *, numbered: bool) -> None:
        self._desk = desk
        self._name = name
        self._numbered = numbered

    async def take(self, chunk: Chunk) -> None:
        """Append what `chunk` holds to the durable queue; returns when it is on the disk.

        Raises:
            StateError: the state cannot be written; the chunk's events are not accepted.
        """
        desk = self._desk
        events: list[Stored] = []
        keys: dict[bytes, None] = {}
        letters: list[DeadLetter] = []
        for n, raw in enumerate(chunk.items):
            if desk.quota.is_used_up:
                break
            if raw == b"":
                continue
            desk.status.counts.read += 1
            try:
                event = desk.event(raw, "", nulls=chunk.nulls)
                sent = desk.selection.prepared(event)
            except Rejected as reason:
                place = _("line {line}").format(line=chunk.line + n) if self._numbered else ""
                letters.append(desk.letter(raw, str(reason), self._name, -1, place))
                continue
            if sent is None:
                desk.status.counts.skipped += 1
            elif self._is_new(event, keys):
                events.append((event.id, event.type, sent))
        if events or letters:
            await desk.ledger.append(events, list(keys), letters)
        desk.status.counts.accepted += len(events)

    def _is_new(self, event: Event, keys: dict[bytes, None]) -> bool:
        desk = self._desk
        key = key_of(event.id)
        # An event of a file that is under way may still be given back: it proves nothing for this source.
        if key in keys or key in desk.ledger.seen:
            desk.status.counts.duplicates += 1
            return False
        keys[key] = None
        desk.quota.take()
        return True
