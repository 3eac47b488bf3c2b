"""Batches: hard caps, splitting, and what stays with the parts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from heap_tui.delivery.batch import BatchBuilder, Caps, new_batch
from heap_tui.delivery.webhook import BODY_OVERHEAD, webhook_body
from heap_tui.spool.cursors import FileIdentity, Stream
from heap_tui.spool.items import Item

STREAM = Stream(0, "f", FileIdentity(1, 1, 1, 1), b"", by_bytes=False)


def item(n: int, size: int = 10) -> Item:
    return Item(f"e{n}", "t", b"x" * size, b"", STREAM, n, n, n + 1)


@given(sizes=st.lists(st.integers(2, 400), max_size=80), count=st.integers(1, 20), body_bytes=st.integers(20, 1_000))
def test_no_portion_exceeds_a_cap_and_none_could_have_taken_the_next_event(
    sizes: list[int], count: int, body_bytes: int
) -> None:
    builder = BatchBuilder(Caps(count, body_bytes, BODY_OVERHEAD))
    items = [item(n, size) for n, size in enumerate(sizes)]
    portions = [full for one in items if (full := builder.add(one, 0.0))]
    if len(builder):
        portions.append(builder.take())
    assert [one for portion in portions for one in portion] == items

    def length(portion: list[Item]) -> int:
        return len(webhook_body([one.raw for one in portion]))

    for portion in portions:
        assert 1 <= len(portion) <= count
        assert len(portion) == 1 or length(portion) <= body_bytes
    for portion, following in pairwise(portions):
        assert len(portion) == count or length([*portion, following[0]]) > body_bytes


def test_a_cap_that_shrinks_counts_from_the_next_event_on() -> None:
    caps = Caps(100, 1_000_000, BODY_OVERHEAD)
    builder = BatchBuilder(caps)
    assert builder.add(item(0, 500), 0.0) is None
    caps.body_bytes = 600
    assert builder.add(item(1, 500), 1.0) == [item(0, 500)]


def test_the_age_is_that_of_the_first_event() -> None:
    builder = BatchBuilder(Caps(2, 1_000, BODY_OVERHEAD))
    ages: list[tuple[float | None, bool]] = [(builder.since, builder.is_full)]
    for n, now in enumerate((5.0, 6.0, 7.0)):
        builder.add(item(n), now)
        ages.append((builder.since, builder.is_full))
    assert ages == [(None, False), (5.0, False), (5.0, True), (7.0, False)]
    builder.take()
    assert builder.since is None
    assert len(builder) == 0


@given(size=st.integers(2, 300), refused=st.booleans(), attempts=st.integers(0, 9))
def test_halves_hold_all_events_in_order_and_what_was_learned(size: int, refused: bool, attempts: int) -> None:
    batch = new_batch([item(n) for n in range(size)], 7)
    batch.refused_before, batch.attempts, batch.failures, batch.due = refused, attempts, 3, 99.0
    left, right = batch.halves()
    assert left.items + right.items == batch.items
    assert abs(len(left.items) - len(right.items)) <= 1
    for half in (left, right):
        assert half.family is batch.family
        assert (half.number, half.attempts, half.refused_before) == (7, attempts, refused)
        assert (half.failures, half.due) == (0, 0.0)


def test_a_new_batch_is_its_own_family() -> None:
    batch = new_batch([item(0), item(1)], 1)
    assert (batch.family.size, batch.family.open, batch.family.held) == (2, 2, [])
