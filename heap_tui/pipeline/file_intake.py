"""Takes the items of a file, whose cursor moves when their events have their fate."""

from heap_tui.currents.event import Event, Rejected
from heap_tui.currents.record import type_from_path
from heap_tui.i18n import _
from heap_tui.pipeline.intake import Desk
from heap_tui.pipeline.portion import plain_portion
from heap_tui.sources.base import Broken, Chunk
from heap_tui.sources.discovery import LINE_FORMATS, format_of
from heap_tui.spool.cursors import Stream
from heap_tui.spool.items import Item
from heap_tui.spool.ledger import Span
from heap_tui.spool.ranges import Ranges
from heap_tui.spool.seen import key_of


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
        if self._take_plain(chunk, begin, stop, start):
            return stop
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

    def _take_plain(self, chunk: Chunk, begin: int, stop: int, start: int) -> bool:
        """Take the items at once if nothing about them is out of the ordinary; False leaves all of them."""
        desk = self._desk
        if not desk.quota.is_unlimited or self._resumed is not None:
            return False
        portion = plain_portion(desk.selection, chunk, begin, stop)
        if portion is None or not desk.ledger.is_first_sight(portion.keys):
            return False
        known = desk.ledger.known(portion.keys)
        items = []
        span, counts = self._span, desk.status.counts
        for event_id, event_type, raw, key, end in zip(*portion, chunk.ends[begin:stop], strict=True):
            if raw is None:
                counts.skipped += 1
            elif key in known:
                counts.duplicates += 1
            else:
                items.append(Item(event_id, event_type, raw, key, self._stream, span, start, end))
                span = end
            start = end
        counts.read += stop - begin
        counts.accepted += len(items)
        desk.ledger.accept_all(items)
        desk.outbox.put_all(items, desk.clock.monotonic())
        self._span, self.position = span, start
        return True

    def _accept(self, event: Event, raw: bytes, start: int, end: int) -> None:
        desk = self._desk
        key = key_of(event.id)
        if key in desk.ledger.under_way:
            desk.status.counts.duplicates += 1
            desk.ledger.wait_for(key, Span(self._stream, self._span, start, end))
        elif desk.ledger.known((key,)):
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
