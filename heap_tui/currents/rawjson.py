"""Take one level of a JSON text apart and put it together again, every value kept as the bytes it was.

Values that nothing changes keep their number format, escapes and white space; that is what lets an event pass
through byte for byte. The fast parser does the work; the standard library judges again what it refuses (lone
surrogate escapes), and NaN and Infinity stay refused.
"""

import json
import re
from collections.abc import Iterable
from typing import NoReturn

import msgspec

from heap_tui.i18n import _

Members = dict[str, bytes]

# Possessive, because a way back for each of a long string's escapes would take memory without end.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:]', re.DOTALL)
_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_encoder = msgspec.json.Encoder()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(_("{name} is not JSON").format(name=name))


def check(text: bytes) -> None:
    """Raise ValueError unless `text` is UTF-8 and JSON (RFC 8259); judged by the standard library.

    Raises:
        ValueError: with the reason in words; UnicodeDecodeError and json.JSONDecodeError are kinds of it.
        RecursionError: nested too deeply.
    """
    json.loads(text.decode("utf-8"), parse_constant=_refuse_constant, parse_int=len, parse_float=len)


def members(text: bytes) -> Members:
    """The members of the JSON object `text`, in order, each value as its own bytes.

    Of a name that is there twice the last value counts. Whether `text` is UTF-8 is for `check` to say.

    Raises:
        ValueError: `text` is not a JSON object.
    """
    try:
        return {key: bytes(value) for key, value in _object_decoder.decode(text).items()}
    except (msgspec.DecodeError, UnicodeDecodeError):
        check(text)
    stripped = text.strip()
    if not stripped.startswith(b"{"):
        raise ValueError(_("not an object"))
    parts = _split(stripped)
    return {string(key): value for key, value in zip(parts[::2], parts[1::2], strict=True)}


def elements(text: bytes) -> list[bytes]:
    """The elements of the JSON array `text`, each as its own bytes; ValueError when it is not an array."""
    try:
        return [bytes(value) for value in _array_decoder.decode(text)]
    except (msgspec.DecodeError, UnicodeDecodeError):
        check(text)
    stripped = text.strip()
    if not stripped.startswith(b"["):
        raise ValueError(_("not an array"))
    return _split(stripped)


def _split(text: bytes) -> list[bytes]:
    """The parts of a checked object or array, between its own commas and colons."""
    parts: list[bytes] = []
    depth, begin = 0, 1
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in b"{[":
            depth += 1
        elif sign in b"}]":
            depth -= 1
        if (depth == 1 and sign in b",:") or depth == 0:
            parts.append(text[begin : token.start()].strip())
            begin = token.end()
    return [part for part in parts if part]


def string(text: bytes) -> str:
    """The Python string of a JSON string; may hold lone surrogates."""
    value = json.loads(text)
    if not isinstance(value, str):
        raise ValueError(_("not a string"))  # noqa: TRY004 - callers handle one kind of error
    return value


def quote(value: str) -> bytes:
    """`value` as a JSON string; lone surrogates are escaped."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode("ascii")


def join(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """A JSON object of members whose values are JSON already."""
    return b"{" + b",".join(quote(key) + b":" + value for key, value in parts) + b"}"


def join_array(parts: Iterable[bytes]) -> bytes:
    """A JSON array of elements that are JSON already."""
    return b"[" + b",".join(parts) + b"]"
