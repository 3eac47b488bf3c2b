"""Avro container files: whole, resumed, damaged, foreign."""

import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.currents.event import Event
from heap_tui.sources import avro
from heap_tui.sources.base import Broken, Chunk
from heap_tui.sources.compressed import UnreadableError
from tests.fakes import avro_files
from tests.fakes.avro_files import CLICK, damaged, record

CODECS = pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard"])
NAMES = [f"event-{n}" for n in range(35)]
WHOLE = avro_files.avro(avro_files.records(*NAMES))


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as running:
        yield running


def read(file: bytes, start: int = 0, pool: Executor | None = None, hint: str = "") -> list[Chunk]:
    return list(avro.records(io.BytesIO(file), hint, start, pool, 2))


def names(chunks: list[Chunk]) -> list[str]:
    """Ids of events; broken items as ``!``."""
    return [item.id if isinstance(item, Event) else "!" for chunk in chunks for item in chunk.items]


def reasons(chunks: list[Chunk]) -> list[str]:
    return [item.reason for chunk in chunks for item in chunk.items if isinstance(item, Broken)]


def sent(file: bytes, hint: str = "") -> list[Any]:
    """The events as they are sent."""
    return [json.loads(item.raw) for chunk in read(file, hint=hint) for item in chunk.items]  # type: ignore[union-attr]


@CODECS
def test_every_record_of_every_codec_is_read(codec: str) -> None:
    file = avro_files.avro(avro_files.records(*NAMES), codec)
    assert names(read(file)) == NAMES


@CODECS
def test_processes_and_this_one_read_the_same(codec: str, pool: Executor) -> None:
    file = avro_files.avro(avro_files.records(*NAMES), codec)
    file = damaged(file, 1) if codec != "null" else damaged(file, 1, "size")
    assert read(file, 3, pool) == read(file, 3)
    assert names(read(file, 3))[-1] == NAMES[-1]


@given(start=st.integers(0, 40), a_block=st.sampled_from([1, 4, 10, 35, 50]))
def test_reading_goes_on_at_any_record(start: int, a_block: int) -> None:
    file = avro_files.avro(avro_files.records(*NAMES), a_block=a_block)
    found = read(file, start)
    assert names(found) == NAMES[start:]
    ends = [end for chunk in found for end in chunk.ends]
    assert ends == list(range(start + 1, len(NAMES) + 1))
    assert [chunk.start for chunk in found] == [start, *(chunk.ends[-1] for chunk in found)][: len(found)]


def test_a_record_becomes_the_event_that_the_webhook_would_get() -> None:
    file = avro_files.avro([record("a", external_user_id="e", url="http://x/é", price=3.14)])
    event = {
        "id": "a",
        "event_type": CLICK,
        "time": 1_700_000_000,
        "user": {"user_id": "u-a", "external_user_id": "e"},
        "properties": {"url": "http://x/é", "price": 3.14},
    }
    assert sent(file) == [event]


def test_nulls_are_absent_and_json_text_becomes_an_object() -> None:
    purchase = avro_files.schema("users.behaviors.Purchase")
    file = avro_files.avro([record("a", properties='{"n": 1.0}')], of=purchase)
    assert sent(file)[0]["properties"] == {"purchase_properties": {"n": 1.0}}
    assert sent(file)[0]["event_type"] == "users.behaviors.Purchase"


def test_the_paths_type_wins_over_the_schemas_name() -> None:
    assert sent(WHOLE, "users.messages.push.Open")[0]["event_type"] == "users.messages.push.Open"


def union_of_kinds() -> bytes:
    schema = {
        "type": "record",
        "name": "custom.Kind",
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "time", "type": ["null", "long", "double", "string"]},
            {"name": "value", "type": ["null", "string", "boolean", {"type": "array", "items": "int"}]},
        ],
    }
    rows = [("a", 1, True), ("b", 1.5, [1, 2]), ("c", "now", "x"), ("d", None, None)]
    return avro_files.avro([{"id": name, "time": time, "value": value} for name, time, value in rows], of=schema)


def test_unions_give_each_record_its_own_kind_and_wrong_ones_are_told() -> None:
    found = read(union_of_kinds())
    assert names(found) == ["a", "b", "!", "!"]
    assert [word in reason for word, reason in zip(("time must", "time is missing"), reasons(found), strict=True)] == [
        True,
        True,
    ]


def test_a_schema_without_our_fields_rejects_every_record_and_says_which_is_missing() -> None:
    schema = {"type": "record", "name": "other", "fields": [{"name": "x", "type": "int"}]}
    found = read(avro_files.avro([{"x": 1}, {"x": 2}], of=schema))
    assert reasons(found) == ["id is missing", "id is missing"]
    assert [json.loads(item.payload) for chunk in found for item in chunk.items] == [{"x": 1}, {"x": 2}]  # type: ignore[union-attr]


@CODECS
@pytest.mark.parametrize("how", ["content", "size", "marker"])
def test_a_damaged_block_does_not_hide_the_later_ones(codec: str, how: str) -> None:
    whole = avro_files.avro(avro_files.records(*NAMES), codec)
    found = read(damaged(whole, 1, how))
    events = [name for name in names(found) if name != "!"]
    assert events[:10] == NAMES[:10]
    assert set(NAMES[20:]) <= set(events) or how == "marker"
    assert events[-5:] == NAMES[-5:]
    assert reasons(found) or how == "content"
    ends = [end for chunk in found for end in chunk.ends]
    assert ends == sorted(ends)


@pytest.mark.parametrize("how", ["content", "size", "marker"])
def test_positions_in_a_damaged_file_are_the_same_every_time(how: str) -> None:
    file = damaged(avro_files.avro(avro_files.records(*NAMES), "deflate"), 1, how)
    whole = read(file)
    items = [(item, end) for chunk in whole for item, end in zip(chunk.items, chunk.ends, strict=True)]
    for n, (_item, end) in enumerate(items):
        rest = [item for chunk in read(file, end) for item in chunk.items]
        assert rest == [item for item, _end in items[n + 1 :]]


def test_a_broken_place_says_where_it_is() -> None:
    begin = avro_files.blocks(WHOLE)[1][0]
    assert f"byte {begin}" in reasons(read(damaged(WHOLE, 1, "size")))[0]


@given(st.data())
def test_a_file_cut_off_anywhere_gives_its_complete_blocks_and_says_so(data: Any) -> None:
    places = avro_files.blocks(WHOLE)
    cut = data.draw(st.integers(places[0][0] + 1, len(WHOLE) - 1))
    complete = sum(end <= cut for _begin, end in places)
    chunks = avro.records(io.BytesIO(WHOLE[:cut]), "", 0, None)
    if cut in [end for _begin, end in places]:
        assert names(list(chunks)) == NAMES[: complete * 10]
        return
    found: list[Chunk] = []
    with pytest.raises(UnreadableError, match=r"cut off|damaged"):
        found.extend(chunks)
    assert names(found) == NAMES[: complete * 10]


@pytest.mark.parametrize("cut", [0, 3, 4, 20, 200])
def test_a_file_without_a_whole_header_is_told(cut: int) -> None:
    with pytest.raises(UnreadableError, match=r"header|not an Avro file"):
        read(WHOLE[:cut])


@pytest.mark.parametrize(
    "content", [b"PAR1 and more", b'{"id":"a"}\n', b"Obj\x01", b"Obj\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]
)
def test_a_file_of_another_kind_is_told(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(content)


@given(st.binary(max_size=60), st.integers(0, len(WHOLE)))
def test_no_damage_whatever_raises_anything_else(noise: bytes, at: int) -> None:
    file = WHOLE[:at] + noise + WHOLE[at + len(noise) :]
    try:
        found = read(file)
    except UnreadableError:
        return
    assert all(isinstance(item, Event | Broken) for chunk in found for item in chunk.items)


def test_a_codec_that_nobody_knows_is_told_once_and_named() -> None:
    with pytest.raises(UnreadableError, match="unheard-of"):
        read(avro_files.avro(avro_files.records(*NAMES), "unheard-of"))


def test_a_file_without_records_is_nothing() -> None:
    assert read(avro_files.avro([])) == []


def test_processes_are_given_few_blocks_ahead() -> None:
    """A large file must not be in memory as a whole, only because its reader is slow."""

    class Counting(Executor):
        submitted = 0

        def submit(self, work: Callable[..., Any], /, *arguments: Any, **_more: Any) -> Any:
            self.submitted += 1
            return _Done(work(*arguments))

    class _Done:
        def __init__(self, result: bytes) -> None:
            self.result = lambda: result

    counting = Counting()
    file = avro_files.avro(avro_files.records(*NAMES), a_block=1)
    chunks = avro.records(io.BytesIO(file), "", 0, counting, 2)
    next(chunks)
    assert counting.submitted <= 7


def test_a_process_that_is_killed_costs_nothing() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as doomed:
        process = doomed.submit(os.getpid).result()
        os.kill(process, signal.SIGKILL)
        assert names(read(WHOLE, 0, doomed)) == NAMES
