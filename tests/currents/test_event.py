import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heap_tui.currents import rawjson
from heap_tui.currents.event import MAX_EVENT_BYTES, Event, Rejected, decode
from heap_tui.currents.flat import USER_FIELDS
from tests.fakes import json_texts
from tests.fakes.json_texts import name

patient = settings(deadline=None)
GOOD = (
    b'{"event_type":"users.messages.email.Click","id":"a-1","time":1700000000,"user":{"user_id":"u"},"properties":{}}'
)
EVENT_TYPE = "users.messages.email.Click"
numbers = st.integers(0, 2**40).map(lambda n: str(n).encode()) | st.sampled_from(
    (b"1.5", b"1e9", b"-1", b"1e400", b"9" * 40)
)
filled = json_texts.strings.filter(lambda text: text != b'""')
other_names = json_texts.strings.filter(
    lambda key: json.loads(key) not in ("id", "event_type", "time", "user", "properties")
)


@st.composite
def http_pairs(draw: st.DrawFn, values: st.SearchStrategy[bytes]) -> list[json_texts.Pair]:
    """The members of an HTTP-shaped event, in any order, with `values` in all places for values."""
    user = draw(json_texts.pair_lists(values, json_texts.strings.filter(lambda key: key != b'"external_user_id"')))
    if draw(st.booleans()):
        user.append((b'"external_user_id"', draw(json_texts.strings)))
    pairs = [
        (b'"id"', draw(filled)),
        (b'"event_type"', draw(filled)),
        (b'"time"', draw(numbers)),
        (b'"user"', draw(json_texts.objects(user))),
        (b'"properties"', draw(json_texts.objects(draw(json_texts.pair_lists(values))))),
        *draw(json_texts.pair_lists(values, other_names)),
    ]
    return draw(st.permutations(pairs))


@settings(deadline=None, max_examples=150)
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


@patient
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


flat_names = st.lists(
    st.sampled_from(("campaign_id", "canvas_id", "url", "ünï", "is_test", 'q"', "app_id"))
    | st.sampled_from(USER_FIELDS),
    unique=True,
)


@st.composite
def flat_pairs(draw: st.DrawFn) -> list[json_texts.Pair]:
    """The members of a flat record of a type that has no floats and no JSON text, in any order."""
    # An object would be taken for a union where it has a single member named like one of Avro's types.
    values = json_texts.values.filter(lambda value: not value.startswith(b"{"))
    pairs = [(b'"id"', draw(filled)), (b'"event_type"', name(EVENT_TYPE)), (b'"time"', draw(numbers))]
    return draw(st.permutations([*pairs, *((name(key), draw(values)) for key in draw(flat_names))]))


@patient
@given(flat_pairs(), st.data())
def test_a_flat_record_becomes_an_event_with_every_value_as_it_was(
    pairs: list[json_texts.Pair], data: st.DataObject
) -> None:
    event = decode(data.draw(json_texts.objects(pairs)))
    there = {json.loads(key): value for key, value in pairs if value != b"null"}
    got = rawjson.members(event.raw)
    assert list(got) == ["event_type", "id", "time", "user", "properties"]
    assert {key: got[key] for key in ("id", "event_type", "time")} == {
        key: there.pop(key) for key in ("id", "event_type", "time")
    }
    assert rawjson.members(got["user"]) == {key: there.pop(key) for key in USER_FIELDS if key in there}
    assert list(rawjson.members(got["properties"]).items()) == list(there.items())


def branch(value: bytes) -> str:
    """The name of Avro's type for a JSON text."""
    if value.startswith(b'"'):
        return "string"
    if value.startswith(b"["):
        return "array"
    return "boolean" if value in (b"true", b"false") else "long"


@patient
@given(flat_pairs(), st.data())
def test_a_union_wrapped_record_becomes_the_same_event_as_a_plain_one(
    pairs: list[json_texts.Pair], data: st.DataObject
) -> None:
    wrapped = [
        (key, value if value == b"null" or data.draw(st.booleans()) else b'{"%s":%s}' % (branch(value).encode(), value))
        for key, value in pairs
    ]
    plain = data.draw(json_texts.objects(pairs))
    assert decode(data.draw(json_texts.objects(wrapped))) == decode(plain)


def flat(**fields: Any) -> bytes:
    return json.dumps({"id": "a", "event_type": "users.behaviors.CustomEvent", "time": 1, **fields}).encode()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"a": 1.10, "b": [null, "\\u00e9"]}', {"custom_properties": {"a": 1.1, "b": [None, "é"]}}),
        ("  {}\n", {"custom_properties": {}}),
        ("{}", {"custom_properties": {}}),
        ("", {}),
        (" \n", {}),
        (None, {}),
        ("[1]", {"custom_properties": "[1]"}),
        ('"x"', {"custom_properties": '"x"'}),
        ("{broken", {"custom_properties": "{broken"}),
        ('{"a": NaN}', {"custom_properties": '{"a": NaN}'}),
        ("{}{}", {"custom_properties": "{}{}"}),
        ('{"a":"\ud800"}', {"custom_properties": '{"a":"\ud800"}'}),
        ("[" * 5000, {"custom_properties": "[" * 5000}),
        ({"a": None}, {"custom_properties": {"a": None}}),
    ],
)
def test_json_text_of_custom_events_becomes_an_object_and_other_text_stays_text(text: Any, wanted: Any) -> None:
    assert json.loads(decode(flat(user_id="u", properties=text)).raw)["properties"] == wanted
    if isinstance(text, str):
        assert json.loads(decode(flat(user_id="u", properties={"string": text})).raw)["properties"] == wanted


def test_custom_json_text_keeps_its_bytes() -> None:
    raw = decode(flat(user_id="u", properties='{ "b": 1.10, "a": 1e400, "c": "\\ud800" }')).raw
    assert raw.endswith(b'"properties":{"custom_properties":{ "b": 1.10, "a": 1e400, "c": "\\ud800" }}}')


def test_a_purchase_has_purchase_properties() -> None:
    line = flat(event_type="users.behaviors.Purchase", user_id="u", price=3.140000104904175, properties='{"a":1}')
    assert json.loads(decode(line).raw)["properties"] == {"price": 3.14, "purchase_properties": {"a": 1}}


def test_an_escaped_event_type_is_the_same_event_type() -> None:
    line = flat(user_id="u", properties='{"a":1}').replace(b"CustomEvent", b"Custom\\u0045vent")
    assert json.loads(decode(line).raw)["properties"] == {"custom_properties": {"a": 1}}


def test_other_types_keep_a_field_named_properties() -> None:
    line = flat(event_type=EVENT_TYPE, user_id="u", properties="{}")
    assert json.loads(decode(line).raw)["properties"] == {"properties": "{}"}


@pytest.mark.parametrize("own", ["", b'"event_type":null,', b'"event_type":"",', b'"event_type":{"string":""},'])
def test_a_flat_record_without_a_type_of_its_own_has_that_of_its_file(own: bytes | str) -> None:
    line = (
        b'{"id":"a",' + (own or b"") + b'"time":1,"user_id":"u"}' if isinstance(own, bytes) else b'{"id":"a","time":1}'
    )
    assert decode(line, "users.messages.sms.Send").type == "users.messages.sms.Send"


def test_the_type_of_the_file_does_not_replace_a_records_own() -> None:
    assert decode(b'{"id":"a","event_type":"own","time":1}', "hint").type == "own"
    assert decode(GOOD, "hint").type == EVENT_TYPE


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


def without(field: str) -> bytes:
    return json.dumps({key: value for key, value in json.loads(GOOD).items() if key != field}).encode()


def with_value(field: str, value: bytes) -> bytes:
    return rawjson.join({**rawjson.members(GOOD), field: value}.items())


REJECTED = [
    (b"", "JSON object"),
    (b" ", "JSON object"),
    (b"[]", "JSON object"),
    (b"[" + GOOD + b"]", "JSON object"),
    (b"1", "JSON object"),
    (b"null", "JSON object"),
    (b'"x"', "JSON object"),
    (b"{", "not an event"),
    (GOOD + GOOD, "not an event"),
    (GOOD[:-1], "not an event"),
    (GOOD.replace(b"{}", b'{"a":NaN}'), "NaN"),
    (GOOD.replace(b"{}", b'{"a":Infinity}'), "Infinity"),
    (GOOD.replace(b"{}", b'{"a":[-Infinity]}'), "-Infinity"),
    (GOOD.replace(b"{}", b'{"a":"\x00"}'), "not an event"),
    (GOOD.replace(b"{}", b'{"a":"\xff"}'), "UTF-8"),
    (GOOD.replace(b"{}", b'{"a":"\xed\xa0\x80"}'), "UTF-8"),
    (GOOD.decode().encode("utf-16"), "UTF-8"),
    (b"\xef\xbb\xbf" + GOOD, "byte order mark"),
    *((without(field), f"{field} is missing") for field in ("id", "event_type", "time")),
    *((with_value(field, b"null"), f"{field} is missing") for field in ("id", "event_type", "time")),
    *((with_value(field, b'""'), field) for field in ("id", "event_type")),
    *(
        (with_value(field, value), field)
        for field in ("id", "event_type")
        for value in (b"1", b"true", b"{}", b'["a"]')
    ),
    *((with_value("time", value), "time") for value in (b"true", b'"1700000000"', b"[]", b"{}", b'""')),
    (b'{"id":"a","event_type":"t","time":true}', "time"),
    (b'{"id":"","event_type":"t","time":1}', "id"),
    (b'{"id":"a","time":1}', "event_type"),
    (b'{"event_type":"t","time":1}', "id"),
    (b"{}", "id"),
]


@pytest.mark.parametrize(("line", "reason"), REJECTED)
def test_what_is_no_event_is_rejected_with_a_reason_that_names_the_field(line: bytes, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode(line)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "start", [GOOD[:-2], GOOD[:-2].replace(b"u", b"\\ud800"), b'{"id":"a","event_type":"t","time":1']
)
def test_an_event_is_as_large_as_braze_sends_it_and_no_larger(start: bytes) -> None:
    end = b'"}}' if start.startswith(GOOD[:13]) else b'"}'
    begin = start + (b'"a":"' if end == b'"}}' else b',"a":"')
    fitting = begin + b"x" * (MAX_EVENT_BYTES - len(begin) - len(end)) + end
    if end == b'"}}':
        assert decode(fitting).raw is fitting
    with pytest.raises(Rejected, match=str(MAX_EVENT_BYTES)):
        decode(fitting.replace(b'"x', b'"xx'))


def nested(depth: int, shape: int) -> bytes:
    inside = (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth)[shape % 2]
    begin = (
        GOOD[:-2] + b'"p":',
        b'{"id":"a","event_type":"t","time":1,"p":',
        b'{"id":"a","event_type":"t","time":1,"q":null,"p":',
    )
    return begin[shape // 2] + inside + (b"}}" if shape // 2 == 0 else b"}")


def fate(line: bytes, hint: str = "") -> Event | str:
    """The event, or why there is none."""
    try:
        return decode(line, hint)
    except Rejected as error:
        return str(error)


@pytest.mark.parametrize("shape", range(6))
def test_deep_nesting_is_accepted_or_rejected_but_never_a_crash(shape: int) -> None:
    fates = [fate(nested(depth, shape)) for depth in (1, 50, *range(300, 1100, 7), 10_000, 200_000)]
    accepted = [isinstance(event, Event) for event in fates]
    assert accepted[0]
    assert not accepted[-1]
    assert all(shallower or not deeper for shallower, deeper in pairwise(accepted))
    assert {event for event in fates if isinstance(event, str)} == {"nested too deeply"}


@settings(deadline=None, max_examples=150)
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
