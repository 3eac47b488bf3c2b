"""Personal data out of an event, by field name (protocol.md section 4).

A rule reaches a field wherever it stands: in ``user``, in ``properties``, in nested custom properties, and
beside them; only the envelope (``id``, ``event_type``, ``time``) is never touched. Values are replaced where they
stand, so that every other byte stays as it was, however deep the event is nested and however often a name is
repeated in it.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from heap_tui.currents import rawjson

REDACTED = b'"[REDACTED]"'
ENVELOPE = ("id", "event_type", "time")

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'  # possessive: without memory for ways back
_VALUE = rb"[ \t\n\r]*:[ \t\n\r]*(" + _STRING + rb'|[^\s{}\[\],:"]+)?'  # none: an object or array follows
_PART = re.compile(rb"(" + _STRING + rb")((?:" + _VALUE + rb")?)|[{}\[\]]", re.DOTALL)
# The same name can be written in another way only with one of these escapes.
_ESCAPES = re.compile(rb"\\[u/]")

Place = tuple[int, int, bytes]  # start and end of a value, and the name of its field as a plain JSON string


def hash_value(value: bytes) -> bytes:
    """SHA-256 in hexadecimal, as a JSON string, of a string's UTF-8 text, or of any other value's JSON text."""
    is_string = value.startswith(b'"')
    content = rawjson.string(value).encode("utf-8", "surrogatepass") if is_string else value
    return b'"' + hashlib.sha256(content).hexdigest().encode() + b'"'


class Transform:
    """The rules of a profile, compiled.

    Args:
        remove: names of fields whose value becomes ``[REDACTED]``; wins over `hash_fields`.
        hash_fields: names of fields whose value becomes its SHA-256.
    """

    def __init__(self, remove: Iterable[str] = (), hash_fields: Iterable[str] = ()) -> None:
        self._remove = frozenset(map(rawjson.quote, remove))
        names = sorted(self._remove.union(map(rawjson.quote, hash_fields)))
        self._names = frozenset(names)
        self._envelope = frozenset(map(rawjson.quote, ENVELOPE))
        # A quote mark that no backslash precedes and that a name and a colon follow begins that name: inside a
        # string it would be escaped, and none of the characters that names begin with stands behind a closing one.
        literal = rb"(?<!\\)(" + b"|".join(map(re.escape, names)) + rb")" + _VALUE
        self._literal = re.compile(literal, re.DOTALL)
        self._suspect = re.compile(b"|".join((*(re.escape(name[1:-1]) for name in names), _ESCAPES.pattern)))
        self._simple = self._envelope.isdisjoint(names) and all(name[1:2] not in b" ,:]}" for name in names)

    @property
    def is_empty(self) -> bool:
        """Whether there is no rule."""
        return not self._names

    def apply(self, raw: bytes) -> bytes:
        """The event `raw` (JSON in the HTTP shape) with the rules applied; the same object when none does."""
        if not self._names or not self._suspect.search(raw):
            return raw
        places = self._find(raw)
        if not places:
            return raw
        parts, done = [], 0
        for start, end, name in places:
            parts += [raw[done:start], self._replacement(name, raw[start:end])]
            done = end
        return b"".join((*parts, raw[done:]))

    def _replacement(self, name: bytes, value: bytes) -> bytes:
        if value == b"null":
            return value
        return REDACTED if name in self._remove else hash_value(value)

    def _find(self, raw: bytes) -> list[Place]:
        """The values that a rule is for, by the quick way where that is exact."""
        if self._simple and not _ESCAPES.search(raw):
            found = list(self._literal.finditer(raw))
            if all(match[2] is not None for match in found):
                return [(*match.span(2), match[1]) for match in found]
        return list(self._scan(raw))

    def _scan(self, raw: bytes) -> Iterator[Place]:
        """The values that a rule is for, by walking through the whole text; one inside another is not named."""
        depth, inside = 0, None
        for part in _PART.finditer(raw):
            key, rest, value = part.groups()
            if key is None:
                depth += 1 if part[0] in b"{[" else -1
                if inside and depth == inside[1]:
                    yield inside[0], part.end(), inside[2]
                    inside = None
            elif rest and inside is None and (name := _plain(key)) in self._names:
                if depth == 1 and name in self._envelope:
                    continue
                if value is None:
                    inside = (part.end(), depth, name)
                else:
                    yield *part.span(3), name


def _plain(key: bytes) -> bytes:
    """A JSON string with no more escapes than it needs."""
    return rawjson.quote(rawjson.string(key)) if b"\\" in key else key
