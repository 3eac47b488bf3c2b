import io
import json
import struct
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.currents.catalog import catalog
from heap_tui.currents.event import MAX_EVENT_BYTES, Rejected, decode
from heap_tui.currents.record import RecordMapper, float_fields, type_from_path, type_from_schema

CLICK = "users.messages.email.Click"
AVRO = {"string": "string", "int": "int", "long": "long", "float": "float", "boolean": "boolean"}
stored_types = st.sampled_from([event_type for event_type in catalog() if event_type.storage])
by_type: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(st.characters(exclude_categories=("Cs",)), max_size=6),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "array<string>": st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=3), max_size=2),
}
json_text = (
    st.sampled_from(["", " ", "{}", '{"a": 1.10, "b": [null]}', "[1]", "{broken", '"x"', "null"]) | by_type["string"]
)


def schema_of(event_type: Any) -> dict[str, Any]:
    def kind(field: Any) -> Any:
        plain = AVRO.get(field.type, "string")
        return {"type": "array", "items": "string"} if field.type.startswith("array") else plain

    fields = [{"name": field.name, "type": ["null", kind(field)]} for field in event_type.fields if field.storage]
    return {"type": "record", "name": f"dataexport.S3.inner.{event_type.name}", "fields": fields}


@st.composite
def typed_records(draw: st.DrawFn) -> tuple[Any, dict[str, Any]]:
    event_type = draw(stored_types)
    record: dict[str, Any] = {}
    for field in event_type.fields:
        if field.storage:
            values = json_text if field.name == "properties" or field.type == "object" else by_type[field.type]
            record[field.name] = draw(st.none() | values)
    record["id"] = draw(by_type["string"].filter(bool))
    record["time"] = draw(by_type["int"])
    return event_type, record


@given(typed_records())
def test_an_avro_record_becomes_the_same_event_as_the_flat_json_of_it(drawn: tuple[Any, dict[str, Any]]) -> None:
    event_type, record = drawn
    schema = schema_of(event_type)
    file = io.BytesIO()
    fastavro.writer(file, schema, [record])
    file.seek(0)
    reader = fastavro.reader(file)
    written: Any = reader.writer_schema
    (read,) = reader
    assert type_from_schema(written) == event_type.name
    got = RecordMapper(type_from_schema(written), float_fields(written)).event(read)  # type: ignore[arg-type]
    wanted = decode(json.dumps(record, ensure_ascii=False).encode(), event_type.name)
    assert (got.id, got.type, got.identified) == (wanted.id, wanted.type, wanted.identified)
    assert pairs(got.raw) == pairs(wanted.raw)


def pairs(raw: bytes) -> Any:
    """A text with the order of members kept."""
    return json.loads(raw, object_pairs_hook=list)


def mapped(record: dict[str, Any], hint: str = CLICK, floats: frozenset[str] = frozenset()) -> Any:
    return json.loads(RecordMapper(hint, floats).event({"id": "a", "time": 1, **record}).raw)


def test_nulls_are_left_out_and_user_fields_go_to_the_user() -> None:
    record = {"user_id": "u", "external_user_id": None, "timezone": "UTC", "app_id": "x", "url": None, "is_amp": False}
    assert mapped(record) == {
        "event_type": CLICK,
        "id": "a",
        "time": 1,
        "user": {"user_id": "u", "timezone": "UTC"},
        "properties": {"app_id": "x", "is_amp": False},
    }


def test_an_event_is_identified_by_its_external_user_id() -> None:
    mapper = RecordMapper(CLICK, frozenset())
    assert mapper.event({"id": "a", "time": 1, "external_user_id": "x"}).identified
    assert not mapper.event({"id": "a", "time": 1, "external_user_id": ""}).identified
    assert not mapper.event({"id": "a", "time": 1, "user_id": "x"}).identified


def test_a_records_own_type_wins_over_that_of_its_file() -> None:
    assert mapped({"event_type": "own"})["event_type"] == "own"
    assert mapped({"event_type": ""})["event_type"] == CLICK
    assert mapped({"event_type": None})["event_type"] == CLICK


def test_32_bit_floats_are_sent_as_their_shortest_decimal() -> None:
    largest = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
    record = {"price": struct.unpack("<f", struct.pack("<f", 3.14))[0], "other": 3.140000104904175, "tax": largest}
    properties = mapped(record, floats=frozenset({"price", "tax"}))["properties"]
    assert properties == {"price": 3.14, "other": 3.140000104904175, "tax": 3.4028235e38}


def test_a_float_field_may_hold_another_type() -> None:
    record = {"a": "text", "b": 5, "c": 1e300, "d": 3.14159265358979, "e": True}
    assert mapped(record, floats=frozenset("abcde"))["properties"] == record


def test_floats_that_json_has_no_number_for_are_left_out() -> None:
    record = {"a": float("nan"), "b": float("inf"), "c": float("-inf"), "d": 1.5}
    assert mapped(record, floats=frozenset("ab"))["properties"] == {"d": 1.5}


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000])
def test_custom_text_that_is_nested_too_deeply_stays_text(deep: str) -> None:
    assert mapped({"properties": deep}, "users.behaviors.CustomEvent")["properties"] == {"custom_properties": deep}


def test_custom_properties_that_are_an_object_already_stay_one() -> None:
    assert mapped({"properties": {"a": 1}}, "users.behaviors.Purchase")["properties"] == {
        "purchase_properties": {"a": 1}
    }


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"id": None}, "id is missing"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"event_type": 7}, "event_type"),
        ({"time": None}, "time is missing"),
        ({"time": True}, "time"),
        ({"time": "1"}, "time"),
        ({"time": float("nan")}, "time"),
        ({"time": float("inf")}, "time"),
        ({"text": "x" * MAX_EVENT_BYTES}, str(MAX_EVENT_BYTES)),
        ({"text": "\ud800"}, "JSON"),
        ({"what": object()}, "JSON"),
    ],
)
def test_what_is_no_event_is_rejected_with_a_reason_that_names_the_field(record: dict[str, Any], reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        mapped(record)
    assert reason in str(caught.value)


def test_a_record_without_any_type_is_rejected() -> None:
    with pytest.raises(Rejected, match="event_type is missing"):
        mapped({}, hint="")


def test_values_of_other_avro_types_are_written_as_json() -> None:
    record = {"amount": Decimal("1.10"), "blob": b"\x00\x01", "list": ["a", None], "map": {"a": 1}}
    assert mapped(record)["properties"] == {"amount": "1.10", "blob": "AAE=", "list": ["a", None], "map": {"a": 1}}


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"name": "dataexport.S3.inner.users.messages.email.Click"}, CLICK),
        ({"name": "dataexport.AzureBlob.inner.users.messages.email.Click"}, CLICK),
        ({"name": "Click", "namespace": "dataexport.GCS.inner.users.messages.email"}, CLICK),
        ({"name": "users.messages.email.Click"}, CLICK),
        ({"name": "dataexport.S3.inner.users.messages.email.Click", "namespace": "ignored"}, CLICK),
        ({}, ""),
    ],
)
def test_the_type_stands_at_the_end_of_the_schemas_name(schema: dict[str, Any], wanted: str) -> None:
    assert type_from_schema(schema) == wanted


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (f"p/dataexport.prod-01.S3.integration.1/event_type={CLICK}/date=2026-11-02-13/1/x.avro", CLICK),
        (f"C:\\data\\event_type={CLICK}\\x.avro", CLICK),
        (f"event_type=old/event_type={CLICK}/x.avro", CLICK),
        ("event_type=/x.avro", ""),
        ("my_event_type=x/x.avro", ""),
        ("x.avro", ""),
    ],
)
def test_the_type_stands_in_a_segment_of_the_path(path: str, wanted: str) -> None:
    assert type_from_path(path) == wanted


def test_float_fields_are_found_in_every_way_a_schema_writes_them() -> None:
    kinds: dict[str, Any] = {
        "a": "float",
        "b": ["null", "float"],
        "c": {"type": "float"},
        "d": ["null", {"type": "float", "logicalType": "x"}],
        "e": "double",
        "f": ["null", "string"],
        "g": {"type": "array", "items": "float"},
    }
    schema = {"fields": [{"name": name, "type": kind} for name, kind in kinds.items()]}
    assert float_fields(schema) == frozenset("abcd")
    assert float_fields({}) == frozenset()
