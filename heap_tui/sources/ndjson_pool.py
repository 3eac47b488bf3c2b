"""Lines of large files, read and looked at by another process.

The file is divided into ranges of equal size; a line belongs to the range in which it begins. The ranges come back
in order, so that positions and the cursor are the same as when the file is read here.
"""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from heap_tui.currents.event import Heads, plain_heads
from heap_tui.sources import ndjson
from heap_tui.sources.base import MAX_ITEM_BYTES, Chunk, Raw
from heap_tui.spool.runs import keys_in
from heap_tui.spool.seen import keys_of

_RANGE_BYTES = 1 << 20
_AHEAD = 2


class _Range(msgspec.Struct, array_like=True):
    """What was found of the lines that begin in one range; without `heads` they need a closer look.

    The lines themselves stay in the file: reading them a second time is cheaper than handing them over.
    """

    start: int
    size: int
    heads: Heads | None
    keys: bytes


_encode = msgspec.msgpack.Encoder().encode
_ranges = msgspec.msgpack.Decoder(_Range)


def read_range(path: str, identity: tuple[int, int], begin: int, end: int) -> bytes:
    """Read the lines that begin at byte `begin` or later and before `end`; made to run in another process.

    Args:
        path: the file.
        identity: its device and inode; of a file that took its name meanwhile nothing is read.
        begin: where the range begins.
        end: where it ends.

    Returns:
        A `_Range` as MessagePack. It ends with a line end; what comes after the file's last one is not in it.
    """
    with Path(path).open("rb") as file:
        found = os.fstat(file.fileno())
        if (found.st_dev, found.st_ino) != identity:
            return _encode(_Range(begin, 0, None, b""))
        start = _line_start(file, begin)
        file.seek(start)
        block = file.read(max(0, end - start))
        if block and not block.endswith(b"\n"):
            block += file.readline(MAX_ITEM_BYTES)
            block = block[: block.rfind(b"\n") + 1]
    return _encode(_looked_at(block, start))


def _looked_at(block: bytes, start: int) -> _Range:
    lines = block[:-1].split(b"\n")
    if not block or b"\r" in block or not ndjson.is_plain(block, lines):
        return _Range(start, len(block), None, b"")
    heads = plain_heads(lines)
    try:
        return _Range(start, len(block), heads, b"".join(keys_of(heads.ids)) if heads else b"")
    except UnicodeEncodeError:
        return _Range(start, len(block), None, b"")


def _line_start(file: BinaryIO, position: int) -> int:
    """Where the first line begins that begins at `position` or later."""
    if position == 0:
        return 0
    file.seek(position - 1)
    return position - 1 + len(file.readline(MAX_ITEM_BYTES))


def lines(path: str, file: BinaryIO, start: int, size: int, pool: Executor) -> Iterator[Chunk]:
    """Portions of lines from byte `start`; the end of the file after `size` bytes is read here.

    Args:
        path: the file, for the other process.
        file: the same file, opened.
        start: where a line begins.
        size: bytes in the file now.
        pool: processes that read.
    """
    position, line = start, 1 if start == 0 else 0
    ready = pool.submit(int)  # a process takes a moment to start; until then the work is done here
    for chunk in _lines_here(file, position, line):
        if ready.done() or chunk.partial:
            break
        yield chunk
        position, line = chunk.ends[-1], line and line + len(chunk.items)
    try:
        for part in _ranges_of(path, file, position, size, pool):
            if part.start != position or not part.size:
                break  # an endless line, the unfinished last one, or another file under this name
            chunk = _chunk(file, part, line)
            yield chunk
            position, line = chunk.ends[-1], line and line + len(chunk.items)
    except (BrokenExecutor, OSError):
        pass  # the other process is gone or cannot read the file; here it is open
    yield from _lines_here(file, position, line)


def _lines_here(file: BinaryIO, position: int, line: int) -> Iterator[Chunk]:
    file.seek(position)
    return ndjson.lines(file.read, position, first_line=line)


def _ranges_of(path: str, file: BinaryIO, position: int, size: int, pool: Executor) -> Iterator[_Range]:
    found = os.fstat(file.fileno())
    under_way: deque[Future[bytes]] = deque()
    try:
        while position < size or under_way:
            while position < size and len(under_way) < _AHEAD:
                end = min(position + _RANGE_BYTES, size)
                under_way.append(pool.submit(read_range, path, (found.st_dev, found.st_ino), position, end))
                position = end
            yield _ranges.decode(under_way.popleft().result())
    finally:
        for future in under_way:
            future.cancel()


def _chunk(file: BinaryIO, part: _Range, line: int) -> Chunk:
    file.seek(part.start)
    block = file.read(part.size)[:-1]
    items = block.split(b"\n")
    if part.heads is None or len(items) != len(part.heads.ids):
        return ndjson.portion_of(block, part.start, line)
    ends = list(accumulate((len(item) + 1 for item in items), initial=part.start))[1:]
    raws = cast("list[Raw]", items)
    return Chunk(raws, part.start, ends, line, nulls=False, plain=True, heads=part.heads, keys=keys_in(part.keys))
