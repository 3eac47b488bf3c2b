"""What of a source has its fate: a low-water mark and the finished ranges above it (pure)."""

from bisect import bisect_right
from collections.abc import Iterable

Range = tuple[int, int]


class Ranges:
    """Finished positions of one source: all below `low`, and the disjoint, sorted ranges above it.

    Positions are whole numbers that only grow while a source is read: byte offsets of line files, record
    numbers of others.
    """

    __slots__ = ("_above", "low")

    def __init__(self, low: int = 0, above: Iterable[Range] = ()) -> None:
        self.low = low
        self._above: list[Range] = []
        for start, end in above:
            self.add(start, end)

    @property
    def above(self) -> tuple[Range, ...]:
        """The finished ranges above the low-water mark, as (start, end) with the end excluded."""
        return tuple(self._above)

    @property
    def high(self) -> int:
        """The position after the last finished one."""
        return self._above[-1][1] if self._above else self.low

    def add(self, start: int, end: int) -> None:
        """Mark ``start <= position < end`` as finished."""
        if end <= self.low or start >= end:
            return
        if start <= self.low and not self._above:
            self.low = end
            return
        self._insert(max(start, self.low), end)
        if self._above[0][0] <= self.low:
            self.low = max(self.low, self._above.pop(0)[1])

    def _insert(self, start: int, end: int) -> None:
        above = self._above
        first = bisect_right(above, (start, start)) - 1
        if first < 0 or above[first][1] < start:
            first += 1
        last = first
        while last < len(above) and above[last][0] <= end:
            start, end = min(start, above[last][0]), max(end, above[last][1])
            last += 1
        above[first:last] = [(start, end)]

    def passed(self, position: int) -> int:
        """The first position at or after `position` that is not finished."""
        position = max(position, self.low)
        for start, end in self._above:
            if start <= position < end:
                return end
            if start > position:
                break
        return position

    def holds(self, position: int) -> bool:
        """Whether `position` is finished."""
        return self.passed(position) != position
