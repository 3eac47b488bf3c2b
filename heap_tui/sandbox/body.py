"""What a POST body holds, judged as the protocol says (protocol.md sections 1 and 2). Pure."""

import json
import math
import re
from typing import Any

import msgspec

from heap_tui.currents import rawjson
from heap_tui.i18n import _

EVENT_LIMIT = 900 * 1024  # protocol.md section 1: events over 900 KB are never sent by Braze
_HUGE = 2**63

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class BodyError(Exception):
    """A body that is answered 400; says why, and of which event and field.

    Args:
        reason: one sentence.
        index: the event's place in the array, from 0; None when the body itself is wrong.
        field: the field at fault; None when the event itself is wrong.
    """

    def __init__(self, reason: str, index: int | None = None, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.index = index
        self.field = field


class Received(msgspec.Struct, frozen=True, gc=False):
    """One event that arrived; `raw` is its JSON byte for byte."""

    event_type: str
    id: str
    time: float
    raw: bytes


class _Body(msgspec.Struct, gc=False):
    events: list[msgspec.Raw]


class _Object(msgspec.Struct, gc=False):
    """Any object: a struct without fields skips what is inside."""


class _Envelope(msgspec.Struct, gc=False):
    event_type: str
    id: str
    time: int | float
    user: _Object | None = None
    properties: _Object | None = None


_body_decoder = msgspec.json.Decoder(_Body)
_envelope_decoder = msgspec.json.Decoder(_Envelope)


def read_events(body: bytes) -> list[Received]:
    """The events of one body, in order; an empty body has none.

    Raises:
        BodyError: not UTF-8, not JSON, no ``events`` array, or an event that is not one.
    """
    if not body.strip():
        return []
    try:
        return [_read_event(index, raw) for index, raw in enumerate(_split(body))]
    except RecursionError as error:
        raise BodyError(_("the body is nested too deeply")) from error


def holds_null(body: bytes) -> bool:
    """Whether a valid JSON `body` has a null outside its strings; Braze sends none."""
    return b"null" in body and b"null" in _STRINGS.sub(b"", body)


def _split(body: bytes) -> list[bytes]:
    try:
        if not body.isascii():
            body.decode("utf-8")  # the fast parser does not look inside the strings that it skips
        return [bytes(raw) for raw in _body_decoder.decode(body).events]
    except UnicodeDecodeError as error:
        raise BodyError(_("the body is not UTF-8 (byte {offset})").format(offset=error.start)) from error
    except msgspec.DecodeError:
        return _split_slowly(body)


def _split_slowly(body: bytes) -> list[bytes]:
    """Judge again what the fast parser refuses: lone surrogate escapes are valid JSON."""
    try:
        rawjson.check(body)
    except ValueError as error:
        raise BodyError(_("the body is not JSON: {reason}").format(reason=error)) from error
    try:
        return rawjson.elements(rawjson.members(body)["events"])
    except (KeyError, ValueError) as error:
        raise BodyError(_('the body has no "events" array'), field="events") from error


def _read_event(index: int, raw: bytes) -> Received:
    if len(raw) > EVENT_LIMIT:
        reason = _("event {index} has {size} bytes; {limit} are allowed")
        raise BodyError(reason.format(index=index, size=len(raw), limit=EVENT_LIMIT), index)
    try:
        found = _envelope_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _read_event_slowly(index, raw)
    if not (found.event_type and found.id and abs(found.time) < _HUGE):
        return _read_event_slowly(index, raw)
    return Received(found.event_type, found.id, found.time, raw)


def _read_event_slowly(index: int, raw: bytes) -> Received:
    """Name the field that is wrong, or accept what only the fast parser refuses."""
    event = json.loads(raw, parse_int=float)  # int() refuses numbers of many digits, which are valid JSON
    if not isinstance(event, dict):
        raise BodyError(_("event {index} is not an object").format(index=index), index)
    for name in ("event_type", "id"):
        if not (isinstance(event.get(name), str) and event[name]):
            raise _wrong(index, name, _("a non-empty string"))
    if not _is_time(event.get("time")):
        raise _wrong(index, "time", _("a number of Unix seconds"))
    for name in ("user", "properties"):
        if not isinstance(event.get(name), dict | None):
            raise _wrong(index, name, _("an object"))
    return Received(event["event_type"], event["id"], event["time"], raw)


def _is_time(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _wrong(index: int, name: str, wanted: str) -> BodyError:
    reason = _("event {index}: {field} is missing or not {wanted}")
    return BodyError(reason.format(index=index, field=name, wanted=wanted), index, name)
