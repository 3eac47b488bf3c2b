"""Personal data out of an event, by field name (protocol.md section 4).

A rule reaches a field wherever it stands: in ``user``, in ``properties``, in nested custom properties, and beside
them; only the envelope (``id``, ``event_type``, ``time``) is never touched.
"""

import hashlib
import re
from collections.abc import Iterable

from heap_tui.currents import rawjson

REDACTED = b'"[REDACTED]"'
ENVELOPE = ("id", "event_type", "time")


def hash_value(value: bytes) -> bytes:
    """SHA-256 in hexadecimal, as a JSON string, of a JSON string's UTF-8 text, or of any other value's JSON text."""
    if value.startswith(b'"'):
        content = rawjson.string(value).encode("utf-8", "surrogatepass")
    else:
        content = value
    return b'"' + hashlib.sha256(content).hexdigest().encode() + b'"'


class Transform:
    """The rules of a profile, compiled.

    Args:
        remove: names of fields whose value becomes ``[REDACTED]``; wins over `hash_fields`.
        hash_fields: names of fields whose value becomes its SHA-256.
    """

    def __init__(self, remove: Iterable[str] = (), hash_fields: Iterable[str] = ()) -> None:
        self._remove = frozenset(remove)
        self._hash = frozenset(hash_fields)
        names = self._remove | self._hash
        # A name may be written with escapes, so that an event with \u goes the long way.
        needles = [re.escape(rawjson.quote(name)[1:-1]) for name in sorted(names)] + [rb"\\u"]
        self._suspect = re.compile(b"|".join(needles)) if names else None

    def apply(self, raw: bytes) -> bytes:
        """The event `raw` (JSON in the HTTP shape) with the rules applied; the same object when none does."""
        if self._suspect is None or not self._suspect.search(raw):
            return raw
        members = rawjson.members(raw)
        changed = {
            key: value if key in ENVELOPE else self._member(key, value) for key, value in members.items()
        }
        return raw if changed == members else rawjson.join(changed.items())

    def _member(self, key: str, value: bytes) -> bytes:
        if value == b"null":
            return value
        if key in self._remove:
            return REDACTED
        if key in self._hash:
            return hash_value(value)
        return self._value(value)

    def _value(self, value: bytes) -> bytes:
        """`value` with the rules applied to whatever objects are in it."""
        if value[:1] not in (b"{", b"["):
            return value
        if value.startswith(b"["):
            items = rawjson.elements(value)
            changed = [self._value(item) for item in items]
            return value if changed == items else rawjson.join_array(changed)
        members = rawjson.members(value)
        after = {key: self._member(key, inner) for key, inner in members.items()}
        return value if after == members else rawjson.join(after.items())
