import json
import math
import struct
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heap_tui.currents import rawjson
from heap_tui.currents.flat import flat_to_http, shorten_float32, shortest_float32, text_of, unwrap, unwrap_union
from tests.fakes import json_texts

LARGEST = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]
floats32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
FLOATS = frozenset({"price"})


def float32(value: float) -> float | None:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return None


def digits(value: float) -> int:
    return len(Decimal(repr(value)).normalize().as_tuple().digits)


def shorter_decimals(value: float, count: int) -> list[float]:
    """The decimals of `count` digits around `value`, further away than any that could read back as it."""
    exact = Decimal(value)
    unit = Decimal(1).scaleb(exact.adjusted() - count + 1)
    nearest = int(exact / unit)
    return [float(Decimal(n) * unit) for n in range(nearest - 2, nearest + 3)]


POWERS_OF_TWO = [math.ldexp(1.0, power) for power in range(-149, 128)]


@settings(max_examples=500)
@given(floats32 | st.sampled_from(POWERS_OF_TWO))
@example(LARGEST)
@example(-LARGEST)
@example(math.ldexp(1.0, -149))
@example(-0.0)
def test_the_shortest_decimal_reads_back_as_the_same_float_and_no_shorter_one_does(value: float) -> None:
    short = shortest_float32(value)
    assert struct.pack("<f", short) == struct.pack("<f", value)
    if value and (count := digits(short)) > 1:
        assert value not in map(float32, shorter_decimals(value, count - 1))


def test_every_power_of_two_has_its_shortest_decimal() -> None:
    for value in POWERS_OF_TWO:
        count = digits(shortest_float32(value))
        assert count == 1 or value not in map(float32, shorter_decimals(value, count - 1))


def test_the_shortest_decimal_is_what_a_person_wrote() -> None:
    for value in (3.14, 0.1, 19.99, 100.0, 1e10, 1.5, 16777216.0):
        assert shortest_float32(struct.unpack("<f", struct.pack("<f", value))[0]) == value


def test_what_is_too_large_for_32_bits_has_no_shortest_decimal() -> None:
    with pytest.raises(OverflowError):
        shortest_float32(1e39)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_that_is_no_32_bit_float_stays(value: float) -> None:
    short = shorten_float32(value)
    assert short == (value if float32(value) != value else shortest_float32(value))


def test_only_a_json_string_has_text() -> None:
    assert text_of(b'"a\\u0062"') == "ab"
    for value in (None, b"", b"1", b"null", b"{}"):
        assert text_of(value) == ""


@pytest.mark.parametrize(
    ("wrapped", "plain"),
    [
        (b'{"string":"x"}', b'"x"'),
        (b'{ "string" : "\\ud800" }', b'"\\ud800"'),
        (b'{"long":1}', b"1"),
        (b'{"double":3.140000104904175}', b"3.140000104904175"),
        (b'{"float":3.140000104904175}', b"3.14"),
        (b'{"float":3.14}', b"3.14"),
        (b'{"float":5}', b"5"),
        (b'{"float":1.50}', b"1.50"),
        (b'{"float":1e39}', b"1e39"),
        (b'{"float":"NaN"}', b'"NaN"'),
        (b'{"boolean":true}', b"true"),
        (b'{"null":null}', b"null"),
        (b'{"array":["a", "b"]}', b'["a", "b"]'),
        (b'{"map":{"string":"x"}}', b'{"string":"x"}'),
    ],
)
def test_a_union_is_unwrapped(wrapped: bytes, plain: bytes) -> None:
    assert unwrap_union(wrapped) == plain
    assert unwrap({"a": wrapped, "b": b"1"}) == {"a": plain, "b": b"1"}


@pytest.mark.parametrize(
    "value", [b"{}", b'{"string":"x","long":1}', b'{"strings":"x"}', b'"{}"', b"1", b"[]", b"null"]
)
def test_what_is_no_union_is_the_same_object(value: bytes) -> None:
    assert unwrap_union(value) is value


def properties_of(event_type: str, **fields: bytes) -> rawjson.Members:
    members = {"id": b'"a"', "event_type": json.dumps(event_type).encode(), "time": b"1", **fields}
    return rawjson.members(flat_to_http(members, FLOATS)["properties"])


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (b"3.140000104904175", b"3.14"),
        (b"3.14", b"3.14"),
        (b"0.10", b"0.10"),
        (b"3.14159265358979", b"3.14159265358979"),
        (b"100000000000000000000", b"100000000000000000000"),
        (b"5", b"5"),
        (b"-0.0", b"-0.0"),
        (b"1e39", b"1e39"),
        (b"1e400", b"1e400"),
        (b'"3.140000104904175"', b'"3.140000104904175"'),
        (b"true", b"true"),
        (b"[1.0]", b"[1.0]"),
    ],
)
def test_a_float_field_is_sent_as_its_shortest_decimal(stored: bytes, sent: bytes) -> None:
    assert properties_of("users.behaviors.Purchase", price=stored) == {"price": sent}


def test_a_field_that_is_no_float_field_keeps_its_digits() -> None:
    assert properties_of("t", other=b"3.140000104904175") == {"other": b"3.140000104904175"}


@given(st.dictionaries(st.text(max_size=4), json_texts.values, max_size=6))
def test_fields_of_a_record_are_shared_out_and_none_is_lost(members: dict[str, bytes]) -> None:
    http = flat_to_http(members, frozenset())
    got = {
        **{key: value for key, value in http.items() if key not in ("user", "properties")},
        **rawjson.members(http["user"]),
        **rawjson.members(http["properties"]),
    }
    assert got == {key: value for key, value in members.items() if value != b"null"}


def test_user_fields_go_to_the_user_in_their_order() -> None:
    members = dict.fromkeys(("timezone", "device_id", "id", "external_user_id", "user_id", "user_ids", "time"), b'"x"')
    http = flat_to_http(members, frozenset())
    assert list(http) == ["id", "time", "user", "properties"]
    assert list(rawjson.members(http["user"])) == ["user_id", "external_user_id", "device_id", "timezone"]
    assert list(rawjson.members(http["properties"])) == ["user_ids"]
