"""What a body holds, judged without any network."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.sandbox.body import EVENT_LIMIT, BodyError, holds_null, read_events

GOOD = b'{"event_type":"users.messages.email.Click","id":"a","time":1700000000,"user":{},"properties":{}}'


def body(*events: bytes) -> bytes:
    return b'{"events":[' + b",".join(events) + b"]}"


def refusal(text: bytes) -> BodyError:
    with pytest.raises(BodyError) as caught:
        read_events(text)
    return caught.value


@pytest.mark.parametrize("text", [b"", b" \r\n\t", b'{"events": []}', b' {"other": 1, "events" : [ ] } '])
def test_nothing_and_no_events_are_no_ops(text: bytes) -> None:
    assert read_events(text) == []


def test_an_event_keeps_its_bytes() -> None:
    raw = b'{ "time" : 1.70e9,\n "id":"a\\u0041", "event_type":"t", "new": [1e400, "\\/", 1.0] }'
    (event,) = read_events(body(raw))
    assert (event.event_type, event.id, event.time, event.raw) == ("t", "aA", 1.7e9, raw)


@pytest.mark.parametrize(
    "text",
    [
        b"hello",
        b'{"events": [',
        b'{"events": []} x',
        b'{"events": [NaN]}',
        b'{"events": [], "x": Infinity}',
        b"\xef\xbb\xbf" + body(GOOD),
        b'{"events": [], "x": "a\nb"}',
        b'{"events": [], "x": 01}',
    ],
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    error = refusal(text)
    assert "not JSON" in error.reason
    assert error.index is None


def test_bytes_that_are_not_utf8_are_refused_with_their_place() -> None:
    assert "byte 15" in refusal(b'{"events":[], "\xff": 1}').reason


def test_nesting_without_end_is_refused() -> None:
    assert "nested too deeply" in refusal(b'{"events":' + b"[" * 100_000).reason
    deep = b'{"id":"a","event_type":"t","time":1,"x":' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert "nested too deeply" in refusal(body(deep)).reason


@pytest.mark.parametrize("text", [b"[]", b"null", b"{}", b'{"events": {}}', b'{"events": null}', b'{"event": []}'])
def test_json_without_an_events_array_is_refused(text: bytes) -> None:
    assert refusal(text).field == "events"


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (b'{"id":"a","time":1}', "event_type"),
        (b'{"event_type":"t","time":1}', "id"),
        (b'{"event_type":"t","id":"a"}', "time"),
        (b'{"event_type":"","id":"a","time":1}', "event_type"),
        (b'{"event_type":"t","id":"","time":1}', "id"),
        (b'{"event_type":"t","id":7,"time":1}', "id"),
        (b'{"event_type":["t"],"id":"a","time":1}', "event_type"),
        (b'{"event_type":"t","id":"a","time":"1"}', "time"),
        (b'{"event_type":"t","id":"a","time":true}', "time"),
        (b'{"event_type":"t","id":"a","time":null}', "time"),
        (b'{"event_type":"t","id":"a","time":1e400}', "time"),
        (b'{"event_type":"t","id":"a","time":' + b"9" * 400 + b"}", "time"),
        (b'{"event_type":"t","id":"a","time":' + b"9" * 5000 + b"}", "time"),
        (b'{"event_type":"t","id":"a","time":1,"user":"u"}', "user"),
        (b'{"event_type":"t","id":"a","time":1,"properties":[]}', "properties"),
        (b'{"event_type":"t","time":1,"x":' + b"9" * 5000 + b"}", "id"),
        (b"{}", "event_type"),
    ],
)
def test_a_wrong_field_is_named_with_the_place_of_its_event(event: bytes, field: str) -> None:
    error = refusal(body(GOOD, GOOD, event))
    assert (error.index, error.field) == (2, field)
    assert "event 2" in error.reason
    assert field in error.reason


@pytest.mark.parametrize("event", [b"1", b'"x"', b"[]", b"null", b"true"])
def test_an_event_that_is_no_object_is_refused_with_its_place(event: bytes) -> None:
    error = refusal(body(GOOD, event))
    assert (error.index, error.field) == (1, None)


def test_an_event_of_900_kb_is_the_largest() -> None:
    empty = b'{"event_type":"t","id":"a","time":1,"properties":{"x":""}}'
    largest = empty.replace(b'""', b'"' + b"x" * (EVENT_LIMIT - len(empty)) + b'"')
    assert len(read_events(body(largest))) == 1
    error = refusal(body(GOOD, largest.replace(b"x", b"xx", 1)))
    assert error.index == 1
    assert str(EVENT_LIMIT) in error.reason


@pytest.mark.parametrize("number", [b"1", b"-1", b"0.5", b"1700000000.25", b"9223372036854775808"])
def test_any_finite_number_is_a_time(number: bytes) -> None:
    (event,) = read_events(body(b'{"event_type":"t","id":"a","time":' + number + b"}"))
    assert event.time == json.loads(number)


def test_lone_surrogates_are_judged_by_the_standard_parser() -> None:
    strange = b'{"event_type":"t","id":"\\ud800","time":1,"properties":{"a":"\\udc00, {[","b":1}}'
    first, second = read_events(b'{"x": "\\ud8ff", "events": [' + GOOD + b" , " + strange + b"] }")
    assert first.raw == GOOD
    assert (second.id, second.raw) == ("\ud800", strange)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'{"a": null}', True),
        (b"[null]", True),
        (b'{"a": "null"}', False),
        (b'{"a": "\\"null\\", null"}', False),
        (b'{"null": 1}', False),
        (b'{"a": "\\\\", "b": null}', True),
        (b"{}", False),
    ],
)
def test_nulls_are_seen_outside_strings_only(text: bytes, found: bool) -> None:
    assert holds_null(text) is found


ANY_TEXT = st.text(st.characters(), min_size=1)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {"event_type": ANY_TEXT, "id": ANY_TEXT, "time": st.integers(0, 2**40)},
    optional={"properties": st.dictionaries(ANY_TEXT, JSON_VALUES, max_size=4)},
)


@given(st.lists(EVENTS, max_size=5), st.sampled_from([None, 1]))
def test_every_valid_body_gives_its_events_byte_for_byte(events: list[dict[str, object]], indent: int | None) -> None:
    raws = [json.dumps(event, indent=indent).encode() for event in events]
    received = read_events(b'{"events":[' + b" ,\n".join(raws) + b"]}")
    assert [event.raw for event in received] == raws
    assert [(event.event_type, event.id) for event in received] == [(e["event_type"], e["id"]) for e in events]


@given(JSON_VALUES)
def test_nulls_are_found_as_the_standard_parser_finds_them(value: object) -> None:
    def has_null(part: object) -> bool:
        if isinstance(part, dict):
            return any(map(has_null, part.values()))
        return part is None or (isinstance(part, list) and any(map(has_null, part)))

    assert holds_null(json.dumps(value).encode()) is has_null(value)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_body_makes_anything_but_events_or_a_refusal(text: bytes) -> None:
    with contextlib.suppress(BodyError):
        assert isinstance(read_events(text), list)
