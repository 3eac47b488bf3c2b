import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.spool import queue, schema
from heap_tui.spool.queue import ROW_BYTES, ROW_EVENTS, DamagedRowError, LeasedRow, Stored
from tests.fakes.letters import queued_events

NOW = 1_800_000_000.0


class State:
    """A database file, which can be closed and opened again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.open()

    def open(self) -> None:
        self.connection = sqlite3.connect(self._path, isolation_level=None)
        self.connection.execute("PRAGMA synchronous=OFF")
        schema.migrate(self.connection)

    def restart(self) -> None:
        self.connection.close()
        self.open()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        self.connection.execute("BEGIN IMMEDIATE")
        yield self.connection
        self.connection.execute("COMMIT")

    def append(self, events: list[Stored], now: float = NOW) -> int:
        with self.transaction() as transaction:
            return queue.append(transaction, events, now)

    def damage(self, seq: int, column: str = "events") -> None:
        """Change one byte of a row's events, or another column of it."""
        if column == "events":
            (blob,) = self.connection.execute("SELECT events FROM queue WHERE seq=?", (seq,)).fetchone()
            value: object = blob[:-1] + bytes([blob[-1] ^ 1])
        else:
            value = self.connection.execute(f"SELECT {column} + 1 FROM queue WHERE seq=?", (seq,)).fetchone()[0]
        self.connection.execute(f"UPDATE queue SET {column}=? WHERE seq=?", (value, seq))

    def put_aside(self, damage: DamagedRowError) -> None:
        with self.transaction() as transaction:
            queue.put_aside(transaction, damage, NOW)

    def rows(self) -> list[LeasedRow]:
        """All rows that can be read; the others are put aside."""
        found, after = [], 0
        while True:
            try:
                row = queue.lease(self.connection, after)
            except DamagedRowError as damage:
                self.put_aside(damage)
                after = damage.seq
                continue
            if row is None:
                return found
            found.append(row)
            after = row.seq


@contextmanager
def opened() -> Iterator[State]:
    with TemporaryDirectory() as directory:
        state = State(Path(directory) / "spool.db")
        try:
            yield state
        finally:
            state.connection.close()


@pytest.fixture
def state() -> Iterator[State]:
    with opened() as made:
        yield made


def event(n: int, raw: bytes = b"{}") -> Stored:
    return (f"id-{n}", "users.behaviors.app.SessionStart", raw)


def some(count: int, start: int = 0) -> list[Stored]:
    return [event(n, b'{"n":%d}' % n) for n in range(start, start + count)]


def size_of(events: list[Stored]) -> int:
    return sum(len(raw) for _, _, raw in events)


Step = tuple[str, int, list[int]]
steps = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "settle", "settle all", "restart", "damage"]),
        st.integers(0, 5),
        st.lists(st.integers(0, 7), max_size=6),
    ),
    max_size=20,
)


@settings(max_examples=150)
@given(steps)
def test_the_queue_agrees_with_a_plain_list(steps: list[Step]) -> None:
    waiting: list[list[Stored]] = []  # rows, oldest first
    made, damaged = 0, 0
    with opened() as state:
        leased = state.rows()
        for what, which, chosen in steps:
            if what == "append":
                events = some(which + 1, made)
                made += len(events)
                assert state.append(events) == size_of(events)
                waiting.append(events)
                leased += [row for row in [queue.lease(state.connection, leased[-1].seq if leased else 0)] if row]
            elif what == "restart":
                state.restart()
                leased = state.rows()
            elif leased and what == "damage":
                row = leased.pop(which % len(leased))
                state.damage(row.seq)
                damaged += len(waiting.pop(which % len(waiting)))
                with pytest.raises(DamagedRowError) as caught:
                    queue.lease(state.connection, row.seq - 1)
                state.put_aside(caught.value)
            elif leased and what.startswith("settle"):
                at = which % len(leased)
                row = leased[at]
                fates = set(range(len(row.events))) if what == "settle all" else set(chosen)
                before = size_of([row.events[n] for n in row.left])
                for n in fates:
                    row.finish(n, n + 1)
                waiting[at] = [row.events[n] for n in sorted(row.left)]
                with state.transaction() as transaction:
                    assert queue.settle(transaction, row) == before - size_of(waiting[at])
                if not waiting[at]:
                    del waiting[at], leased[at]
            there = [one for row_events in waiting for one in row_events]
            oldest = NOW if there else None
            assert queue.pending(state.connection) == (len(there), size_of(there), oldest)
            assert queued_events(state.connection) == [raw for _, _, raw in there]
        state.restart()
        assert [row.events for row in state.rows()] == waiting
        aside = state.connection.execute("SELECT coalesce(sum(count), 0) FROM damaged").fetchone()[0]
        assert aside == damaged


sizes = st.lists(st.sampled_from([1, 100, ROW_BYTES // 2, ROW_BYTES - 1, ROW_BYTES, ROW_BYTES + 1]), max_size=12)


@given(sizes, st.integers(0, 3))
def test_rows_keep_order_and_their_caps(bytes_each: list[int], hundreds: int) -> None:
    events = [event(n, bytes(size)) for n, size in enumerate([*bytes_each, *[1] * (hundreds * ROW_EVENTS)])]
    rows = [list(row) for row in queue.rows_of(events)]
    assert [one for row in rows for one in row] == events
    assert all(rows)
    assert all(len(row) <= ROW_EVENTS for row in rows)
    assert all(size_of(row) <= ROW_BYTES for row in rows if len(row) > 1)


def test_nothing_makes_no_row(state: State) -> None:
    assert state.append([]) == 0
    assert queue.pending(state.connection) == (0, 0, None)
    assert queue.lease(state.connection, 0) is None
    assert queued_events(state.connection) == []


def test_items_of_a_row_come_back_to_it(state: State) -> None:
    state.append(some(3))
    (row,) = state.rows()
    items = list(row.items())
    assert [(item.id, item.type, item.raw) for item in items] == some(3)
    assert all(item.origin is row and item.key == b"" for item in items)
    assert [(item.span, item.start, item.end) for item in items] == [(0, 0, 1), (1, 1, 2), (2, 2, 3)]
    assert (row.name, row.replayable) == ("queue", False)


def test_fates_in_any_order_empty_a_row_once(state: State) -> None:
    state.append(some(4))
    (row,) = state.rows()
    gone = 0
    for n in (2, 0, 3, 1):
        row.finish(n, n + 1)
        with state.transaction() as transaction:
            gone += queue.settle(transaction, row)
    assert gone == size_of(some(4))
    assert queue.pending(state.connection) == (0, 0, None)


def test_a_rows_number_is_not_given_again(state: State) -> None:
    state.append(some(1))
    (first,) = state.rows()
    first.finish(0, 1)
    with state.transaction() as transaction:
        queue.settle(transaction, first)
    state.restart()
    state.append(some(1, 1))
    (second,) = state.rows()
    assert second.seq > first.seq


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_flipped_byte_is_noticed_and_the_other_rows_are_read(at: int, change: int) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection)
        for n in range(3):
            queue.append(connection, some(5, n * 5), NOW)
        (blob,) = connection.execute("SELECT events FROM queue WHERE seq=2").fetchone()
        flipped = bytearray(blob)
        flipped[at % len(blob)] ^= change
        connection.execute("UPDATE queue SET events=? WHERE seq=2", (bytes(flipped),))
        first = queue.lease(connection, 0)
        assert first is not None
        with pytest.raises(DamagedRowError) as caught:
            queue.lease(connection, first.seq)
        assert (caught.value.seq, caught.value.count) == (2, 5)
        third = queue.lease(connection, caught.value.seq)
        assert third is not None
        assert first.events + third.events == [*some(5), *some(5, 10)]
        queue.put_aside(connection, caught.value, NOW)
        assert queue.pending(connection)[0] == 10
        assert connection.execute("SELECT seq, count, events FROM damaged").fetchone() == (2, 5, bytes(flipped))


@pytest.mark.parametrize("column", ["count", "crc"])
def test_a_damaged_number_beside_the_events_is_noticed(state: State, column: str) -> None:
    state.append(some(2))
    state.append(some(2, 2))
    state.damage(1, column)
    assert [row.events for row in state.rows()] == [some(2, 2)]
    assert queue.pending(state.connection)[0] == 2


@pytest.mark.parametrize("blob", [b"", b"\xc1", b"\x91\x93\xa1\xff\xa1a\xc4\x00", b"\x90"])
def test_bytes_that_are_no_events_are_damage_even_with_a_right_checksum(state: State, blob: bytes) -> None:
    state.append(some(1))
    state.connection.execute("UPDATE queue SET events=?, crc=? WHERE seq=1", (blob, zlib.crc32(blob)))
    with pytest.raises(DamagedRowError) as caught:
        queue.lease(state.connection, 0)
    assert caught.value.reason


def test_an_id_with_a_lone_surrogate_is_kept(state: State) -> None:
    raw = b'{"id":"\\ud800"}'
    state.append([("\ud800", "type-\udfff", raw), *some(1)])
    (row,) = state.rows()
    assert row.events == [("?", "type-?", raw), *some(1)]
    row.finish(1, 2)
    with state.transaction() as transaction:
        queue.settle(transaction, row)
    assert [one.events for one in state.rows()] == [[("?", "type-?", raw)]]


def test_the_oldest_event_is_the_one_that_was_appended_first(state: State) -> None:
    state.append(some(1), NOW + 5)
    state.append(some(1, 1), NOW)
    assert queue.pending(state.connection)[2] == NOW
