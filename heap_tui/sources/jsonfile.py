"""JSON documents: one event, an array of events, ``{"events": [...]}``, or several of these one after another.

Read in a stream: only the structure is followed (brackets and strings), so that one faulty event does not hide the
others and memory does not grow with the file. In a file of lines, a line is followed for itself. Positions are the
events' numbers.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from itertools import islice

import msgspec

from heap_tui.currents.event import Event
from heap_tui.i18n import _
from heap_tui.sources import ndjson
from heap_tui.sources.base import CHUNK_BYTES, MAX_ITEM_BYTES, Broken, Chunk, Raw
from heap_tui.sources.compressed import UnreadableError
from heap_tui.sources.ndjson import Read

# What stands before the next bracket outside a string, a good part of it at a time. Not a possessive repetition as a
# whole: Python before 3.11.4 does not go back when one fails.
_TO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"){0,1000}', re.DOTALL)
_EVENTS_KEY = re.compile(rb'[{,]\s*"events"\s*:\s*\Z')
_KEY_BYTES = 1_000  # room for the key and white space around it; more would be searched again for every array
_ITEMS_A_CHUNK = 500
_KEPT = 1_000_000
_BOM = b"\xef\xbb\xbf"
_CLOSES = {b"{": b"}", b"[": b"]"}


class _Container(msgspec.Struct, gc=False):
    events: msgspec.Raw = msgspec.Raw()


_container = msgspec.json.Decoder(_Container)


class _Structure:
    """Follows the brackets of one document and cuts out its events."""

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0  # everything before it was followed
        self._open: list[bytes] = []
        self._begin = 0  # where the item or the top-level value under way begins
        self._inside: int | None = None  # depth of the array whose elements are the events

    def feed(self, block: bytes) -> Iterator[bytes]:
        """The items that `block` completes."""
        self._buffer = self._buffer[self._begin :] + block
        self._at -= self._begin
        self._begin = 0
        while True:
            end = _match_end(self._buffer, self._at)
            if end >= len(self._buffer) or self._buffer[end : end + 1] == b'"':
                return  # the next bracket, or the rest of a string, has not been read yet
            yield from self._bracket(end)
            self._at = end + 1

    def _bracket(self, at: int) -> Iterator[bytes]:
        sign = self._buffer[at : at + 1]
        depth = len(self._open)
        if sign in _CLOSES:
            if self._inside is None and sign == b"[" and self._opens_events(at, depth):
                if depth == 0:
                    yield from self._loose(at)
                self._inside = depth + 1
                self._begin = at + 1
            elif depth == (self._inside or 0):
                yield from self._loose(at)
                self._begin = at
            self._open.append(sign)
            return
        if not self._open or _CLOSES[self._open.pop()] != sign:
            raise UnreadableError(
                _("a bracket is closed that was not opened"), self._buffer[self._begin : at + 1][:_KEPT]
            )
        depth -= 1
        if depth == self._inside:
            yield self._buffer[self._begin : at + 1]
            self._begin = at + 1
        elif self._inside is not None and depth == self._inside - 1:
            yield from self._loose(at)
            self._inside, self._begin = (None, at + 1) if depth == 0 else (-1, at + 1)
        elif depth == 0:
            if self._inside is None:
                yield self._buffer[self._begin : at + 1]
            self._inside, self._begin = None, at + 1

    def _opens_events(self, at: int, depth: int) -> bool:
        if depth == 0:
            return True
        if depth != 1 or self._open != [b"{"]:
            return False
        return bool(_EVENTS_KEY.search(self._buffer[max(self._begin, at - _KEY_BYTES) : at]))

    def _loose(self, at: int) -> Iterator[bytes]:
        """What stands between two items besides commas: a number or a string that is no event."""
        text = self._buffer[self._begin : at].strip(b" \t\r\n,")
        if text:
            yield text

    def finish(self) -> None:
        """Make sure that the document ended where it may end.

        Raises:
            UnreadableError: it did not.
        """
        rest = self._buffer[self._begin :].strip(b" \t\r\n,")
        if self._open or rest:
            raise UnreadableError(_("the file ends in the middle of a JSON value"), rest[:_KEPT])

    @property
    def is_too_long(self) -> bool:
        """The item under way is longer than any event."""
        return len(self._buffer) - self._begin > MAX_ITEM_BYTES


def _match_end(buffer: bytes, at: int) -> int:
    while (match := _TO_BRACKET.match(buffer, at)) and match.end() > at:
        at = match.end()
    return at


def documents(read: Read, start: int = 0) -> Iterator[Chunk]:
    """Portions of the events of a JSON file, from event number `start` (0 is the first).

    Raises:
        UnreadableError: the rest of the file is no JSON; whatever stood before it was given.
    """
    number, size = 0, 0
    waiting: list[Raw] = []
    try:
        for item in _items(read):
            number += 1
            if number <= start:
                continue
            waiting.append(item)
            size += len(item) if isinstance(item, bytes) else len(item.payload)
            if len(waiting) >= _ITEMS_A_CHUNK or size >= CHUNK_BYTES:
                yield _chunk(waiting, number)
                waiting, size = [], 0
    except UnreadableError:
        if waiting:
            yield _chunk(waiting, number)
        raise
    if waiting:
        yield _chunk(waiting, number)


def _chunk(items: list[Raw], number: int) -> Chunk:
    first = number - len(items)
    return Chunk(items, first, list(range(first + 1, number + 1)))


def _items(read: Read) -> Iterator[bytes | Broken]:
    ahead = _Ahead(read)
    if _are_lines(ahead.head):
        return _items_of_lines(ahead.read)
    return _items_of_documents(ahead.read)


class _Ahead:
    """A reader whose first bytes were looked at, the byte order mark taken off."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.head = b""
        while len(self.head) < CHUNK_BYTES and (block := read(CHUNK_BYTES - len(self.head))):
            self.head += block
        self._rest = self.head = self.head.removeprefix(_BOM)

    def read(self, size: int) -> bytes:
        """The next bytes."""
        rest, self._rest = self._rest, b""
        return rest or self._read(size)


def _are_lines(head: bytes) -> bool:
    """Whether the first two lines are an event each: JSON by lines, in which a broken line ends at its end."""
    first_two = list(islice(filter(bytes.strip, head.split(b"\n")[:-1]), 2))
    return len(first_two) == 2 and all(map(_is_event, first_two))


def _is_event(text: bytes) -> bool:
    """Whether `text` is one JSON object that is not a list of events itself."""
    try:
        return not bytes(_container.decode(text).events).startswith(b"[")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _items_of_lines(read: Read) -> Iterator[bytes | Broken]:
    for chunk in ndjson.lines(read):
        last = len(chunk.items) - 1
        for n, item in enumerate(chunk.items):
            assert not isinstance(item, Event)
            if isinstance(item, Broken) or _is_event(item):
                yield item
            elif chunk.partial and n == last:
                yield from _items_of_documents(BytesIO(item).read)
            else:
                yield from _parts(item)


def _parts(line: bytes) -> Iterator[bytes]:
    """What stands on a line that is not one event: nothing, several of them, an array, or something broken."""
    structure = _Structure()
    try:
        parts = list(structure.feed(line))
        structure.finish()
    except UnreadableError:
        parts = [line]
    return iter(parts)


def _items_of_documents(read: Read) -> Iterator[bytes]:
    structure = _Structure()
    while block := read(CHUNK_BYTES):
        yield from structure.feed(block)
        if structure.is_too_long:
            raise UnreadableError(_("a JSON value of over {size} bytes").format(size=MAX_ITEM_BYTES), block[:_KEPT])
    structure.finish()
