"""Flat storage records as HTTP events, field by field (protocol.md section 3)."""

import json
import math
import struct
from collections.abc import Iterator
from decimal import ROUND_UP, Context

from heap_tui.currents import rawjson
from heap_tui.currents.rawjson import Members

USER_FIELDS = ("user_id", "external_user_id", "device_id", "timezone")
TOP_FIELDS = ("event_type", "id", "time")
# The two types whose ``properties`` field is JSON text, and what the text becomes.
CUSTOM_PROPERTIES = {
    "users.behaviors.CustomEvent": "custom_properties",
    "users.behaviors.Purchase": "purchase_properties",
}
_FLOAT32 = struct.Struct("<f")
_UNION_NAMES = ("string", "int", "long", "float", "double", "boolean", "array", "map", "null", "bytes")


def shortest_float32(value: float) -> float:
    """The float whose decimal form is the shortest that reads back as the same 32-bit float.

    Avro's ``float`` has 32 bits; read as a double, 3.14 shows as 3.140000104904175.

    Raises:
        OverflowError: `value` is too large for 32 bits.
    """
    exact = _float32(value)
    if exact is None:
        raise OverflowError(value)
    for digits in range(1, 10):
        for short in _decimals(exact, digits):
            if _float32(short) == exact:
                return short
    return value


def shorten_float32(value: float) -> float:
    """`value` by its shortest decimal when it is a 32-bit float; a number that is none stays as it is."""
    return shortest_float32(value) if _float32(value) == value else value


def _float32(value: float) -> float | None:
    """The 32-bit float that is next to `value`; None beyond the largest."""
    try:
        return float(_FLOAT32.unpack(_FLOAT32.pack(value))[0])
    except OverflowError:
        return None


def _decimals(value: float, digits: int) -> Iterator[float]:
    """The decimals of so many digits that may read back as `value`, the nearest first."""
    yield float(f"{value:.{digits}g}")
    if abs(math.frexp(value)[0]) == 0.5:
        # Above a power of two the floats lie twice as far apart as below it, so that a farther decimal can do.
        yield float(Context(prec=digits, rounding=ROUND_UP).create_decimal_from_float(value))


def text_of(value: bytes | None) -> str:
    """The string of a JSON string; empty for anything else."""
    return rawjson.string(value) if value and value.startswith(b'"') else ""


def unwrap_union(value: bytes) -> bytes:
    """``{"string": "x"}`` becomes ``"x"``; anything else is returned as it is (the same object)."""
    if not value.startswith(b"{"):
        return value
    inner = rawjson.members(value)
    if len(inner) != 1:
        return value
    name, wrapped = next(iter(inner.items()))
    if name not in _UNION_NAMES:
        return value
    return _as_float32(wrapped, only_exact=False) if name == "float" else wrapped


def _as_float32(number: bytes, *, only_exact: bool) -> bytes:
    """The shortest text of a 32-bit float; what is that already stays, and with `only_exact` what is none."""
    try:
        value = float(number)
        short = shorten_float32(value) if only_exact else shortest_float32(value)
        return number if short == value else json.dumps(short).encode()
    except (ValueError, OverflowError):
        return number


def unwrap(members: Members) -> Members:
    """All members of a flat record without Avro's union wrapping."""
    return {key: unwrap_union(value) for key, value in members.items()}


def flat_to_http(members: Members, float_fields: frozenset[str]) -> Members:
    """The members of an HTTP-shaped event from those of an unwrapped flat record.

    Args:
        members: field name to JSON text.
        float_fields: names of the fields that Avro holds as 32-bit floats.

    Returns:
        ``event_type``, ``id`` and ``time`` as far as they are there, then ``user`` and ``properties``; nulls are
        left out.
    """
    there = {key: value for key, value in members.items() if value != b"null"}
    http = {key: there.pop(key) for key in TOP_FIELDS if key in there}
    user = {key: there.pop(key) for key in USER_FIELDS if key in there}
    nested = CUSTOM_PROPERTIES.get(text_of(http.get("event_type")))
    properties = {}
    for key, value in there.items():
        if nested and key == "properties":
            if (content := _custom_properties(value)) is not None:
                properties[nested] = content
        else:
            properties[key] = _as_float32(value, only_exact=True) if key in float_fields else value
    return {**http, "user": rawjson.join(user.items()), "properties": rawjson.join(properties.items())}


def _custom_properties(value: bytes) -> bytes | None:
    """The object that JSON text stands for; text that is no object is kept as text, empty text is left out."""
    if not value.startswith(b'"'):
        return value
    text = rawjson.string(value).strip()
    if not text:
        return None
    inner = text.encode("utf-8", "surrogatepass")
    try:
        rawjson.check(inner)
        rawjson.members(inner)
    except (ValueError, RecursionError):
        return value
    return inner
