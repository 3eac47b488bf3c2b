"""The durable queue for events that their source could not give again.

One row holds the events that were appended together, so that an append costs one row and a batch one read. A row
is deleted when every event in it has its fate, and written again without those that have.
"""

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from heap_tui.spool.items import Item

ROW_EVENTS = 100
ROW_BYTES = 1_000_000

Stored = tuple[str, str, bytes]  # id, event type, JSON
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Stored])


@dataclass(slots=True)
class LeasedRow:
    """A row whose events are under way; the origin of their items.

    Args:
        seq: the row's number.
        events: its events, by their index in the row.
        left: the indices of the events without a fate.
        size: bytes of JSON in the row.
    """

    seq: int
    events: list[Stored]
    size: int
    left: set[int] = field(default_factory=set)
    name: str = "queue"
    replayable: bool = False

    def finish(self, start: int, end: int) -> None:
        """Mark the events from index `start` to `end` (excluded) as having their fate."""
        self.left.difference_update(range(start, end))

    def items(self) -> Iterator[Item]:
        """The row's events as items; their ids are in the index of seen ids since they were appended."""
        for n, (event_id, event_type, raw) in enumerate(self.events):
            yield Item(event_id, event_type, raw, b"", self, n, n, n + 1)


def rows_of(events: Sequence[Stored]) -> Iterator[Sequence[Stored]]:
    """`events` in portions of at most `ROW_EVENTS` events and, but for single large ones, `ROW_BYTES` bytes."""
    begin, size = 0, 0
    for n, event in enumerate(events):
        if n > begin and (n - begin >= ROW_EVENTS or size + len(event[2]) > ROW_BYTES):
            yield events[begin:n]
            begin, size = n, 0
        size += len(event[2])
    if begin < len(events):
        yield events[begin:]


def append(transaction: sqlite3.Connection, events: Sequence[Stored], now: float) -> int:
    """Write `events` at the end of the queue; returns the bytes of JSON added."""
    added = 0
    for row in rows_of(events):
        blob = _packed(row)
        size = sum(len(raw) for _id, _type, raw in row)
        transaction.execute(
            "INSERT INTO queue(at, count, bytes, crc, events) VALUES(?, ?, ?, ?, ?)",
            (now, len(row), size, zlib.crc32(blob), blob),
        )
        added += size
    return added


def _packed(events: Sequence[Stored]) -> bytes:
    try:
        return _encoder.encode(events)
    except UnicodeEncodeError:
        # A lone surrogate, legal as an escape in JSON, has no UTF-8 form; the event itself keeps it.
        return _encoder.encode([(_clean(event_id), _clean(event_type), raw) for event_id, event_type, raw in events])


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def lease(connection: sqlite3.Connection, after: int) -> LeasedRow | None:
    """The first row after number `after`; None when there is none.

    Raises:
        DamagedRowError: the row cannot be read; put it aside and go on after it.
    """
    found = connection.execute(
        "SELECT seq, count, bytes, crc, events FROM queue WHERE seq>? ORDER BY seq LIMIT 1", (after,)
    ).fetchone()
    if found is None:
        return None
    seq, count, size, crc, blob = found
    if zlib.crc32(blob) != crc:
        raise DamagedRowError(seq, count, size, "checksum")
    try:
        events = _decoder.decode(blob)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedRowError(seq, count, size, str(error)) from error
    if len(events) != count:
        raise DamagedRowError(seq, count, size, "count")
    return LeasedRow(seq, events, size, set(range(count)))


class DamagedRowError(Exception):
    """A row of the queue that cannot be read.

    Args:
        seq: the row's number.
        count: events that it should hold.
        size: bytes of JSON that they should have.
        reason: what is wrong with it.
    """

    def __init__(self, seq: int, count: int, size: int, reason: str) -> None:
        super().__init__(seq, count, size, reason)
        self.seq = seq
        self.count = count
        self.size = size
        self.reason = reason


def put_aside(transaction: sqlite3.Connection, damage: DamagedRowError, now: float) -> None:
    """Move a damaged row out of the queue, its bytes kept."""
    transaction.execute(
        "INSERT INTO damaged(seq, count, reason, events, at) SELECT seq, count, ?, events, ? FROM queue WHERE seq=?",
        (damage.reason, now, damage.seq),
    )
    transaction.execute("DELETE FROM queue WHERE seq=?", (damage.seq,))


def settle(transaction: sqlite3.Connection, row: LeasedRow) -> int:
    """Write what is left of `row`, or delete it when nothing is; returns the bytes of JSON that left the queue."""
    if not row.left:
        transaction.execute("DELETE FROM queue WHERE seq=?", (row.seq,))
        return row.size
    left = [row.events[n] for n in sorted(row.left)]
    blob = _encoder.encode(left)
    size = sum(len(raw) for _id, _type, raw in left)
    transaction.execute(
        "UPDATE queue SET count=?, bytes=?, crc=?, events=? WHERE seq=?",
        (len(left), size, zlib.crc32(blob), blob, row.seq),
    )
    gone, row.size = row.size - size, size
    return gone


def pending(connection: sqlite3.Connection) -> tuple[int, int, float | None]:
    """Events in the queue, their bytes, and the Unix time of the oldest (None when there is none)."""
    count, size, oldest = connection.execute("SELECT sum(count), sum(bytes), min(at) FROM queue").fetchone()
    return int(count or 0), int(size or 0), oldest
