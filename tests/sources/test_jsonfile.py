"""JSON documents, judged by the standard library."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.sources import jsonfile
from heap_tui.sources.base import Chunk
from heap_tui.sources.compressed import UnreadableError

tricky = st.text(st.sampled_from('"\\[]{},:é\n 1') | st.characters(exclude_categories=["Cs"]), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | tricky,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(tricky, inner, max_size=3),
    max_leaves=8,
)
events = st.dictionaries(tricky.filter(lambda key: key != "events"), values, max_size=4)
spaces = st.sampled_from(["", " ", "\n", "\r\n\t"])


def dumped(value: Any, space: str) -> str:
    return json.dumps(value, ensure_ascii=False, separators=("," + space, ":" + space))


def read(content: bytes, block: int = 1 << 18, start: int = 0) -> list[Chunk]:
    file = io.BytesIO(content)
    return list(jsonfile.documents(lambda _size: file.read(block), start))


def items(content: bytes | str, block: int = 1 << 18, start: int = 0) -> list[Any]:
    raw = content.encode() if isinstance(content, str) else content
    return [json.loads(item) for chunk in read(raw, block, start) for item in chunk.items]  # type: ignore[arg-type]


def stuck(content: bytes, block: int = 1 << 18) -> tuple[list[bytes], UnreadableError]:
    """What is read before the place where reading fails, and the failure."""
    file = io.BytesIO(content)
    chunks = jsonfile.documents(lambda _size: file.read(block))
    found: list[bytes] = []
    with pytest.raises(UnreadableError) as caught:
        found.extend(item for chunk in chunks for item in chunk.items)  # type: ignore[misc]
    return found, caught.value


@given(st.lists(events, max_size=5), spaces, st.integers(1, 9))
def test_an_array_gives_its_events(array: list[Any], space: str, block: int) -> None:
    assert items(space + dumped(array, space) + space, block) == array


@given(st.lists(events, max_size=5), events, events, spaces, st.integers(1, 9))
def test_an_events_object_gives_its_events_whatever_stands_around_them(
    array: list[Any], before: dict[str, Any], after: dict[str, Any], space: str, block: int
) -> None:
    document = {f"b{key}": value for key, value in before.items()} | {"events": array}
    document |= {f"a{key}": value for key, value in after.items()}
    assert items(dumped(document, space), block) == array


@given(events, spaces, st.integers(1, 9))
def test_a_single_object_is_one_event(event: dict[str, Any], space: str, block: int) -> None:
    assert items(dumped(event, space), block) == [event]


@given(st.lists(st.lists(events, max_size=3) | events, max_size=4), st.sampled_from(["", "\n", " \r\n", ","]))
def test_documents_follow_one_another(documents: list[Any], between: str) -> None:
    text = between.join(dumped(document, "") for document in documents)
    wanted = [event for document in documents for event in (document if isinstance(document, list) else [document])]
    assert items(text, 5) == wanted


@given(st.lists(events, min_size=1, max_size=5), st.integers(1, 9), st.integers(1, 9), st.data())
def test_reading_goes_on_exactly_from_any_position(array: list[Any], block: int, other: int, data: Any) -> None:
    content = dumped(array, " ").encode()
    ends = [end for chunk in read(content, block) for end in chunk.ends]
    assert ends == list(range(1, len(array) + 1))
    start = data.draw(st.sampled_from([0, *ends]))
    assert items(content, other, start) == array[start:]
    assert all(chunk.start >= start for chunk in read(content, other, start))


@given(st.lists(events, min_size=1, max_size=4), st.integers(1, 9), st.data())
def test_a_document_cut_off_gives_its_complete_events_and_says_so(array: list[Any], block: int, data: Any) -> None:
    content = dumped(array, "").encode()
    cut = data.draw(st.integers(1, len(content) - 1))
    found, error = stuck(content[:cut], block)
    assert [json.loads(item) for item in found] == array[: len(found)]
    complete = [len(dumped(array[:n], "").encode()) - 1 for n in range(1, len(array) + 1)]
    assert len(found) == sum(end <= cut for end in complete)
    assert "ends in the middle" in str(error)


def test_lines_of_json_in_a_json_file_are_read() -> None:
    assert items('{"id":"a"}\n{"id":"b"}\r\n\n{"id":"c"}') == [{"id": "a"}, {"id": "b"}, {"id": "c"}]


lines_of_events = st.lists(events, min_size=2, max_size=6)


@given(lines_of_events, st.integers(1, 9), st.data())
def test_a_broken_line_does_not_hide_the_others(array: list[Any], block: int, data: Any) -> None:
    """Where each line is an event, whatever is open at the end of a line is broken there."""
    broken = data.draw(
        st.sampled_from([b'{"id":"x', b'{"id":"x}', b'{"a":[{}', b"}", b"]", b'{"a":"\\', b"{", b'"', b"7"])
    )
    at = data.draw(st.integers(2, len(array)))
    whole = [dumped(event, "").encode() for event in array]
    content = b"\n".join([*whole[:at], broken, *whole[at:], b""])
    found = [item for chunk in read(content, block) for item in chunk.items]
    assert found == [*whole[:at], broken, *whole[at:]]


def test_several_documents_on_a_line_are_several() -> None:
    text = '{"id":1}\n{"id":2}\n{"id":3}{"id":4}\n[{"id":5}, {"id":6}]\n \n{"events":[{"id":7}]}\n'
    assert [item["id"] for item in items(text)] == [1, 2, 3, 4, 5, 6, 7]


def test_events_over_several_lines_are_no_lines() -> None:
    array = [{"id": "a", "x": [1, {"y": 2}]}, {"id": "b"}]
    assert items("\n".join(json.dumps(event, indent=1) for event in array)) == array
    assert items('{"id":0}\n' + "\n".join(json.dumps(event, indent=1) for event in array)) == [{"id": 0}, *array]


def test_containers_one_a_line_are_no_lines() -> None:
    assert items('{"events":[{"id":1}]}\n{"events":[{"id":2},\n{"id":3}]}\n') == [{"id": 1}, {"id": 2}, {"id": 3}]


@pytest.mark.parametrize("last", ['[{"id":3}]', '{"id":3}', '{"events":[{"id":3}]}'])
def test_a_last_line_without_its_end_may_be_any_document(last: str) -> None:
    assert items('{"id":1}\n{"id":2}\n' + last) == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_a_last_line_cut_off_is_told_and_does_not_count() -> None:
    found, error = stuck(b'{"id":1}\n{"id":2}\n{"id":')
    assert found == [b'{"id":1}', b'{"id":2}']
    assert error.payload == b'{"id":'


@given(lines_of_events, st.integers(1, 6))
def test_a_file_that_grows_by_lines_goes_on_at_the_same_event(array: list[Any], known: int) -> None:
    """However few lines there were at first, when nothing showed yet that each is an event."""
    content = "".join(dumped(event, "") + "\n" for event in array).encode()
    known = min(known, len(array))
    shorter = b"".join(line + b"\n" for line in content.split(b"\n")[:known])
    ends = [end for chunk in read(shorter) for end in chunk.ends]
    assert items(content, start=ends[-1]) == array[known:]


def test_a_mark_at_the_start_is_passed_over() -> None:
    assert items(b'\xef\xbb\xbf[{"id":"a"}]') == [{"id": "a"}]


def test_brackets_inside_strings_are_no_structure() -> None:
    array = [{"a": '"events":[{}]\\'}, {"b": '}{][\\"'}]
    assert items(json.dumps(array), 1) == array


def test_an_events_key_that_is_not_at_the_top_is_content() -> None:
    event = {"id": "a", "properties": {"events": [1, {"x": 2}]}, 'x,"events":': [3]}
    assert items(json.dumps(event), 3) == [event]


def test_an_events_key_that_is_no_array_is_content() -> None:
    assert items('{"events": {"a": 1}}') == [{"events": {"a": 1}}]


@pytest.mark.parametrize(
    "broken", ['{"id" "b"}', "{b}", '{"id":}', "[1, 2]", '{"id":"b",}', '{"id":\x01}', "7", '"text"', "null", "{{}}"]
)
def test_a_broken_element_does_not_hide_the_others(broken: str) -> None:
    content = f'[{{"id":"a"}}, {broken}, {{"id":"c"}}]'.encode()
    found = [item for chunk in read(content, 4) for item in chunk.items]
    assert found == [b'{"id":"a"}', broken.encode(), b'{"id":"c"}']


@pytest.mark.parametrize("content", [b'nonsense [{"id":"a"}]', b'[{"id":"a"}]nonsense[{"id":"b"}]', b'7 {"id":"a"}'])
def test_what_stands_between_documents_is_an_item(content: bytes) -> None:
    found = [item for chunk in read(content, 4) for item in chunk.items]
    assert b'{"id":"a"}' in found
    assert set(found) & {b"nonsense", b"7"}


@pytest.mark.parametrize("content", [b"nonsense", b'[{"id":"a"}] nonsense', b'{"id":"a"} "text'])
def test_what_follows_the_last_document_is_told(content: bytes) -> None:
    found, error = stuck(content)
    assert found in ([], [b'{"id":"a"}'])
    assert error.payload in content
    assert error.payload


@pytest.mark.parametrize("content", [b'[{"id":"a"}]]', b'[{"id":"a"}, {"x":1]]', b'{"id":"a"}}'])
def test_a_bracket_that_does_not_match_ends_the_file_after_what_was_complete(content: bytes) -> None:
    found, error = stuck(content, 3)
    assert found == [b'{"id":"a"}']
    assert "bracket" in str(error)


@pytest.mark.parametrize("content", [b"", b" \n", b"[]", b'{"events":[]}', b"\xef\xbb\xbf", b"[] []"])
def test_nothing_is_no_event(content: bytes) -> None:
    assert read(content) == []


def test_a_large_file_comes_in_portions() -> None:
    array = [{"id": str(n), "text": "x" * 1000} for n in range(2_000)]
    found = read(json.dumps(array).encode())
    assert len(found) > 4
    assert [chunk.start for chunk in found] == [0, *(chunk.ends[-1] for chunk in found)][:-1]


def test_a_value_without_end_is_given_up_and_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonfile, "MAX_ITEM_BYTES", 10_000)
    found, error = stuck(b'[{"id":"a"},{"id":"' + b"x" * 1_000_000, 1_000)
    assert found == [b'{"id":"a"}']
    assert "10000" in str(error)


@pytest.mark.timeout(10)
def test_thousands_of_arrays_in_one_object_are_read_in_time() -> None:
    event = {f"key-{n}": [n] for n in range(20_000)}
    assert items(json.dumps(event)) == [event]


def test_deep_nesting_is_no_problem_for_the_structure() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    found = [item for chunk in read(b'[{"id":"a"},' + deep + b',{"id":"b"}]') for item in chunk.items]
    assert found == [b'{"id":"a"}', deep, b'{"id":"b"}']
