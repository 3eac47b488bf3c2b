import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.currents import rawjson
from tests.fakes import json_texts


@given(st.data())
def test_members_keep_order_and_the_bytes_of_every_value(data: st.DataObject) -> None:
    pairs = data.draw(json_texts.pair_lists(json_texts.values))
    text = data.draw(json_texts.white) + data.draw(json_texts.objects(pairs)) + data.draw(json_texts.white)
    assert list(rawjson.members(text).items()) == [(json.loads(key), value) for key, value in pairs]


@given(st.data())
def test_elements_keep_order_and_the_bytes_of_every_value(data: st.DataObject) -> None:
    items = data.draw(st.lists(json_texts.values, max_size=4))
    text = data.draw(json_texts.white) + data.draw(json_texts.arrays(items)) + data.draw(json_texts.white)
    assert rawjson.elements(text) == items


@given(st.dictionaries(st.text(st.characters()), json_texts.values, max_size=4))
def test_joined_members_come_apart_as_they_were(members: dict[str, bytes]) -> None:
    assert rawjson.members(rawjson.join(members.items())) == members


@given(st.lists(json_texts.values, max_size=4))
def test_joined_elements_come_apart_as_they_were(items: list[bytes]) -> None:
    assert rawjson.elements(rawjson.join_array(items)) == items


@given(st.text(st.characters()))
def test_any_string_is_quoted_as_json_that_reads_back_as_itself(text: str) -> None:
    quoted = rawjson.quote(text)
    assert quoted.decode("utf-8")
    assert rawjson.string(quoted) == text


@given(json_texts.values)
def test_whatever_is_json_passes_the_check(text: bytes) -> None:
    rawjson.check(text)


BROKEN = (
    *(b"", b" ", b"{", b"{]", b'{"a"}', b'{"a":1,}', b"[1,]", b"nul", b"NaN", b"[Infinity]", b'{"a":-Infinity}'),
    *(b"'a'", b'"\x01"', b'{"a":1}x', b"\xef\xbb\xbf{}", b"{'a':1}", b"01", b"+1", b".5", b"1.", b'"\\x"', b'"\\u12"'),
)


@pytest.mark.parametrize("text", BROKEN)
def test_whatever_is_not_json_is_refused_by_all_readers(text: bytes) -> None:
    for read in (rawjson.check, rawjson.members, rawjson.elements):
        with pytest.raises(ValueError):
            read(text)


@pytest.mark.parametrize("text", [b'{"a":"\xff"}', b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\xaf"'])
def test_text_that_is_not_utf8_does_not_pass_the_check(text: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        rawjson.check(text)


def test_of_a_name_that_is_there_twice_the_last_value_counts() -> None:
    assert rawjson.members(b'{"a":1,"b":2,"a":3}') == {"a": b"3", "b": b"2"}


def test_members_are_of_objects_and_elements_of_arrays_only() -> None:
    for text in (b"[]", b'"{}"', b"1", b"null", b'["\\ud800"]', b" [1]"):
        with pytest.raises(ValueError):
            rawjson.members(text)
    for text in (b"{}", b'"[]"', b"1", b"null", b'{"a":"\\ud800"}', b" {}"):
        with pytest.raises(ValueError):
            rawjson.elements(text)


def test_a_string_is_not_read_from_another_kind_of_value() -> None:
    with pytest.raises(ValueError, match="string"):
        rawjson.string(b"1")


def test_a_huge_string_beside_a_lone_surrogate_is_split_without_huge_memory() -> None:
    long = b'"' + b'a\\"' * 200_000 + b'"'
    tracemalloc.start()
    try:
        members = rawjson.members(b'{"a":"\\ud800","b":' + long + b"}")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert members["b"] == long
    assert peak < 12 * len(long)
