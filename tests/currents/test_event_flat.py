import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.currents import rawjson
from heap_tui.currents.event import decode
from heap_tui.currents.flat import USER_FIELDS
from tests.fakes import json_texts
from tests.fakes.event_texts import EVENT_TYPE, GOOD, filled, numbers
from tests.fakes.json_texts import name

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
