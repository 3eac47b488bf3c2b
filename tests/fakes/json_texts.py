"""JSON texts as the world writes them: odd white space, escapes, numbers; every value with the bytes it has."""

import json
from collections.abc import Iterable

from hypothesis import strategies as st

ODD_NUMBERS = (
    b"0",
    b"-0",
    b"-0.0",
    b"1.10",
    b"1E+2",
    b"1e400",
    b"-1e-400",
    b"12345678901234567890123456789012345678901234567890",
    b"9007199254740993",
    b"0.1000000000000000055511151231257827",
)


def spelled(text: str) -> bytes:
    """A JSON string with plain characters and escapes side by side; which one is which depends on the character."""
    return b'"' + b"".join(map(_spelled, text)) + b'"'


def _spelled(char: str) -> bytes:
    code = ord(char)
    if char in '"\\/':
        return b"\\" + char.encode()
    if 32 <= code < 0xD800 and code % 5 < 4:
        return char.encode()
    units = [code] if code < 0x10000 else [0xD7C0 + (code >> 10), 0xDC00 + (code & 0x3FF)]
    return b"".join((b"\\u%04x", b"\\u%04X")[code % 2] % unit for unit in units)


white = st.sampled_from((b"", b" ", b"\n", b"\t \r\n"))
strings = st.text(st.characters(), max_size=6).map(spelled)
scalars = (
    strings
    | st.sampled_from((b"true", b"false", b"null", *ODD_NUMBERS))
    | st.integers().map(lambda number: str(number).encode())
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda number: repr(number).encode())
)
Pair = tuple[bytes, bytes]


def name(text: str) -> bytes:
    """A key as JSON."""
    return json.dumps(text, ensure_ascii=False).encode()


@st.composite
def objects(draw: st.DrawFn, pairs: Iterable[Pair]) -> bytes:
    """The object of those members, in that order, with white space drawn for around everything."""
    one, two = draw(white), draw(white)
    members = [b"%s%s%s:%s%s%s" % (one, key, two, one, value, two) for key, value in pairs]
    return b"{" + (b",".join(members) or one) + b"}"


@st.composite
def arrays(draw: st.DrawFn, items: Iterable[bytes]) -> bytes:
    """The array of those elements, with white space drawn for around everything."""
    one, two = draw(white), draw(white)
    return b"[" + (b",".join(one + item + two for item in items) or one) + b"]"


def unique_by_name(pairs: Iterable[Pair]) -> list[Pair]:
    """The pairs without those whose key, read, is there before."""
    return list({json.loads(key): (key, value) for key, value in pairs}.values())


def pair_lists(
    values: st.SearchStrategy[bytes], keys: st.SearchStrategy[bytes] = strings
) -> st.SearchStrategy[list[Pair]]:
    """Lists of members with keys that differ."""
    return st.lists(st.tuples(keys, values), max_size=4).map(unique_by_name)


values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3).flatmap(arrays) | pair_lists(inner).flatmap(objects),
    max_leaves=6,
)
not_null = values.filter(lambda value: value != b"null")
