"""Lines read by another process are the lines that are read here."""

import io
import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.pipeline.portion import plain_portion
from heap_tui.pipeline.selection import Selection
from heap_tui.sources import ndjson, ndjson_pool
from heap_tui.sources.base import Chunk


class Inline(Executor):
    """Does the work at once; counts it, and is gone after `works` pieces of it."""

    def __init__(self, works: int | None = None) -> None:
        self.done = 0
        self._works = works

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self.done += 1
        if self._works is not None and self.done > self._works:
            future.set_exception(BrokenExecutor("the process was killed"))
        else:
            future.set_result(work(*args, **kwargs))
        return future


def event(number: int, more: str = "") -> bytes:
    user = '{"external_user_id":"u"}' if number % 3 else "{}"
    head = f'"event_type":"t{number % 5}","id":"i{number}","time":1'
    return f'{{{head},"user":{user},"properties":{{"x":"{more}"}}}}'.encode()


def rows(chunks: list[Chunk]) -> list[tuple[object, int, int]]:
    """Item, end and line number of everything in `chunks`."""
    return [
        (item, end, chunk.line and chunk.line + n)
        for chunk in chunks
        for n, (item, end) in enumerate(zip(chunk.items, chunk.ends, strict=True))
    ]


LINES = st.lists(
    st.one_of(
        st.integers(0, 50).map(event),
        st.tuples(st.integers(0, 50), st.text(alphabet="aé\U0001f600", max_size=30)).map(lambda p: event(*p)),
        st.sampled_from([b"", b"broken", b"null", b'{"id":null}', b"\xff", event(7) + b"\r"]),
    ),
    max_size=25,
)


@given(lines=LINES, ending=st.sampled_from([b"", b"\n"]), size=st.integers(1, 400), data=st.data())
def test_ranges_of_any_size_give_the_lines_positions_and_numbers_of_a_plain_reading(
    lines: list[bytes], ending: bytes, size: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = b"\n".join(lines) + ending
    starts = [0] + [n + 1 for n, byte in enumerate(content) if byte == 10]
    start = data.draw(st.sampled_from(starts))
    path = tmp_path_factory.mktemp("pool") / "events.ndjson"
    path.write_bytes(content)
    expected = io.BytesIO(content)
    expected.seek(start)
    with pytest.MonkeyPatch.context() as patch, path.open("rb") as file:
        patch.setattr(ndjson_pool, "_RANGE_BYTES", size)
        found = list(ndjson_pool.lines(str(path), file, start, len(content), Inline()))
    assert rows(found) == rows(list(ndjson.lines(expected.read, start, first_line=1 if start == 0 else 0)))


@given(lines=st.lists(st.integers(0, 50).map(event), min_size=1, max_size=20))
def test_what_the_other_process_found_of_the_lines_is_what_is_found_here(
    lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("pool") / "events.ndjson"
    path.write_bytes(b"\n".join(lines) + b"\n")
    selection = Selection(include=("t1", "t2", "t3"), anonymous=False)
    with path.open("rb") as file:
        (there,) = ndjson_pool.lines(str(path), file, 0, path.stat().st_size, Inline())
    assert there.heads is not None
    here = ndjson.portion_of(b"\n".join(lines), 0, 1)
    assert plain_portion(selection, there, 0, len(lines)) == plain_portion(selection, here, 0, len(lines))


def test_a_killed_process_leaves_the_rest_to_be_read_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(event(n) for n in range(100)) + b"\n")
    monkeypatch.setattr(ndjson_pool, "_RANGE_BYTES", 1000)
    with path.open("rb") as file:
        found = list(ndjson_pool.lines(str(path), file, 0, path.stat().st_size, Inline(works=4)))
    assert [item for item, _end, _line in rows(found)] == [event(n) for n in range(100)]


def test_another_file_under_the_same_name_is_not_read_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(event(n) for n in range(50)) + b"\n")
    monkeypatch.setattr(ndjson_pool, "_RANGE_BYTES", 500)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        path.rename(tmp_path / "events.ndjson.1")
        path.write_bytes(b"\n".join(event(n, "other") for n in range(50)) + b"\n")
        found = list(ndjson_pool.lines(str(path), file, 0, size, Inline()))
    assert [item for item, _end, _line in rows(found)] == [event(n) for n in range(50)]


def test_a_file_that_shrinks_meanwhile_ends_where_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(event(n) for n in range(50)) + b"\n")
    monkeypatch.setattr(ndjson_pool, "_RANGE_BYTES", 500)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        os.truncate(path, size // 2)
        found = list(ndjson_pool.lines(str(path), file, 0, size, Inline()))
    taken = [item for item, _end, _line in rows(found)]
    assert taken[:20] == [event(n) for n in range(20)]
    assert sum(len(item) + 1 for item in taken if isinstance(item, bytes)) - 1 <= size // 2
