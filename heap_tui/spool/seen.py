"""The index of ids that were seen within the window: which events are duplicates.

An id is kept as 16 bytes. Recent ids live in memory and, for durability, in one row a commit; when many have
gathered they become one sorted run on disk (a log-structured merge tree). A Bloom filter over all runs answers
"never seen" without a look at them. Runs of about a day are merged; a run leaves as a whole when its window is over.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from heap_tui.spool import runs
from heap_tui.spool.filter import Filter
from heap_tui.spool.runs import KEY_BYTES, Merge, Run, keys_in

RUN_SIZE = 131_072  # ids held in memory before they become a run
MERGE_AT = 8  # runs of like size that become one


def key_of(event_id: str) -> bytes:
    """16 bytes that stand for an event's id: a 128-bit BLAKE2b hash."""
    return blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


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
        self._merge: Merge | None = None
        self._runs = [
            Run(*row)
            for row in connection.execute(
                "SELECT run, count, first_at, last_at FROM seen_runs "
                "WHERE scope=? AND last_at>=? AND run>=? AND complete ORDER BY run DESC",
                (scope, now - window_s, first_run),
            )
        ]
        if not first_run:
            rows = connection.execute("SELECT ids FROM seen_recent WHERE scope=? AND at>=?", (scope, now - window_s))
            self._recent.update(key for (ids,) in rows for key in keys_in(ids))

    def __contains__(self, key: bytes) -> bool:
        """Whether the id behind `key` was seen within the window."""
        return bool(self.known((key,)))

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of `keys` whose id was seen within the window."""
        found = self._recent.intersection(keys)
        if self._runs:
            found.update(key for key in self._perhaps(keys) if key not in found and self._is_in_a_run(key))
        return found

    def _perhaps(self, keys: Sequence[bytes]) -> list[bytes]:
        if self._filter is None:
            # Made when it is first needed: a run that finds nothing new never pays for it.
            self._filter = Filter()
            for run in self._runs:
                for ids in runs.ids_of(self._connection, run):
                    self._filter.add(ids)
        return self._filter.perhaps(keys)

    def _is_in_a_run(self, key: bytes) -> bool:
        for n, run in enumerate(self._runs):
            if runs.holds(self._connection, run, key):
                # Events that come again mostly come in the order of the first time: the next one is here, too.
                self._runs.insert(0, self._runs.pop(n))
                return True
        return False

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
        if self._merge is not None:
            self._merge_on(transaction)

    def _write_run(self, transaction: sqlite3.Connection, now: float) -> None:
        """Make the recent ids one sorted run."""
        first_at = transaction.execute("SELECT min(at) FROM seen_recent WHERE scope=?", (self._scope,)).fetchone()[0]
        run = runs.new_run(transaction, self._scope, first_at or now, now, complete=True)
        runs.write(transaction, run, sorted(self._recent))
        transaction.execute("DELETE FROM seen_recent WHERE scope=?", (self._scope,))
        if self._filter is not None or not self._runs:
            self._filter = self._filter or Filter()
            self._filter.add(self._recent)
        self._runs.insert(0, run)
        self._recent.clear()
        if self._merge is None and (alike := self._alike(run, now)):
            self._merge = Merge(transaction, self._scope, alike)

    def _alike(self, newest: Run, now: float) -> list[Run]:
        """Runs that are to be merged: `MERGE_AT` of like size, all of about one day, since a run leaves as a whole."""
        young = [run for run in self._runs if run.first_at >= now - self._window_s / 7]
        size = newest.size
        while size <= sum(run.size for run in young):
            alike = [run for run in young if size / 2 <= run.size < size * MERGE_AT / 2]
            if len(alike) >= MERGE_AT:
                return alike
            size *= MERGE_AT
        return []

    def _merge_on(self, transaction: sqlite3.Connection) -> None:
        assert self._merge is not None
        if self._merge.step(transaction):
            gone = {run.number for run in self._merge.sources}
            self._runs = [self._merge.target, *(run for run in self._runs if run.number not in gone)]
            self._merge = None

    def next_run(self, transaction: sqlite3.Connection, now: float) -> int:
        """Close what is recent into a run; the number of the first run after it (where a replay begins)."""
        if self._recent:
            self._write_run(transaction, now)
        row = transaction.execute("SELECT seq FROM sqlite_sequence WHERE name='seen_runs'").fetchone()
        return int(row[0]) + 1 if row else 1


def forget(transaction: sqlite3.Connection, before: float) -> None:
    """Drop the ids whose last sighting was before `before` (Unix seconds), and merges that were cut off."""
    gone: Iterable[tuple[int]] = transaction.execute(
        "SELECT run FROM seen_runs WHERE last_at<? OR NOT complete", (before,)
    ).fetchall()
    runs.drop(transaction, [number for (number,) in gone])
    transaction.execute("DELETE FROM seen_recent WHERE at<?", (before,))
