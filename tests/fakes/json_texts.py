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
ESCAPES = (
    b"\\n",
    b'\\"',
    b"\\\\",
    b"\\/",
    b"\\u00e9",
    b"\\u0000",
    b"\\ud800",
    b"\\udfff",
    b"\\ud83d\\ude00",
    b"\\uD83D\\uDE00",
)
_PLAIN = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='"\\').map(str.encode)

white = st.text(" \t\r\n", max_size=2).map(str.encode)
strings = st.lists(_PLAIN | st.sampled_from(ESCAPES), max_size=6).map(lambda parts: b'"' + b"".join(parts) + b'"')
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
    """The object of those members, in that order, with white space drawn around everything."""
    members = [
        b"%s%s%s:%s%s%s" % (draw(white), key, draw(white), draw(white), value, draw(white)) for key, value in pairs
    ]
    return b"{" + (b",".join(members) or draw(white)) + b"}"


@st.composite
def arrays(draw: st.DrawFn, items: Iterable[bytes]) -> bytes:
    """The array of those elements, with white space drawn around everything."""
    return b"[" + (b",".join(draw(white) + item + draw(white) for item in items) or draw(white)) + b"]"


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
    max_leaves=8,
)
not_null = values.filter(lambda value: value != b"null")
