"""Takes the items of a source that cannot give them again, into the durable queue."""

from heap_tui.currents.event import Event, Rejected
from heap_tui.i18n import _
from heap_tui.pipeline.intake import Desk
from heap_tui.pipeline.portion import plain_portion
from heap_tui.sources.base import Chunk
from heap_tui.spool.items import DeadLetter
from heap_tui.spool.queue import Stored
from heap_tui.spool.seen import key_of


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
        letters: list[DeadLetter] = []
        events, keys = self._plain(chunk) or self._sorted(chunk, letters)
        if events or letters:
            await self._desk.ledger.append(events, keys, letters)
        self._desk.status.counts.accepted += len(events)

    def _plain(self, chunk: Chunk) -> tuple[list[Stored], list[bytes]] | None:
        """The new events of a chunk and their keys, if nothing about it is out of the ordinary."""
        desk = self._desk
        portion = plain_portion(desk.selection, chunk, 0, len(chunk.items)) if desk.quota.is_unlimited else None
        if portion is None or len(set(portion.keys)) < len(portion.keys):
            return None
        known = desk.ledger.seen.known(portion.keys)
        rows = [
            (event_id, event_type, raw, key)
            for event_id, event_type, raw, key in zip(*portion, strict=True)
            if raw is not None and key not in known
        ]
        skipped = portion.raws.count(None)
        counts = desk.status.counts
        counts.read += len(portion.keys)
        counts.skipped += skipped
        counts.duplicates += len(portion.keys) - skipped - len(rows)
        return [row[:3] for row in rows], [row[3] for row in rows]

    def _sorted(self, chunk: Chunk, letters: list[DeadLetter]) -> tuple[list[Stored], list[bytes]]:
        """The new events of a chunk and their keys, looked at one by one; what is no event joins `letters`."""
        desk = self._desk
        events: list[Stored] = []
        keys: dict[bytes, None] = {}
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
        return events, list(keys)

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
