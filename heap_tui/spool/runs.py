"""Sorted runs of ids on disk, as blocks of many ids a row, and their merging in small steps.

A row's number holds the run and the first four bytes of its first id, so that one step down the primary key finds
the only block that may hold an id. Ids that begin with the same four bytes stand in one block.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

KEY_BYTES = 16
_BLOCK_IDS = 128
_STEP_IDS = 16_384  # ids merged at a time: a few milliseconds


@dataclass(slots=True)
class Run:
    """One sorted run.

    Args:
        number: its number; newer runs have greater ones.
        size: ids in it.
        first_at: Unix time of the first sighting in it.
        last_at: Unix time of the last one.
    """

    number: int
    size: int
    first_at: float
    last_at: float


def prefix(key: bytes) -> int:
    """The first four bytes of a key as a number."""
    return int.from_bytes(key[:4], "big")


def keys_in(ids: bytes) -> list[bytes]:
    """The keys that stand one after another in `ids`."""
    return [ids[n : n + KEY_BYTES] for n in range(0, len(ids), KEY_BYTES)]


def new_run(transaction: sqlite3.Connection, scope: int, first_at: float, last_at: float, *, complete: bool) -> Run:
    """A run without ids; while it is not complete it does not count, and is dropped at the next start."""
    cursor = transaction.execute(
        "INSERT INTO seen_runs(scope, first_at, last_at, count, complete) VALUES(?, ?, ?, 0, ?)",
        (scope, first_at, last_at, int(complete)),
    )
    assert cursor.lastrowid is not None
    return Run(cursor.lastrowid, 0, first_at, last_at)


def write(transaction: sqlite3.Connection, run: Run, keys: Sequence[bytes]) -> None:
    """Append sorted, distinct `keys` to `run`; they come after all that it has."""
    transaction.executemany("INSERT INTO seen(block, ids) VALUES(?, ?)", _blocks(run.number, keys))
    run.size += len(keys)
    transaction.execute("UPDATE seen_runs SET count=? WHERE run=?", (run.size, run.number))


def _blocks(number: int, keys: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    begin = 0
    while begin < len(keys):
        end = min(begin + _BLOCK_IDS, len(keys))
        while end < len(keys) and keys[end][:4] == keys[end - 1][:4]:
            end += 1
        yield number << 32 | prefix(keys[begin]), b"".join(keys[begin:end])
        begin = end


def holds(connection: sqlite3.Connection, run: Run, key: bytes) -> bool:
    """Whether `key` stands in `run`."""
    row = connection.execute(
        "SELECT ids FROM seen WHERE block BETWEEN ? AND ? ORDER BY block DESC LIMIT 1",
        (run.number << 32, run.number << 32 | prefix(key)),
    ).fetchone()
    if row is None:
        return False
    at: int = row[0].find(key)
    while at > 0 and at % KEY_BYTES:  # found across the border of two ids
        at = row[0].find(key, at + 1)
    return at >= 0


def ids_of(connection: sqlite3.Connection, run: Run) -> Iterator[list[bytes]]:
    """The ids of `run`, a block at a time."""
    rows = connection.execute(
        "SELECT ids FROM seen WHERE block BETWEEN ? AND ?", (run.number << 32, run.number << 32 | 0xFFFFFFFF)
    )
    for (ids,) in rows:
        yield keys_in(ids)


def drop(transaction: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """Delete runs and what is in them."""
    for number in numbers:
        transaction.execute("DELETE FROM seen WHERE block BETWEEN ? AND ?", (number << 32, number << 32 | 0xFFFFFFFF))
        transaction.execute("DELETE FROM seen_runs WHERE run=?", (number,))


class Merge:
    """Makes several runs one, a range of keys at a time; nobody waits for more than a step.

    Args:
        transaction: an open transaction.
        scope: the destination's number.
        sources: the runs.
    """

    def __init__(self, transaction: sqlite3.Connection, scope: int, sources: Sequence[Run]) -> None:
        self.sources = list(sources)
        first_at, last_at = min(r.first_at for r in sources), max(r.last_at for r in sources)
        self.target = new_run(transaction, scope, first_at, last_at, complete=False)
        self._ranges = max(1, sum(run.size for run in sources) // _STEP_IDS)
        self._next = 0

    def step(self, transaction: sqlite3.Connection) -> bool:
        """Merge one more range of keys; True when all is merged and the sources are gone."""
        begin = (self._next << 32) // self._ranges
        self._next += 1
        end = (self._next << 32) // self._ranges
        # The parts are sorted already, which the sort makes use of; an id may stand in several of them.
        found = sorted(chain.from_iterable(self._part(transaction, run, begin, end) for run in self.sources))
        write(transaction, self.target, list(dict.fromkeys(found)))
        if self._next < self._ranges:
            return False
        transaction.execute("UPDATE seen_runs SET complete=1 WHERE run=?", (self.target.number,))
        drop(transaction, [run.number for run in self.sources])
        return True

    def _part(self, connection: sqlite3.Connection, run: Run, begin: int, end: int) -> list[bytes]:
        """The keys of `run` whose prefix is at least `begin` and below `end`."""
        base = run.number << 32
        first = connection.execute(
            "SELECT max(block) FROM seen WHERE block BETWEEN ? AND ?", (base, base | begin)
        ).fetchone()[0]
        rows = connection.execute(
            "SELECT ids FROM seen WHERE block BETWEEN ? AND ?",
            (first if first is not None else base, base | (end - 1)),
        )
        keys = keys_in(b"".join(ids for (ids,) in rows))
        last = len(keys) if end >> 32 else bisect_left(keys, end.to_bytes(4, "big"))
        return keys[bisect_left(keys, begin.to_bytes(4, "big")) : last]
