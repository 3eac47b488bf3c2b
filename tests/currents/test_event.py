import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heap_tui.currents import rawjson
from heap_tui.currents.event import MAX_EVENT_BYTES, Heads, decode, plain_heads
from tests.fakes import json_texts
from tests.fakes.event_texts import EVENT_TYPE, GOOD, fate, http_pairs, with_value, without


@settings(max_examples=150)
@given(http_pairs(json_texts.not_null).flatmap(json_texts.objects), st.booleans())
def test_an_event_that_needs_no_change_passes_byte_for_byte(line: bytes, nulls: bool) -> None:
    event = decode(line, nulls=nulls)
    content = json.loads(line)
    assert event.raw is line
    assert event.id == content["id"]
    assert event.type == content["event_type"]
    assert event.identified == bool(content["user"].get("external_user_id"))


@pytest.mark.parametrize(
    "properties",
    [
        '{"ünï":"héllo — 日本語 🎉"}',
        '{"a":"\\u00e9\\ud83d\\ude00\\/\\b"}',
        '{"a":"\\ud800","\\udfff":1}',
        '{"a":123456789012345678901234567890,"b":1e400,"c":-0.0,"d":1.10,"e":1E+2}',
        '{ "b" :\t1 ,\r\n "a" : [ 1 , { "c" : { } } ] }',
        '{"custom_properties":{"z":1,"a":{"n":[null,{"x":null}]}}}',
        '{"a":"null","b":[null]}',
        '{"a":1,"a":2}',
    ],
)
def test_odd_but_legal_content_passes_byte_for_byte(properties: str) -> None:
    line = GOOD.replace(b'"properties":{}', b'"properties":' + properties.encode())
    assert decode(line).raw is line


def test_an_event_without_user_or_without_properties_passes_byte_for_byte() -> None:
    for line in (
        b'{"event_type":"t","id":"a","time":1,"properties":{"a":{"b":1}}}',
        b'{"event_type":"t","id":"a","time":1,"user":{}}',
        b'{"event_type":"users.behaviors.CustomEvent","id":"a","time":1,"properties":{"name":"x"}}',
    ):
        assert decode(line).raw is line


@given(http_pairs(json_texts.values), st.data())
def test_nulls_are_left_out_and_all_else_keeps_its_bytes(pairs: list[json_texts.Pair], data: st.DataObject) -> None:
    line = data.draw(json_texts.objects(pairs))
    got = rawjson.members(decode(line).raw)
    wanted = {key: value for key, value in rawjson.members(line).items() if value != b"null"}
    assert list(got) == list(wanted)
    for part in ("user", "properties"):
        inside = rawjson.members(wanted.pop(part))
        there = [(key, value) for key, value in inside.items() if value != b"null"]
        assert list(rawjson.members(got.pop(part)).items()) == there
    assert got == wanted


def test_a_null_user_or_null_properties_is_left_out() -> None:
    line = b'{"event_type":"t","id":"a","time":1,"user":null,"properties":{"a": 1.0}}'
    assert decode(line).raw == b'{"event_type":"t","id":"a","time":1,"properties":{"a": 1.0}}'
    line = b'{"event_type":"t","id":"a","time":1,"user":{"user_id":"u"},"properties":null,"x":null}'
    assert decode(line).raw == b'{"event_type":"t","id":"a","time":1,"user":{"user_id":"u"}}'


lines = http_pairs(json_texts.not_null).flatmap(json_texts.objects)
others = st.sampled_from(
    [
        b"",
        b"{}",
        b"[]",
        b'{"id":"a","event_type":"t","time":1}',
        b'{"id":"","event_type":"t","time":1,"user":{}}',
        b'{"id":"a","event_type":"","time":1,"user":{}}',
        b'{"id":"a","event_type":"t","time":"1","user":{}}',
        b'{"id":"\\ud800","event_type":"t","time":1,"user":{}}',
        GOOD.replace(b"{}", b'{"a":"' + b"x" * MAX_EVENT_BYTES + b'"}'),
    ]
)


@given(st.lists(lines, max_size=4), st.lists(others, max_size=1))
def test_plain_heads_say_the_same_as_decoding_each(good: list[bytes], odd: list[bytes]) -> None:
    plain = [line for line in [*good, *odd] if b"null" not in line]
    found = plain_heads(plain)
    if found is None:
        assert any(isinstance(fate(line), str) or b"\\ud" in line.lower() or line in odd for line in plain)
        return
    for line, *head in zip(plain, found.ids, found.types, found.identified, strict=True):
        event = decode(line)
        assert event.raw is line
        assert [event.id, event.type, event.identified] == head


def test_events_that_pass_as_they_are_have_plain_heads() -> None:
    assert plain_heads([]) == Heads([], [], [])
    found = plain_heads([GOOD, GOOD.replace(b"a-1", b"a-2").replace(b"user_id", b"external_user_id")])
    assert found == Heads(["a-1", "a-2"], [EVENT_TYPE] * 2, [False, True])


@pytest.mark.parametrize("odd", [b"", b"{}", with_value("id", b'""'), with_value("time", b'"1"'), without("user")])
def test_one_odd_line_sends_all_of_them_the_long_way(odd: bytes) -> None:
    assert plain_heads([GOOD, odd]) is None


@pytest.mark.parametrize(
    ("user", "identified"),
    [
        (b'{"external_user_id":"x"}', True),
        (b'{"external_user_id":7}', True),
        (b'{"external_user_id":""}', False),
        (b'{"external_user_id":null}', False),
        (b'{"user_id":"x"}', False),
        (b"{}", False),
    ],
)
def test_an_event_is_identified_by_its_external_user_id(user: bytes, identified: bool) -> None:
    assert decode(GOOD.replace(b'{"user_id":"u"}', user)).identified is identified
    if user != b"{}":
        assert decode(b'{"id":"a","event_type":"t","time":1,' + user[1:]).identified is identified


@settings(max_examples=150)
@given(
    st.binary(max_size=40) | json_texts.values | http_pairs(json_texts.values).flatmap(json_texts.objects), st.data()
)
@example(b"", None)
def test_whatever_comes_is_a_valid_event_or_rejected(line: bytes, data: st.DataObject | None) -> None:
    if data is not None and line:
        at = data.draw(st.integers(0, len(line)))
        line = line[:at] + data.draw(st.sampled_from((b"", b"\xff", b'"', b"}", b"\\", b"null", b","))) + line[at + 1 :]
    event = fate(line, "hint")
    if isinstance(event, str):
        assert event
        return
    rawjson.check(event.raw)
    members = rawjson.members(event.raw)
    assert event.id == rawjson.string(members["id"]) != ""
    assert event.type == rawjson.string(members["event_type"]) != ""
    assert isinstance(json.loads(members["time"]), int | float)
