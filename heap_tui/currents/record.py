"""Decoded Avro records as HTTP events (protocol.md section 3).

The same mapping as `flat`, for values that are Python objects already; one `RecordMapper` serves a whole file.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from heap_tui.currents.event import MAX_EVENT_BYTES, Event, Rejected, too_large
from heap_tui.currents.flat import CUSTOM_PROPERTIES, TOP_FIELDS, USER_FIELDS, shorten_float32
from heap_tui.currents.rawjson import check
from heap_tui.i18n import _

_SCHEMA_NAME = re.compile(r"dataexport\.[^.]+\.inner\.(.+)")
_encoder = msgspec.json.Encoder()


def type_from_schema(schema: Mapping[str, Any]) -> str:
    """The event type at the end of a schema's full name; empty when it has none."""
    name = str(schema.get("name", ""))
    if "." not in name and schema.get("namespace"):
        name = f"{schema['namespace']}.{name}"
    match = _SCHEMA_NAME.fullmatch(name)
    return match[1] if match else name


def type_from_path(path: str) -> str:
    """The event type in a path's ``event_type=`` segment; empty when there is none."""
    for segment in reversed(path.replace("\\", "/").split("/")):
        if segment.startswith("event_type="):
            return segment.removeprefix("event_type=")
    return ""


def float_fields(schema: Mapping[str, Any]) -> frozenset[str]:
    """The names of the fields that `schema` holds as 32-bit floats, nullable ones included."""

    def is_float(kind: Any) -> bool:
        if isinstance(kind, list):
            return any(is_float(branch) for branch in kind)
        return kind == "float" or (isinstance(kind, dict) and kind.get("type") == "float")

    return frozenset(f["name"] for f in schema.get("fields", []) if is_float(f["type"]))


class RecordMapper:
    """Maps the records of one file.

    Args:
        hint: the type of records that do not say their own.
        floats: the names of 32-bit float fields.
    """

    def __init__(self, hint: str, floats: frozenset[str]) -> None:
        self._hint = hint
        self._floats = floats

    def event(self, record: Mapping[str, Any]) -> Event:
        """The event of one record; nulls are left out, as are floats that JSON has no number for.

        Raises:
            Rejected: ``id``, ``event_type`` or ``time`` is missing or wrong, a value has no form in JSON, or the
                event is too large.
        """
        there = {key: value for key, value in record.items() if value is not None}
        if self._hint and not there.get("event_type"):
            there["event_type"] = self._hint
        self._check(there)
        event_type = there["event_type"]
        http: dict[str, Any] = {key: there.pop(key) for key in TOP_FIELDS}
        http["user"] = user = {key: there.pop(key) for key in USER_FIELDS if key in there}
        http["properties"] = self._properties(there, CUSTOM_PROPERTIES.get(event_type))
        raw = _encoded(http)
        if len(raw) > MAX_EVENT_BYTES:
            raise too_large(len(raw))
        return Event(http["id"], event_type, raw, bool(user.get("external_user_id")))

    def _check(self, there: Mapping[str, Any]) -> None:
        for field in TOP_FIELDS:
            if field not in there:
                raise Rejected(_("{field} is missing").format(field=field))
        for field in ("id", "event_type"):
            if not isinstance(there[field], str) or not there[field]:
                raise Rejected(_("{field} must be a non-empty string").format(field=field))
        time = there["time"]
        if isinstance(time, bool) or not isinstance(time, int | float) or not math.isfinite(time):
            raise Rejected(_("time must be a number (Unix seconds)"))

    def _properties(self, there: dict[str, Any], nested: str | None) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for key, value in there.items():
            if nested and key == "properties":
                properties[nested] = _json_text(value) if isinstance(value, str) else value
            elif not isinstance(value, float):
                properties[key] = value
            elif math.isfinite(value):
                properties[key] = shorten_float32(value) if key in self._floats else value
        return {key: value for key, value in properties.items() if value is not None}


def _encoded(http: Mapping[str, Any]) -> bytes:
    try:
        return _encoder.encode(http)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Rejected(_("a value cannot be written as JSON ({reason})").format(reason=error)) from error


def _json_text(text: str) -> msgspec.Raw | str | None:
    """The object that custom properties' JSON text stands for; text that is no object is kept as text."""
    inner = text.strip().encode()
    if not inner:
        return None
    try:
        check(inner)
    except (ValueError, RecursionError):
        return text
    return msgspec.Raw(inner) if inner.startswith(b"{") else text
