"""Lines of JSON, in portions, without decoding them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import cast

from heap_tui.i18n import _
from heap_tui.sources.base import CHUNK_BYTES, MAX_ITEM_BYTES, Broken, Chunk, Raw

Read = Callable[[int], bytes]  # reads at most so many bytes; empty at the end
_BOM = b"\xef\xbb\xbf"
_KEPT_OF_A_LONG_LINE = 1_000_000


def lines(read: Read, start: int = 0, *, first_line: int | None = None) -> Iterator[Chunk]:
    """Portions of lines, from byte `start`, to which the reader has been moved already.

    A last line without its line end comes as the last item of a `partial` chunk. A line over `MAX_ITEM_BYTES`
    is broken, and passed over without being held in memory.

    Args:
        read: reads the next bytes.
        start: position of the first byte.
        first_line: number of the first line; None when it is known only for `start` 0.
    """
    number = first_line if first_line is not None else (1 if start == 0 else 0)
    rest = b""
    while block := read(CHUNK_BYTES):
        cut = block.rfind(b"\n")
        if cut < 0:
            rest += block
            if len(rest) > MAX_ITEM_BYTES:
                chunk, after = _pass_over(read, rest, start, number)
                yield chunk
                start, number, rest = chunk.ends[-1], number and number + 1, after
            continue
        complete, rest = rest + block[:cut], block[cut + 1 :]
        chunk = portion_of(complete, start, number)
        yield chunk
        start, number = chunk.ends[-1], number and number + len(chunk.items)
    if rest:
        chunk = portion_of(rest, start, number)
        chunk.ends[-1] = start + len(rest)
        chunk.partial = True
        yield chunk


def portion_of(block: bytes, start: int, number: int) -> Chunk:
    """The lines of `block`, whose last line end is cut off."""
    items = block.split(b"\n")
    ends = list(accumulate((len(line) + 1 for line in items), initial=start))[1:]
    if b"\r" in block:
        items = [line.rstrip(b"\r") for line in items]
    if start == 0 and items[0].startswith(_BOM):
        items[0] = items[0].removeprefix(_BOM)
    return Chunk(cast("list[Raw]", items), start, ends, number, nulls=b"null" in block, plain=is_plain(block, items))


def is_plain(block: bytes, lines: Sequence[bytes]) -> bool:
    """Whether the `lines` of `block` are valid UTF-8 without nulls, and none of them is blank."""
    if b"null" in block or not all(lines):
        return False
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _pass_over(read: Read, head: bytes, start: int, number: int) -> tuple[Chunk, bytes]:
    """A chunk for one endless line, and what was read after it."""
    size, after = len(head), b""
    while block := read(CHUNK_BYTES):
        cut = block.find(b"\n")
        if cut >= 0:
            size, after = size + cut + 1, block[cut + 1 :]
            break
        size += len(block)
    reason = _("a line of {size} bytes; no event is that long").format(size=size)
    return Chunk([Broken(reason, head[:_KEPT_OF_A_LONG_LINE])], start, [start + size], number), after
