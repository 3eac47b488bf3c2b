"""The index of ids that were seen within the window: which events are duplicates.

An id is kept as 16 bytes. Recent ids live in memory and, for durability, in one row a commit; when many have
gathered they become one sorted run on disk (a log-structured merge tree). A Bloom filter over all runs answers
"never seen" without a look at them. Runs of about a day are merged; a run leaves as a whole when its window is over.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from heap_tui.spool import runs
from heap_tui.spool.filter import Filter
from heap_tui.spool.runs import KEY_BYTES, Merge, Run, keys_in

RUN_SIZE = 65_536  # ids held in memory before they become a run
MERGE_AT = 8  # runs of like size that become one


def key_of(event_id: str) -> bytes:
    """16 bytes that stand for an event's id: a 128-bit BLAKE2b hash."""
    return blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def keys_of(event_ids: Sequence[str]) -> list[bytes]:
    """The keys of many ids at once.

    Raises:
        UnicodeEncodeError: an id holds a lone surrogate; `key_of` takes it.
    """
    return [blake2b(event_id.encode(), digest_size=KEY_BYTES).digest() for event_id in event_ids]


class _Fresh(NamedTuple):
    """Ids of a transaction that may still be open or was rolled back.

    Args:
        keys: the ids.
        query: finds what the transaction wrote.
        values: of the query.
        in_run: they stand in a run already.
    """

    keys: set[bytes]
    query: str
    values: tuple[object, ...]
    in_run: bool = False


class SeenIndex:
    """The seen ids of one destination.

    What a transaction records is seen when that has been committed, not before: an event must not pass for a
    duplicate of one that may yet be lost. After a rollback everything is taken from the database again.

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
        self._since = now - window_s
        self._first_run = first_run
        self._load()

    def _load(self) -> None:
        """Take everything from the database, as it is after the last committed transaction."""
        self._filter: Filter | None = None
        self._merge: Merge | None = None
        self._fresh: _Fresh | None = None
        rows = self._connection.execute(
            "SELECT run, count, first_at, last_at FROM seen_runs "
            "WHERE scope=? AND last_at>=? AND run>=? AND complete ORDER BY run DESC",
            (self._scope, self._since, self._first_run),
        )
        self._runs = [Run(*row) for row in rows]
        # None of these is older than a replay: it began by closing what was recent into a run.
        recent = self._connection.execute(
            "SELECT ids FROM seen_recent WHERE scope=? AND at>=?", (self._scope, self._since)
        )
        self._recent = {key for (ids,) in recent for key in keys_in(ids)}

    def __contains__(self, key: bytes) -> bool:
        """Whether the id behind `key` was seen within the window."""
        return bool(self.known((key,)))

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of `keys` whose id was seen within the window."""
        if self._fresh is not None and not self._connection.in_transaction:
            self._settle()
        found = self._recent.intersection(keys)
        if self._runs:
            in_runs = {key for key in self._perhaps(keys) if key not in found and self._is_in_a_run(key)}
            found |= in_runs if self._fresh is None else in_runs - self._fresh.keys
        return found

    def _settle(self) -> None:
        """Find out what became of the last transaction: what it recorded was seen only if it was committed."""
        fresh, self._fresh = self._fresh, None
        assert fresh is not None
        if self._connection.execute(fresh.query, fresh.values).fetchone() is None:
            self._load()
        elif not fresh.in_run:
            self._recent |= fresh.keys

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
        if self._fresh is not None:
            self._settle()
        ids = b"".join(keys)
        row = transaction.execute("INSERT INTO seen_recent(scope, at, ids) VALUES(?, ?, ?)", (self._scope, now, ids))
        fresh = set(keys)
        self._fresh = _Fresh(fresh, "SELECT 1 FROM seen_recent WHERE seq=? AND ids=?", (row.lastrowid, ids))
        if len(self._recent) + len(fresh) >= RUN_SIZE:
            self._write_run(transaction, now, self._recent | fresh)
        if self._merge is not None:
            self._merge_on(transaction)

    def _write_run(self, transaction: sqlite3.Connection, now: float, keys: set[bytes]) -> None:
        """Make the recent ids and those just recorded one sorted run."""
        first_at = transaction.execute("SELECT min(at) FROM seen_recent WHERE scope=?", (self._scope,)).fetchone()[0]
        run = runs.new_run(transaction, self._scope, first_at or now, now, complete=True)
        runs.write(transaction, run, sorted(keys))
        transaction.execute("DELETE FROM seen_recent WHERE scope=?", (self._scope,))
        if self._filter is not None or not self._runs:
            self._filter = self._filter or Filter()
            self._filter.add(keys)
        self._runs.insert(0, run)
        # Merged away within this transaction, it looks as if rolled back: then all is loaded again, which is right.
        query = "SELECT 1 FROM seen_runs WHERE run=? AND count=? AND last_at=?"
        self._fresh = _Fresh(keys - self._recent, query, (run.number, run.size, now), in_run=True)
        self._recent = set()
        if self._merge is None:
            self._drop_expired(transaction, now - self._window_s)
        if self._merge is None and (alike := self._alike(run, now)):
            self._merge = Merge(transaction, self._scope, alike)

    def _drop_expired(self, transaction: sqlite3.Connection, before: float) -> None:
        """Drop runs whose window is over: a run that follows for weeks must not keep them."""
        expired = [run.number for run in self._runs if run.last_at < before]
        if expired:
            runs.drop(transaction, expired)
            self._runs = [run for run in self._runs if run.number not in expired]
            self._filter = None

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
        if self._fresh is not None:
            self._settle()
        if self._recent:
            self._write_run(transaction, now, self._recent)
        row = transaction.execute("SELECT seq FROM sqlite_sequence WHERE name='seen_runs'").fetchone()
        return int(row[0]) + 1 if row else 1


def forget(transaction: sqlite3.Connection, before: float) -> None:
    """Drop the ids whose last sighting was before `before` (Unix seconds), and merges that were cut off."""
    gone: Iterable[tuple[int]] = transaction.execute(
        "SELECT run FROM seen_runs WHERE last_at<? OR NOT complete", (before,)
    ).fetchall()
    runs.drop(transaction, [number for (number,) in gone])
    transaction.execute("DELETE FROM seen_recent WHERE at<?", (before,))
