from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.spool.ranges import Ranges

MOST = 40
positions = st.integers(0, MOST)
spans = st.lists(st.tuples(positions, positions), max_size=20)


def of(low: int, finished: list[tuple[int, int]]) -> set[int]:
    """The positions that are finished, one by one."""
    return set(range(low)).union(*(range(start, end) for start, end in finished))


@settings(max_examples=300)
@given(positions, spans, st.lists(positions, max_size=5))
def test_ranges_agree_with_a_set_of_positions(low: int, finished: list[tuple[int, int]], looks: list[int]) -> None:
    ranges, model = Ranges(low), set(range(low))
    for start, end in finished:
        ranges.add(start, end)
        model |= set(range(start, end))
        assert of(ranges.low, list(ranges.above)) == model
        assert ranges.high == max(model, default=-1) + 1
    for position in [*looks, 0, low, MOST, MOST + 1]:
        assert ranges.holds(position) is (position in model)
        assert ranges.passed(position) == next(n for n in range(position, MOST + 3) if n not in model)


@given(positions, spans)
def test_what_stands_above_the_mark_is_disjoint_sorted_and_as_short_as_possible(
    low: int, finished: list[tuple[int, int]]
) -> None:
    ranges = Ranges(low, finished)
    assert all(start < end for start, end in ranges.above)
    assert all(before[1] < after[0] for before, after in pairwise(ranges.above))
    assert all(start > ranges.low for start, _ in ranges.above)


@given(positions, spans)
def test_ranges_are_the_same_after_they_were_written_down_and_in_any_order(
    low: int, finished: list[tuple[int, int]]
) -> None:
    ranges = Ranges(low, finished)
    again = Ranges(ranges.low, ranges.above)
    assert (again.low, again.above) == (ranges.low, ranges.above)
    backwards = Ranges(low, reversed(finished))
    assert (backwards.low, backwards.above) == (ranges.low, ranges.above)


@given(spans)
def test_the_low_water_mark_never_moves_back(finished: list[tuple[int, int]]) -> None:
    ranges, before = Ranges(), 0
    for start, end in finished:
        ranges.add(start, end)
        assert ranges.low >= before
        before = ranges.low


def test_nothing_is_finished_at_first_and_an_empty_span_finishes_nothing() -> None:
    ranges = Ranges()
    ranges.add(5, 5)
    ranges.add(7, 3)
    assert (ranges.low, ranges.above, ranges.high) == (0, (), 0)
    assert not ranges.holds(0)
