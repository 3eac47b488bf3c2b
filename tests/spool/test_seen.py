import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.spool import runs, schema, seen
from heap_tui.spool.runs import KEY_BYTES
from heap_tui.spool.seen import SeenIndex, forget, key_of, keys_of

DAY_S = 86_400.0
WINDOW_S = 7 * DAY_S
NOW = 1_800_000_000.0
SCOPE = 3


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make runs, blocks and merges so small that a few ids fill many of them."""
    monkeypatch.setattr(seen, "RUN_SIZE", 8)
    monkeypatch.setattr(seen, "MERGE_AT", 2)
    monkeypatch.setattr(runs, "_BLOCK_IDS", 3)
    monkeypatch.setattr(runs, "_STEP_IDS", 5)


def key(number: int) -> bytes:
    """Sixteen bytes; some numbers share the beginning by which blocks are found, and all have a neighbour."""
    return (number // 4 * 0x07654321 % (1 << 32)).to_bytes(4, "big") + number.to_bytes(12, "big")


class State:
    """A database file with one index over it, which can be closed and opened again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.first_run = 0
        self.now = NOW
        self.open()

    def open(self) -> None:
        self.connection = sqlite3.connect(self._path, isolation_level=None)
        self.connection.execute("PRAGMA synchronous=OFF")
        schema.migrate(self.connection)
        with self.transaction():
            forget(self.connection, self.now - WINDOW_S)
        self.index = SeenIndex(self.connection, SCOPE, self.now, WINDOW_S, self.first_run)

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
        self.connection.execute("BEGIN IMMEDIATE")
        yield self.connection
        self.connection.execute("COMMIT" if keep else "ROLLBACK")

    def add(self, *numbers: int, keep: bool = True) -> None:
        with self.transaction(keep=keep) as transaction:
            self.index.add(transaction, [key(number) for number in numbers], self.now)

    def restart(self) -> None:
        self.connection.close()
        self.open()

    def known(self, *numbers: int) -> set[int]:
        by_key = {key(number): number for number in numbers}
        return {by_key[found] for found in self.index.known(list(by_key))}


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


MOST = 80
numbers = st.lists(st.integers(0, MOST - 1), min_size=1, max_size=20)
Step = tuple[str, list[int], float]
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "add", "give up", "restart", "look"]),
        numbers,
        st.sampled_from([0.0, 60.0, DAY_S]),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(steps)
def test_the_index_agrees_with_a_plain_dictionary(steps: list[Step]) -> None:
    last: dict[int, float] = {}
    with opened() as state:
        for what, ids, pause_s in steps:
            state.now += pause_s
            if what == "restart":
                state.restart()
            elif what == "look":
                assert state.known(*ids) <= last.keys()
            else:
                state.add(*ids, keep=what == "add")
                last.update(dict.fromkeys(ids, state.now) if what == "add" else {})
            within = {number for number, at in last.items() if at >= state.now - WINDOW_S}
            assert within <= state.known(*range(MOST)) <= last.keys()
        state.restart()
        assert within_window(last, state.now) <= state.known(*range(MOST)) <= last.keys()


def within_window(last: dict[int, float], now: float) -> set[int]:
    return {number for number, at in last.items() if at >= now - WINDOW_S}


@settings(max_examples=60)
@given(st.lists(numbers, max_size=8), st.lists(numbers, max_size=8))
def test_a_replay_knows_only_what_was_seen_since_it_began(before: list[list[int]], since: list[list[int]]) -> None:
    with opened() as state:
        for ids in before:
            state.add(*ids)
        with state.transaction() as transaction:
            state.first_run = state.index.next_run(transaction, state.now)
        state.restart()
        replayed: set[int] = set()
        for ids in since:
            assert state.known(*range(MOST)) == replayed
            state.add(*ids)
            replayed.update(ids)
            assert state.known(*range(MOST)) == replayed
            state.restart()
        assert state.known(*range(MOST)) == replayed
        state.first_run = 0
        state.restart()
        assert state.known(*range(MOST)) == replayed.union(*before)


def test_a_replay_of_nothing_begins_with_the_first_run(state: State) -> None:
    with state.transaction() as transaction:
        assert state.index.next_run(transaction, state.now) == 1


def test_an_id_is_not_seen_before_it_is_committed(state: State) -> None:
    state.add(1)
    with state.transaction() as transaction:
        state.index.add(transaction, [key(1), key(2)], state.now)
        assert state.known(1, 2) == {1}
    assert state.known(1, 2) == {1, 2}
    state.restart()
    assert state.known(1, 2) == {1, 2}


@pytest.mark.parametrize("held", [0, 7, 8, 40])
def test_what_is_rolled_back_was_not_seen_and_nothing_else_is_lost(state: State, held: int) -> None:
    for number in range(held):
        state.add(number)
    state.add(*range(50, 70), keep=False)
    assert state.known(*range(MOST)) == set(range(held))
    for number in range(50, 60):
        state.add(number)
    state.add(60, keep=False)
    state.add(61, keep=False)
    wanted = {*range(held), *range(50, 60)}
    assert state.known(*range(MOST)) == wanted
    state.restart()
    assert state.known(*range(MOST)) == wanted


def test_several_additions_in_one_transaction_share_its_fate(state: State) -> None:
    with state.transaction(keep=False) as transaction:
        for number in range(20):
            state.index.add(transaction, [key(number)], state.now)
    assert state.known(*range(20)) == set()
    with state.transaction() as transaction:
        for number in range(20):
            state.index.add(transaction, [key(number)], state.now)
    assert state.known(*range(30)) == set(range(20))


def test_many_ids_become_few_runs(state: State) -> None:
    for number in range(MOST):
        state.add(number)
    count, ids = state.connection.execute("SELECT count(*), sum(count) FROM seen_runs WHERE complete").fetchone()
    assert count <= 4
    assert ids == MOST
    assert state.known(*range(MOST)) == set(range(MOST))


def test_a_merge_that_is_cut_off_loses_nothing(state: State) -> None:
    most = 0
    for number in range(MOST):
        state.add(number)
        unfinished = state.connection.execute("SELECT count(*) FROM seen_runs WHERE NOT complete").fetchone()[0]
        most = max(most, unfinished)
        if unfinished:
            state.restart()
        assert state.known(*range(MOST)) == set(range(number + 1))
    assert most == 1


def test_runs_of_different_days_are_not_merged_so_that_each_leaves_in_time(state: State) -> None:
    for day in range(6):
        state.now = NOW + day * 2 * DAY_S
        state.add(*range(day * 8, day * 8 + 8))
    assert state.known(*range(MOST)) == set(range(16, 48))  # a run that goes on for weeks forgets, too
    state.restart()
    assert state.known(*range(MOST)) == set(range(16, 48))


def test_what_is_older_than_the_window_is_forgotten_and_takes_no_space(state: State) -> None:
    for number in range(MOST):
        state.add(number)
    state.now += WINDOW_S + 1
    state.restart()
    assert state.known(*range(MOST)) == set()
    for table in ("seen", "seen_runs", "seen_recent"):
        assert state.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0


def test_each_destination_has_its_own_ids(state: State) -> None:
    other = SeenIndex(state.connection, SCOPE + 1, NOW, WINDOW_S)
    with state.transaction() as transaction:
        other.add(transaction, [key(n) for n in range(30)], NOW)
    state.add(*range(10, 20))
    assert state.known(*range(40)) == set(range(10, 20))
    assert other.known([key(n) for n in range(40)]) == {key(n) for n in range(30)}


def test_an_id_is_known_by_itself_too(state: State) -> None:
    for number in range(20):
        state.add(number)
    assert key(7) in state.index
    assert key(19) in state.index
    assert key(21) not in state.index
    state.index.add(state.connection, [], NOW)


@pytest.mark.timeout(20)
def test_an_id_that_is_not_there_but_looks_like_it_is_not_known(state: State) -> None:
    state.add(*range(8))
    twin = key(6)[:8] + bytes(8)  # the same bits in the filter, and the same block
    assert state.index.known([twin, key(6)]) == {key(6)}


def test_keys_are_of_sixteen_bytes_and_differ() -> None:
    ids = [str(uuid.UUID(int=n)) for n in range(1000)] + ["", "a", "é", "A"]
    keys = keys_of(ids)
    assert len(set(keys)) == len(ids)
    assert all(len(one) == KEY_BYTES for one in keys)
    assert keys == [key_of(one) for one in ids]
    assert len(key_of("\ud800")) == KEY_BYTES
    with pytest.raises(UnicodeEncodeError):
        keys_of(["\ud800"])
