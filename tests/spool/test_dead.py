import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from heap_tui.spool import dead, schema
from heap_tui.spool.dead import REFUSED, REJECTED
from heap_tui.spool.items import DeadLetter

LETTER = DeadLetter(
    kind=REFUSED,
    event_id="id-1",
    event_type="users.messages.email.Click",
    source="events.ndjson",
    position=120,
    place="line 2 (byte 120)",
    reason="the endpoint answered 400",
    status=400,
    answer='{"error":"no"}',
    attempts=3,
    payload=b'{"id":"id-1"}',
    at=1_800_000_000.0,
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        schema.migrate(made)
        yield made


def letters(connection: sqlite3.Connection) -> list[DeadLetter]:
    return [kept.letter for kept in dead.read(connection)]


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
made = st.builds(
    DeadLetter,
    kind=st.sampled_from([REFUSED, REJECTED]),
    event_id=texts,
    event_type=texts,
    source=st.sampled_from(["a.ndjson", "b.ndjson", "standard input"]),
    position=st.integers(-1, 3) | st.integers(0, 2**62),
    place=texts,
    reason=texts,
    status=st.integers(0, 599),
    answer=texts,
    attempts=st.integers(0, 100),
    payload=st.binary(max_size=5),
    at=st.floats(0, 2e9),
)


def identity(letter: DeadLetter) -> tuple[object, ...]:
    """What makes a dead letter the same one: where it came from and what it holds."""
    event_id = letter.event_id if letter.position < 0 else ""
    return letter.kind, letter.source, letter.position, event_id, letter.payload


@given(st.lists(st.lists(made, max_size=4), max_size=4))
def test_each_dead_letter_is_kept_once_as_it_was_last_and_in_that_order(portions: list[list[DeadLetter]]) -> None:
    model: dict[tuple[object, ...], DeadLetter] = {}
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection)
        for portion in portions:
            dead.keep(connection, portion)
            for letter in portion:
                model.pop(identity(letter), None)
                model[identity(letter)] = letter
            assert letters(connection) == list(model.values())
        kinds = [letter.kind for letter in model.values()]
        assert dead.counts(connection) == {kind: kinds.count(kind) for kind in set(kinds)}


def test_the_same_event_refused_again_replaces_the_letter(connection: sqlite3.Connection) -> None:
    later = replace(LETTER, attempts=4, status=422, at=LETTER.at + 60)
    dead.keep(connection, [LETTER])
    dead.keep(connection, [later])
    assert letters(connection) == [later]


@pytest.mark.parametrize(
    "other",
    [
        {"position": 121},
        {"source": "other.ndjson"},
        {"kind": REJECTED},
        {"payload": b'{"id":"id-1" }'},
    ],
)
def test_another_place_or_content_is_another_letter(connection: sqlite3.Connection, other: dict[str, object]) -> None:
    dead.keep(connection, [LETTER, replace(LETTER, **other)])
    assert len(letters(connection)) == 2


def test_without_a_position_the_id_tells_letters_apart(connection: sqlite3.Connection) -> None:
    queued = replace(LETTER, source="queue", position=-1)
    dead.keep(connection, [queued, replace(queued, event_id="id-2"), replace(queued, reason="again")])
    assert [letter.event_id for letter in letters(connection)] == ["id-2", "id-1"]


def test_neighbouring_texts_do_not_run_into_one_another(connection: sqlite3.Connection) -> None:
    one = replace(LETTER, source="a", position=-1, event_id="bc", payload=b"")
    dead.keep(connection, [one, replace(one, event_id="b", payload=b"c"), replace(one, source="a-", position=1)])
    assert len(letters(connection)) == 3


def test_lone_surrogates_are_replaced_in_words_and_stay_in_the_payload(connection: sqlite3.Connection) -> None:
    letter = replace(LETTER, event_id="\ud800", reason="\udfff?", payload=b'{"id":"\\ud800"}')
    dead.keep(connection, [letter, replace(letter, event_id="\ud801", position=-1)])
    first, second = letters(connection)
    assert (first.event_id, first.reason, first.payload) == ("?", "??", letter.payload)
    assert second.event_id == "?"


def test_any_bytes_are_kept(connection: sqlite3.Connection) -> None:
    letter = replace(LETTER, payload=bytes(range(256)) * 4000, reason="a\x00b")
    dead.keep(connection, [letter])
    assert letters(connection) == [letter]


def test_letters_are_chosen_by_kind_number_and_count(connection: sqlite3.Connection) -> None:
    all_of_them = [replace(LETTER, position=n, kind=(REFUSED, REJECTED)[n % 2]) for n in range(6)]
    dead.keep(connection, all_of_them)
    numbers = [kept.number for kept in dead.read(connection)]
    assert numbers == sorted(numbers)
    assert [kept.letter.position for kept in dead.read(connection, kind=REJECTED)] == [1, 3, 5]
    assert [kept.letter.position for kept in dead.read(connection, limit=2)] == [0, 1]
    chosen = dead.read(connection, numbers=[numbers[4], numbers[1], 999])
    assert [kept.letter.position for kept in chosen] == [1, 4]
    assert list(dead.read(connection, kind=REFUSED, numbers=[numbers[1]])) == []


def test_removed_letters_are_gone_and_the_others_stay(connection: sqlite3.Connection) -> None:
    dead.keep(connection, [replace(LETTER, position=n) for n in range(4)])
    numbers = [kept.number for kept in dead.read(connection)]
    dead.remove(connection, [numbers[0], numbers[2], 999])
    assert [kept.number for kept in dead.read(connection)] == [numbers[1], numbers[3]]
    dead.remove(connection, [])
    assert dead.counts(connection) == {REFUSED: 2}


def test_without_letters_there_is_nothing_to_count(connection: sqlite3.Connection) -> None:
    assert dead.counts(connection) == {}
    assert letters(connection) == []
