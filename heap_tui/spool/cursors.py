"""How far each file has been delivered, known by the file itself rather than by its name."""

import json
import sqlite3
from dataclasses import dataclass, field
from hashlib import sha256

from heap_tui.spool.ranges import Ranges

HEAD_BYTES = 4096
# The header of an Avro file, the same in many files but for the marker at its end, may be longer than that.
PACKED_HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What makes a file the same file after it was renamed or has grown.

    Args:
        device: device number.
        inode: inode number.
        size: bytes in the file now.
        mtime_ns: time of the last change, nanoseconds.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Stream:
    """One file under way; the origin of its items.

    Args:
        cursor: number of its row, 0 while it has none.
        name: the file's path.
        identity: the file as it was when it was looked at.
        head: the file's first bytes, at most `HEAD_BYTES` (`PACKED_HEAD_BYTES` when not `by_bytes`).
        by_bytes: positions are byte offsets in the file, so that only what was consumed counts as its head.
        ranges: what of it has its fate.
        end: the position after its last item, None until it was read to its end.
    """

    cursor: int
    name: str
    identity: FileIdentity
    head: bytes
    by_bytes: bool
    ranges: Ranges = field(default_factory=Ranges)
    end: int | None = None
    replayable: bool = True

    def finish(self, start: int, end: int) -> None:
        """Mark the positions from `start` to `end` (excluded) as having their fate."""
        self.ranges.add(start, end)

    @property
    def known_head(self) -> bytes:
        """The part of the head by which the file is known again: what was consumed of it."""
        return self.head[: self.ranges.high] if self.by_bytes else self.head

    def is_continued_by(self, later: "Stream", position: int) -> bool:
        """Whether `later`, the same file looked at again, still begins with what was read of this one.

        Args:
            later: the file as it is now.
            position: everything before it was read; some of it may still be under way.
        """
        if not self.by_bytes:
            return later.head.startswith(self.head) and later.identity.size >= self.identity.size
        return later.head.startswith(self.head[:position]) and later.identity.size >= position

    @property
    def complete(self) -> bool:
        """Everything in the file has its fate."""
        return self.end is not None and self.ranges.low >= self.end


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a file had been delivered.

    Args:
        number: of its row.
        head_size: bytes at the file's start that `head_hash` covers.
        head_hash: SHA-256 of them.
        ranges: what had its fate.
        size: bytes in the file when it was last read.
        mtime_ns: time of its last change then, nanoseconds.
        complete: everything in it had its fate.
    """

    number: int
    head_size: int
    head_hash: bytes
    ranges: Ranges
    size: int
    mtime_ns: int
    complete: bool

    def matches(self, head: bytes) -> bool:
        """Whether a file that begins with `head` is the one."""
        return len(head) >= self.head_size and sha256(head[: self.head_size]).digest() == self.head_hash


def candidates(connection: sqlite3.Connection, scope: int, identity: FileIdentity) -> list[Cursor]:
    """The cursors that may belong to that file, newest first; the caller compares the heads."""
    rows = connection.execute(
        "SELECT id, head_size, head_hash, low, above, size, mtime_ns, complete FROM cursors "
        "WHERE scope=? AND device=? AND inode=? ORDER BY id DESC",
        (scope, _signed(identity.device), _signed(identity.inode)),
    )
    return [
        Cursor(
            number=number,
            head_size=head_size,
            head_hash=head_hash,
            ranges=Ranges(low, json.loads(above)),
            size=size,
            mtime_ns=mtime_ns,
            complete=bool(complete),
        )
        for number, head_size, head_hash, low, above, size, mtime_ns, complete in rows
    ]


def _signed(number: int) -> int:
    """SQLite's integers are signed; some file systems number with all 64 bits."""
    return number - (1 << 64) if number >= 1 << 63 else number


def save(transaction: sqlite3.Connection, scope: int, stream: Stream) -> None:
    """Write the cursor of `stream`, inside the caller's transaction."""
    identity = stream.identity
    values = (
        scope,
        _signed(identity.device),
        _signed(identity.inode),
        len(stream.known_head),
        sha256(stream.known_head).digest(),
        # A name that is not UTF-8 holds lone surrogates, which the database would not take.
        stream.name.encode("utf-8", "replace").decode(),
        stream.ranges.low,
        json.dumps(stream.ranges.above),
        identity.size,
        identity.mtime_ns,
        int(stream.complete),
    )
    if stream.cursor:
        transaction.execute(
            "UPDATE cursors SET scope=?, device=?, inode=?, head_size=?, head_hash=?, path=?, low=?, above=?, "
            "size=?, mtime_ns=?, complete=? WHERE id=?",
            (*values, stream.cursor),
        )
    else:
        inserted = transaction.execute(
            "INSERT INTO cursors(scope, device, inode, head_size, head_hash, path, low, above, size, mtime_ns, "
            "complete) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )
        assert inserted.lastrowid is not None
        stream.cursor = inserted.lastrowid


def drop(transaction: sqlite3.Connection, cursor: int) -> None:
    """Forget a cursor: its file was rewritten, or is to be read again."""
    transaction.execute("DELETE FROM cursors WHERE id=?", (cursor,))
