"""From one JSON text to one event in the HTTP shape (protocol.md sections 1 and 3).

An event that has that shape already passes through byte for byte; a flat storage record is taken apart and put
together again with every value as the bytes it was.
"""

import codecs
import re
from collections.abc import Sequence

import msgspec

from heap_tui.currents import rawjson
from heap_tui.currents.catalog import catalog
from heap_tui.currents.flat import CUSTOM_PROPERTIES, USER_FIELDS, flat_to_http, text_of, unwrap, unwrap_union
from heap_tui.i18n import _

MAX_EVENT_BYTES = 900 * 1024  # protocol.md section 1: Braze never sends more
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


class Rejected(ValueError):  # noqa: N818 - the word of the counts and the dead letters
    """One item that cannot become an event; the text says why and names the field."""


class Event(msgspec.Struct, gc=False):
    """One event, ready to be sent.

    Args:
        id: the deduplication key.
        type: the event type, such as ``users.messages.email.Click``.
        raw: the event as JSON in the HTTP shape, UTF-8.
        identified: it has an ``external_user_id``.
    """

    id: str
    type: str
    raw: bytes
    identified: bool


class _User(msgspec.Struct, gc=False):
    external_user_id: str | None = None


class _Object(msgspec.Struct, gc=False):
    """Any JSON object: without fields, all that is in it is skipped."""


class _Envelope(msgspec.Struct, gc=False):
    id: str
    event_type: str
    time: int | float
    user: _User
    properties: _Object | None = None


_envelope = msgspec.json.Decoder(_Envelope)


class Heads(msgspec.Struct, array_like=True, gc=False):
    """What is looked at of several events that pass through as they are, one entry each.

    Args:
        ids: their ids.
        types: their types.
        identified: whether they have an ``external_user_id``.
    """

    ids: list[str]
    types: list[str]
    identified: list[bool]


def plain_heads(lines: Sequence[bytes]) -> Heads | None:
    """The heads of lines that all are HTTP-shaped events which pass through as they are.

    Args:
        lines: JSON texts, known to be valid UTF-8 and without nulls.

    Returns:
        None when one of them needs `decode` to look at it; nothing is said about the others then.
    """
    read = _envelope.decode
    try:
        found = [read(line) for line in lines]
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    ids, types = [one.id for one in found], [one.event_type for one in found]
    if not (all(ids) and all(types)) or max(map(len, lines), default=0) > MAX_EVENT_BYTES:
        return None
    return Heads(ids, types, [bool(one.user.external_user_id) for one in found])


def decode(line: bytes, hint: str = "", *, nulls: bool = True) -> Event:
    """Turn one JSON text into an event.

    Args:
        line: an HTTP-shaped event, a flat record, or one with Avro's union wrapping (``{"string": "x"}``).
        hint: the type of a flat record that does not say its own (from its path or schema).
        nulls: whether `line` may hold nulls; a caller that knows better saves the search for them.

    Raises:
        Rejected: not UTF-8, not JSON, too large, or ``id``, ``event_type`` or ``time`` missing or wrong.
    """
    try:
        if not line.isascii():
            line.decode("utf-8")
        found = _envelope.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _judge_again(line, hint)
    if not found.id or not found.event_type or (nulls and b"null" in line):
        return _judge_again(line, hint)
    if len(line) > MAX_EVENT_BYTES:
        raise too_large(len(line))
    return Event(found.id, found.event_type, line, bool(found.user.external_user_id))


def too_large(size: int) -> Rejected:
    """The reason for refusing an event of `size` bytes."""
    return Rejected(_("the event is {size} bytes; at most {limit} are sent").format(size=size, limit=MAX_EVENT_BYTES))


def _judge_again(line: bytes, hint: str) -> Event:
    try:
        return _decode_slowly(line, hint)
    except RecursionError as error:
        raise Rejected(_("nested too deeply")) from error


def _decode_slowly(line: bytes, hint: str) -> Event:
    members = _members(line)
    if _is_http_shape(members):
        kept = _without_nulls(members)
        return _finish(kept, line if kept == members else rawjson.join(kept.items()))
    flat = unwrap(members)
    if hint and flat.get("event_type", b"null") in (b"null", b'""'):
        flat["event_type"] = rawjson.quote(hint)
    http = flat_to_http(flat, catalog().float_fields(text_of(flat.get("event_type"))))
    return _finish(http, rawjson.join(http.items()))


def _members(line: bytes) -> rawjson.Members:
    try:
        rawjson.check(line)
        return rawjson.members(line)
    except UnicodeDecodeError as error:
        raise Rejected(_("not UTF-8 (byte {n} of the event)").format(n=error.start)) from error
    except ValueError as error:
        raise Rejected(_("not an event: {reason}").format(reason=_reason(line, error))) from error


def _reason(line: bytes, error: ValueError) -> str:
    if line.startswith(codecs.BOM_UTF8):
        return _("a byte order mark stands before it")
    return str(error) if line.lstrip().startswith(b"{") else _("a JSON object is expected")


def _is_http_shape(members: rawjson.Members) -> bool:
    """Whether an object is an HTTP-shaped event already, rather than a flat record.

    A ``user`` object says so. Without one, a ``properties`` object does, unless it is Avro's union wrapping, or
    belongs to a custom event or purchase whose other fields stand flat beside it.
    """
    if members.get("user", b"").startswith(b"{"):
        return True
    properties = members.get("properties", b"")
    if not properties.startswith(b"{") or unwrap_union(properties) is not properties:
        return False
    custom = text_of(members.get("event_type")) in CUSTOM_PROPERTIES
    return not (custom and any(name in members for name in USER_FIELDS))


def _without_nulls(members: rawjson.Members) -> rawjson.Members:
    """The members without nulls, those of ``user`` and ``properties`` included; custom values stay as they are."""
    kept = {key: value for key, value in members.items() if value != b"null"}
    for part in ("user", "properties"):
        if kept.get(part, b"").startswith(b"{") and b"null" in kept[part]:
            inner = rawjson.members(kept[part])
            there = {key: value for key, value in inner.items() if value != b"null"}
            if len(there) < len(inner):
                kept[part] = rawjson.join(there.items())
    return kept


def _finish(members: rawjson.Members, raw: bytes) -> Event:
    """Check the envelope and make the event."""
    texts = {}
    for field in ("id", "event_type"):
        if field not in members:
            raise Rejected(_("{field} is missing").format(field=field))
        texts[field] = text_of(members[field])
        if not texts[field]:
            raise Rejected(_("{field} must be a non-empty string").format(field=field))
    if "time" not in members:
        raise Rejected(_("{field} is missing").format(field="time"))
    if not _NUMBER.fullmatch(members["time"]):
        raise Rejected(_("time must be a number (Unix seconds)"))
    if len(raw) > MAX_EVENT_BYTES:
        raise too_large(len(raw))
    user = members.get("user", b"")
    identified = user.startswith(b"{") and rawjson.members(user).get("external_user_id", b'""') not in (b'""', b"null")
    return Event(texts["id"], texts["event_type"], raw, identified)
