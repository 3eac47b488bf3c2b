"""The index of ids that were seen within the window: which events are duplicates.

An id is kept as 16 bytes. Recent ids live in memory and, for durability, in one row a commit; when many have
gathered they become one sorted run of a clustered table, which SQLite writes as fast as a log. A Bloom filter over
all of them answers "never seen" without a look into the runs. A run leaves as a whole when its window is over.
"""

import sqlite3
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

KEY_BYTES = 16
RUN_SIZE = 131_072  # ids held in memory before they become a run
MERGE_AT = 8  # runs of like size that become one
_FILTER_BITS = 1 << 27  # 16 MiB: one false look-up in a hundred at 6 million ids, and only slower beyond


def key_of(event_id: str) -> bytes:
    """16 bytes that stand for an event's id: a 128-bit BLAKE2b hash."""
    return blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


class Filter:
    """A Bloom filter with two probes; keys are hashes already, so their own bits serve."""

    def __init__(self, bits: int = _FILTER_BITS) -> None:
        self._mask = bits - 1
        self._table = bytearray(bits // 8)

    def add(self, key: bytes) -> None:
        """Remember `key`."""
        number = int.from_bytes(key[:8], "little")
        first, second = number & self._mask, (number >> 32) & self._mask
        self._table[first >> 3] |= 1 << (first & 7)
        self._table[second >> 3] |= 1 << (second & 7)

    def may_hold(self, key: bytes) -> bool:
        """False when `key` was certainly never added."""
        number = int.from_bytes(key[:8], "little")
        first, second = number & self._mask, (number >> 32) & self._mask
        table = self._table
        return bool(table[first >> 3] >> (first & 7) & 1 and table[second >> 3] >> (second & 7) & 1)


class _Run(NamedTuple):
    number: int
    size: int
    first_at: float


class SeenIndex:
    """The seen ids of one destination.

    Args:
        connection: the writing connection, so that a look-up sees what its open transaction holds.
        scope: the destination's number.
        now: the current Unix time in seconds.
        window_s: ids seen longer ago than this do not count.
        first_run: runs below this number do not count (a replay sends everything once more).
    """

    def __init__(
        self, connection: sqlite3.Connection, scope: int, now: float, window_s: float, first_run: int = 0
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._window_s = window_s
        self._recent: set[bytes] = set()
        self._filter: Filter | None = None
        self._load(now - window_s, first_run)

    def _load(self, since: float, first_run: int) -> None:
        rows = self._connection.execute(
            "SELECT run, count, first_at FROM seen_runs WHERE scope=? AND last_at>=? AND run>=? ORDER BY run DESC",
            (self._scope, since, first_run),
        ).fetchall()
        self._runs = [_Run(*row) for row in rows]
        for run, _size, _first_at in self._runs:
            self._add_to_filter(key for (key,) in self._connection.execute("SELECT id FROM seen WHERE run=?", (run,)))
        if first_run:
            return
        for (ids,) in self._connection.execute(
            "SELECT ids FROM seen_recent WHERE scope=? AND at>=?", (self._scope, since)
        ):
            self._recent.update(ids[n : n + KEY_BYTES] for n in range(0, len(ids), KEY_BYTES))

    def _add_to_filter(self, keys: Iterable[bytes]) -> None:
        if self._filter is None:
            self._filter = Filter()
        for key in keys:
            self._filter.add(key)

    def __contains__(self, key: bytes) -> bool:
        """Whether the id behind `key` was seen within the window."""
        if key in self._recent:
            return True
        if self._filter is None or not self._filter.may_hold(key):
            return False
        return any(
            self._connection.execute("SELECT 1 FROM seen WHERE run=? AND id=?", (run, key)).fetchone()
            for run, _size, _first_at in self._runs
        )

    def add(self, transaction: sqlite3.Connection, keys: list[bytes], now: float) -> None:
        """Record `keys` as seen at `now` (Unix seconds), inside the caller's transaction."""
        if not keys:
            return
        transaction.execute(
            "INSERT INTO seen_recent(scope, at, ids) VALUES(?, ?, ?)", (self._scope, now, b"".join(keys))
        )
        self._recent.update(keys)
        if len(self._recent) >= RUN_SIZE:
            self._write_run(transaction, now)

    def _write_run(self, transaction: sqlite3.Connection, now: float) -> None:
        """Make the recent ids one sorted run."""
        first_at = transaction.execute("SELECT min(at) FROM seen_recent WHERE scope=?", (self._scope,)).fetchone()[0]
        run = _new_run(transaction, self._scope, first_at or now, now, len(self._recent))
        transaction.executemany(
            "INSERT OR IGNORE INTO seen(run, id) VALUES(?, ?)", [(run, key) for key in sorted(self._recent)]
        )
        transaction.execute("DELETE FROM seen_recent WHERE scope=?", (self._scope,))
        self._add_to_filter(self._recent)
        self._runs.insert(0, _Run(run, len(self._recent), first_at or now))
        self._recent.clear()
        self._merge(transaction, now)

    def _merge(self, transaction: sqlite3.Connection, now: float) -> None:
        """Make `MERGE_AT` runs of like size one, so that a look-up visits few of them.

        Only runs of about one day are merged: a run leaves as a whole, and must not keep ids for long after
        their window.
        """
        newest = self._runs[0].size
        young = now - self._window_s / 7
        alike = [run.number for run in self._runs if run.size < 2 * newest and run.first_at >= young]
        if len(alike) < MERGE_AT:
            return
        marks = ",".join("?" * len(alike))
        first_at, last_at, count = transaction.execute(
            f"SELECT min(first_at), max(last_at), sum(count) FROM seen_runs WHERE run IN ({marks})",  # noqa: S608
            alike,
        ).fetchone()
        merged = _new_run(transaction, self._scope, first_at, last_at, count)
        transaction.execute(
            f"INSERT OR IGNORE INTO seen(run, id) SELECT ?, id FROM seen WHERE run IN ({marks}) ORDER BY id",  # noqa: S608
            (merged, *alike),
        )
        for table in ("seen", "seen_runs"):
            transaction.execute(f"DELETE FROM {table} WHERE run IN ({marks})", alike)  # noqa: S608
        self._runs = [_Run(merged, count, first_at), *(run for run in self._runs if run.number not in alike)]

    def next_run(self, transaction: sqlite3.Connection, now: float) -> int:
        """Close what is recent into a run; the number of the first run after it (where a replay begins)."""
        if self._recent:
            self._write_run(transaction, now)
        row = transaction.execute("SELECT seq FROM sqlite_sequence WHERE name='seen_runs'").fetchone()
        return int(row[0]) + 1 if row else 1


def _new_run(transaction: sqlite3.Connection, scope: int, first_at: float, last_at: float, count: int) -> int:
    cursor = transaction.execute(
        "INSERT INTO seen_runs(scope, first_at, last_at, count) VALUES(?, ?, ?, ?)",
        (scope, first_at, last_at, count),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def forget(transaction: sqlite3.Connection, before: float) -> None:
    """Drop the ids whose last sighting was before `before` (Unix seconds), of every destination."""
    transaction.execute("DELETE FROM seen WHERE run IN (SELECT run FROM seen_runs WHERE last_at<?)", (before,))
    transaction.execute("DELETE FROM seen_runs WHERE last_at<?", (before,))
    transaction.execute("DELETE FROM seen_recent WHERE at<?", (before,))
