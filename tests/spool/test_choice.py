"""Choosing dead letters and grouping them by cause."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.spool import dead
from heap_tui.spool.choice import Causes, Choice, causes, count, letters, missing
from heap_tui.spool.store import Store, reading
from tests.fakes.letters import fill, kept, refused, rejected

MANY = 1_203


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every third is rejected."""
    directory = tmp_path_factory.mktemp("state")
    made = (rejected(b"x", position=n) if n % 3 == 0 else refused(str(n)) for n in range(1, MANY + 1))
    fill(directory, *made)
    return directory


def numbers(directory: Path, choice: Choice, *, newest_first: bool = False) -> list[int]:
    with reading(directory) as connection:
        assert connection is not None
        assert count(connection, choice) == len(list(letters(connection, choice)))
        return [one.number for one in letters(connection, choice, newest_first=newest_first)]


def test_all_are_found_oldest_or_newest_first_across_portions(full: Path) -> None:
    assert numbers(full, Choice()) == list(range(1, MANY + 1))
    assert numbers(full, Choice(), newest_first=True) == list(range(MANY, 0, -1))


def test_a_kind_is_found(full: Path) -> None:
    assert numbers(full, Choice(dead.REJECTED)) == list(range(3, MANY + 1, 3))
    assert len(numbers(full, Choice(dead.REFUSED), newest_first=True)) == MANY - MANY // 3


def test_numbers_are_found_once_in_order_and_more_than_one_statement_takes(full: Path) -> None:
    assert numbers(full, Choice(numbers=(9, 2, 9))) == [2, 9]
    assert numbers(full, Choice(numbers=(2, 9)), newest_first=True) == [9, 2]
    assert numbers(full, Choice(dead.REJECTED, (2, 9))) == [9]
    assert numbers(full, Choice(numbers=tuple(range(1, 50_000)))) == list(range(1, MANY + 1))


def test_numbers_that_are_not_there_are_named(full: Path) -> None:
    with reading(full) as connection:
        assert connection is not None
        assert missing(connection, Choice(numbers=(1, 5_000, 4_000))) == [4_000, 5_000]
        assert missing(connection, Choice(dead.REFUSED, (1, 3))) == [3]
        assert missing(connection, Choice()) == []


def test_a_list_goes_on_when_letters_leave_meanwhile(tmp_path: Path) -> None:
    fill(tmp_path, refused("a"), refused("b"), refused("c"))
    with Store(tmp_path) as store, reading(tmp_path) as connection:
        assert connection is not None
        listed = letters(connection, Choice())
        assert next(listed).number == 1
        with store.transaction(durable=False) as transaction:
            dead.remove(transaction, [2])
        assert [one.number for one in listed] == [3]


def test_causes_are_grouped_with_the_largest_first(tmp_path: Path) -> None:
    broken = [rejected(b"x", f"not an event: line 1 column {n}", position=n) for n in (66, 7)]
    fill(tmp_path, rejected(b"y", "byte 3 is wrong"), *broken, *(refused(str(n)) for n in range(3)))
    with reading(tmp_path) as connection:
        assert connection is not None
        found = causes(connection)
    assert [(one.kind, one.status, one.reason, one.count) for one in found.most_first()] == [
        ("refused", 400, "the endpoint answered 400", 3),
        ("rejected", 0, "not an event: line N column N", 2),
        ("rejected", 0, "byte 3 is wrong", 1),
    ]
    assert found.total == len(kept(tmp_path))


@given(st.lists(st.tuples(st.sampled_from(["refused", "rejected"]), st.text("ab", max_size=9)), max_size=600))
def test_no_dead_letter_is_missing_from_the_causes_however_many_there_are(given_reasons: list[tuple[str, str]]) -> None:
    found = Causes()
    for number, (kind, reason) in enumerate(given_reasons):
        found.add(kind, 0, reason, number=number)
    assert found.total == len(given_reasons)
    assert len(found.most_first()) <= 202
    assert all(len(one.numbers) <= 20 for one in found.most_first())


def test_beyond_some_hundred_causes_the_rest_is_one_group() -> None:
    found = Causes()
    for n in range(1_000):
        found.add("rejected", 0, "x" * n)
    assert len(found.most_first()) == 201
    assert (found.most_first()[0].reason, found.most_first()[0].count) == ("other reasons", 800)
