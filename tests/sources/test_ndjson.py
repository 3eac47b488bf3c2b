"""Lines, cut at any place by what was read at once."""

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.sources import ndjson
from heap_tui.sources.base import Broken, Chunk, Raw

BOM = b"\xef\xbb\xbf"
texts = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b'{"x":null}', "é".encode(), BOM, b" "])).map(b"".join)


def expected(content: bytes) -> list[bytes]:
    """Lines as they were before they were cut into blocks: without their ends, and without a mark at the start."""
    lines = content.split(b"\n")
    lines = [line.rstrip(b"\r") for line in (lines if lines[-1] else lines[:-1])]
    return [line.removeprefix(BOM) if n == 0 else line for n, line in enumerate(lines)]


def chunks(content: bytes, block: int, start: int = 0) -> list[Chunk]:
    file = io.BytesIO(content)
    file.seek(start)
    return list(ndjson.lines(lambda _size: file.read(block), start))


def flat(found: list[Chunk]) -> list[tuple[Raw, int, int]]:
    """Every item with its start and end."""
    items = []
    for chunk in found:
        starts = [chunk.start, *chunk.ends]
        items += [(item, *span) for item, span in zip(chunk.items, pairwise(starts), strict=True)]
    return items


@given(texts, st.integers(1, 12))
def test_lines_are_the_same_however_they_were_cut(content: bytes, block: int) -> None:
    assert [item for item, _start, _end in flat(chunks(content, block))] == expected(content)


@given(texts, st.integers(1, 12))
def test_positions_follow_one_another_and_end_where_the_content_does(content: bytes, block: int) -> None:
    spans = [(start, end) for _item, start, end in flat(chunks(content, block))]
    assert [start for start, _end in spans] == [0, *(end for _start, end in spans)][: len(spans)]
    assert (spans[-1][1] if spans else 0) == len(content)


@given(texts, st.integers(1, 12), st.integers(1, 12))
def test_reading_goes_on_exactly_from_any_position(content: bytes, block: int, other: int) -> None:
    items = flat(chunks(content, block))
    for n, (_item, _start, end) in enumerate(items):
        assert flat(chunks(content, other, end)) == items[n + 1 :]


@given(texts, st.integers(1, 12))
def test_only_a_line_without_its_end_is_partial(content: bytes, block: int) -> None:
    marks = [chunk.partial for chunk in chunks(content, block)]
    assert marks[:-1] == [False] * len(marks[:-1])
    assert (marks or [False])[-1] == bool(content and not content.endswith(b"\n"))


@given(texts, st.integers(1, 12))
def test_lines_are_numbered_from_the_beginning(content: bytes, block: int) -> None:
    number = 1
    for chunk in chunks(content, block):
        assert chunk.line == number
        number += len(chunk.items)


def test_after_a_resumption_line_numbers_are_not_known() -> None:
    assert [chunk.line for chunk in chunks(b"a\nb\nc\n", 2, 2)] == [0, 0]


def test_a_mark_at_the_start_is_not_part_of_the_first_line_but_of_its_bytes() -> None:
    assert flat(chunks(BOM + b"a\nb\n", 100)) == [(b"a", 0, 5), (b"b", 5, 7)]


def test_a_mark_elsewhere_is_content() -> None:
    assert flat(chunks(b"a\n" + BOM + b"b\n", 100))[1][0] == BOM + b"b"


def test_nulls_are_seen_wherever_they_stand() -> None:
    assert [chunk.nulls for chunk in chunks(b"null\nb\n", 3)] == [True, False]


class _Endless:
    """Gives blocks of one line without end, and knows how much was asked for."""

    def __init__(self, blocks: int, after: bytes) -> None:
        self._blocks = blocks
        self._after = after

    def __call__(self, size: int) -> bytes:
        if self._blocks:
            self._blocks -= 1
            return b"x" * size
        after, self._after = self._after, b""
        return after


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "CHUNK_BYTES", 1_000)
    monkeypatch.setattr(ndjson, "MAX_ITEM_BYTES", 10_000)


@pytest.mark.usefixtures("small")
def test_an_endless_line_is_one_broken_item_and_what_follows_is_read() -> None:
    found = list(ndjson.lines(_Endless(500, b"x\nafter\nlast")))
    items = flat(found)
    assert [item for item, _start, _end in items[1:]] == [b"after", b"last"]
    broken, start, end = items[0]
    assert isinstance(broken, Broken)
    assert "500002" in broken.reason
    assert len(broken.payload) <= 11_000
    assert (start, end) == (0, 500_002)
    assert found[1].line == 2


@pytest.mark.usefixtures("small")
def test_an_endless_line_is_not_held_in_memory() -> None:
    import tracemalloc

    tracemalloc.start()
    try:
        list(ndjson.lines(_Endless(20_000, b"")))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000
