"""How far each file has been delivered, known by the file itself rather than by its name."""

import json
import sqlite3
from dataclasses import dataclass, field

from heap_tui.spool.ranges import Ranges

HEAD_BYTES = 4096


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
        head_size: bytes at its start that `head_hash` covers, at most `HEAD_BYTES`.
        head_hash: SHA-256 of the first `head_size` bytes.
        ranges: what of it has its fate.
        complete: everything in it had its fate, at that size and time.
        dirty: something changed since the last commit.
    """

    cursor: int
    name: str
    identity: FileIdentity
    head_size: int
    head_hash: bytes
    ranges: Ranges = field(default_factory=Ranges)
    complete: bool = False
    dirty: bool = False
    replayable: bool = True

    def finish(self, start: int, end: int) -> None:
        """Mark the positions from `start` to `end` (excluded) as having their fate."""
        self.ranges.add(start, end)
        self.dirty = True


def candidates(connection: sqlite3.Connection, scope: int, identity: FileIdentity) -> list[Stream]:
    """The cursors that may belong to that file; the caller compares the heads."""
    rows = connection.execute(
        "SELECT id, path, head_size, head_hash, low, above, size, mtime_ns, complete FROM cursors "
        "WHERE scope=? AND device=? AND inode=? ORDER BY id DESC",
        (scope, _signed(identity.device), _signed(identity.inode)),
    )
    return [
        Stream(
            cursor=cursor,
            name=path,
            identity=FileIdentity(identity.device, identity.inode, size, mtime_ns),
            head_size=head_size,
            head_hash=head_hash,
            ranges=Ranges(low, json.loads(above)),
            complete=bool(complete),
        )
        for cursor, path, head_size, head_hash, low, above, size, mtime_ns, complete in rows
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
        stream.head_size,
        stream.head_hash,
        stream.name,
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
    stream.dirty = False


def drop(transaction: sqlite3.Connection, cursor: int) -> None:
    """Forget a cursor: its file was rewritten, or is to be read again."""
    transaction.execute("DELETE FROM cursors WHERE id=?", (cursor,))
