import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.currents import event
from heap_tui.currents.transform import REDACTED, Transform, hash_value
from tests.fakes import json_texts

RULED = ("email", "phone_number", 'a"b', "é", "a/b", "a\\b", "", ",", "properties", "user", "id", "time")
# The same name as several writers spell it.
SPELLINGS = {
    "email": (b'"email"', b'"\\u0065mail"', b'"e\\u006dail"'),
    'a"b': (b'"a\\"b"', b'"a\\u0022b"'),
    "é": ('"é"'.encode(), b'"\\u00e9"', b'"\\u00E9"'),
    "a/b": (b'"a/b"', b'"a\\/b"', b'"a\\u002fb"'),
    "a\\b": (b'"a\\\\b"', b'"a\\u005cb"'),
}


def sha256(content: bytes) -> bytes:
    return b'"' + hashlib.sha256(content).hexdigest().encode() + b'"'


def pairs_of(text: bytes) -> Any:
    """A text with its objects as lists of members, so that repeated names stay."""
    return json.loads(text, object_pairs_hook=lambda pairs: ("object", pairs), parse_float=str, parse_int=str)


def expected(value: Any, remove: frozenset[str], hashed: frozenset[str], depth: int = 0) -> Any:
    """The rules applied to a read text; what becomes a hash of an object or array is only marked."""
    if isinstance(value, list):
        return [expected(item, remove, hashed, depth + 1) for item in value]
    if not isinstance(value, tuple):
        return value
    return ("object", [(key, _expected_member(key, inner, remove, hashed, depth + 1)) for key, inner in value[1]])


def _expected_member(key: str, value: Any, remove: frozenset[str], hashed: frozenset[str], depth: int) -> Any:
    envelope = depth == 1 and key in ("id", "event_type", "time")
    if envelope or value is None or key not in remove | hashed:
        return expected(value, remove, hashed, depth)
    return "[REDACTED]" if key in remove else ("hash", value)


def agrees(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, tuple) and wanted[0] == "hash":
        if isinstance(wanted[1], str) and not _is_number(wanted[1]):
            return bool(got == hashlib.sha256(wanted[1].encode("utf-8", "surrogatepass")).hexdigest())
        return isinstance(got, str) and len(got) == 64
    if isinstance(wanted, tuple):
        return len(got[1]) == len(wanted[1]) and all(
            one[0] == two[0] and agrees(one[1], two[1]) for one, two in zip(got[1], wanted[1], strict=True)
        )
    if isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(agrees, got, wanted))
    return bool(got == wanted)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


keys = st.sampled_from(RULED).flatmap(lambda name: st.sampled_from(SPELLINGS.get(name, (json_texts.name(name),))))
members = st.lists(st.tuples(keys | json_texts.strings, json_texts.values), max_size=4)
nested = st.recursive(
    members.flatmap(json_texts.objects),
    lambda inner: (
        st.lists(inner | json_texts.scalars, max_size=3).flatmap(json_texts.arrays)
        | st.lists(st.tuples(keys | json_texts.strings, inner | json_texts.scalars), max_size=3).flatmap(
            json_texts.objects
        )
    ),
    max_leaves=6,
)
events = st.lists(st.tuples(keys | json_texts.strings, nested | json_texts.scalars), max_size=5).flatmap(
    json_texts.objects
)
rules = st.frozensets(st.sampled_from(RULED), max_size=4)


@settings(max_examples=200)
@given(events, rules, rules)
def test_rules_reach_every_name_wherever_it_stands_and_nothing_else(
    raw: bytes, remove: frozenset[str], hashed: frozenset[str]
) -> None:
    after = Transform(remove, hashed).apply(raw)
    assert agrees(pairs_of(after), expected(pairs_of(raw), remove, hashed))


@given(events)
def test_an_event_that_no_rule_is_for_is_the_same_object(raw: bytes) -> None:
    assert Transform().apply(raw) is raw
    assert Transform(["not there"], ["nor this"]).apply(raw) is raw


@given(st.data(), st.sampled_from(("email", 'a"b', "a/b")))
def test_all_around_a_replaced_value_keeps_its_bytes(data: st.DataObject, name: str) -> None:
    others = data.draw(json_texts.pair_lists(json_texts.values))
    key, value = data.draw(st.sampled_from(SPELLINGS[name])), data.draw(json_texts.not_null)
    at = data.draw(st.integers(0, len(others)))
    place = b"<here>"
    properties = data.draw(json_texts.objects([*others[:at], (key, place), *others[at:]]))
    left, right = data.draw(json_texts.objects([(b'"user"', b"{}"), (b'"properties"', properties)])).split(place)
    assert Transform(remove=[name]).apply(left + value + right) == left + REDACTED + right
    assert Transform(hash_fields=[name]).apply(left + value + right) == left + hash_value(value) + right


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_the_hash_of_a_string_is_the_sha256_of_its_text(text: str) -> None:
    assert hash_value(json.dumps(text).encode()) == sha256(text.encode())
    assert hash_value(json.dumps(text, ensure_ascii=False).encode()) == sha256(text.encode())


def test_the_hash_of_another_value_is_that_of_its_json_text() -> None:
    for value in (b"1.10", b"true", b'{"a": 1}', b"[1, 2]"):
        assert hash_value(value) == sha256(value)


def test_a_string_with_a_lone_surrogate_has_a_hash() -> None:
    assert hash_value(b'"\\ud800"') == sha256("\ud800".encode("utf-8", "surrogatepass"))


def test_the_envelope_is_never_touched_but_its_names_are_further_inside() -> None:
    raw = b'{"id":"a","event_type":"t","time":1,"user":{"id":"b"},"properties":{"time":2,"x":{"event_type":"u"}}}'
    after = Transform(remove=["id", "time", "event_type"]).apply(raw)
    assert after == (
        b'{"id":"a","event_type":"t","time":1,"user":{"id":"[REDACTED]"},'
        b'"properties":{"time":"[REDACTED]","x":{"event_type":"[REDACTED]"}}}'
    )


def test_a_transform_without_rules_says_so() -> None:
    assert Transform().is_empty
    assert not Transform(["a"]).is_empty
    assert not Transform([], ["a"]).is_empty


def test_remove_wins_over_hash() -> None:
    assert Transform(["a"], ["a"]).apply(b'{"user":{"a":"x"}}') == b'{"user":{"a":"[REDACTED]"}}'


def test_null_stays_null() -> None:
    raw = b'{"properties":{"x":{"email":null}}}'
    assert Transform(["email"]).apply(raw) == raw
    assert Transform([], ["email"]).apply(raw) == raw


@pytest.mark.parametrize(
    "value", [b"{}", b"[]", b'{"b":[{"c":"}"}]}', b'[[{"email":"x"}],"]"]', b'{"email":{"email":1}}']
)
def test_an_object_or_array_is_replaced_as_a_whole(value: bytes) -> None:
    raw = b'{"user":{},"properties":{"email":' + value + b',"email_2":1}}'
    assert Transform(["email"]).apply(raw) == b'{"user":{},"properties":{"email":"[REDACTED]","email_2":1}}'
    hashed = Transform([], ["email"]).apply(raw)
    assert hashed == b'{"user":{},"properties":{"email":' + sha256(value) + b',"email_2":1}}'


def test_objects_in_arrays_are_reached() -> None:
    raw = b'{"properties":{"custom_properties":{"list":["email",{"email":"x"},[{"email": 2 }]]}}}'
    wanted = (
        b'{"properties":{"custom_properties":{"list":["email",{"email":"[REDACTED]"},[{"email": "[REDACTED]" }]]}}}'
    )
    assert Transform(["email"]).apply(raw) == wanted


def test_a_name_inside_a_string_is_not_a_field() -> None:
    raw = b'{"properties":{"text":"\\"email\\":\\"x\\"","email_":"email","a":"\\\\","b":["email"]}}'
    assert Transform(["email"], ["text_"]).apply(raw) is raw


def test_a_name_that_is_there_twice_is_reached_both_times() -> None:
    raw = b'{"user":{"email":"x"},"user":{},"properties":{"a":{"email":"y","email":"z"},"a":1}}'
    after = Transform(["email"]).apply(raw)
    assert after.count(REDACTED) == 3
    assert not any(secret in after for secret in (b'"x"', b'"y"', b'"z"'))


@pytest.mark.parametrize("depth", [10, 500, 900])
def test_as_deep_as_events_may_be_nested_rules_reach(depth: int) -> None:
    inner = b'{"a":[' * (depth // 2) + b'{"email":"x"}' + b"]}" * (depth // 2)
    line = b'{"id":"a","event_type":"t","time":1,"user":{},"properties":{"p":' + inner + b"}}"
    raw = event.decode(line).raw
    assert Transform(["email"]).apply(raw) == raw.replace(b'"x"', REDACTED)
    assert Transform(["email", "time"]).apply(raw) == raw.replace(b'"x"', REDACTED)
    escaped = raw.replace(b"email", b"\\u0065mail")
    assert Transform(["email"]).apply(escaped) == escaped.replace(b'"x"', REDACTED)
