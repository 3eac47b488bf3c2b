"""Avro object container files, block by block.

fastavro decodes; the frame around the blocks (Avro specification, "Object Container Files") is followed here, so
that blocks can be decoded by several processes, a resumed run passes over blocks without decoding them, and a
damaged block does not hide the ones after it. Positions are record numbers.
"""

import io
from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import fastavro
import msgspec

from heap_tui.currents.event import Event, Rejected
from heap_tui.currents.record import RecordMapper, float_fields, type_from_schema
from heap_tui.i18n import _
from heap_tui.sources.base import Broken, Chunk, Raw
from heap_tui.sources.compressed import UnreadableError

_MAGIC = b"Obj\x01"
_HEADER_SCHEMA = {
    "type": "record",
    "name": "header",
    "fields": [
        {"name": "magic", "type": {"type": "fixed", "name": "magic", "size": 4}},
        {"name": "meta", "type": {"type": "map", "values": "bytes"}},
        {"name": "sync", "type": {"type": "fixed", "name": "sync", "size": 16}},
    ],
}
_MAX_BLOCK_BYTES = 256 << 20
_LOOK_AHEAD = 3  # blocks under way in other processes beyond one each


@dataclass(frozen=True, slots=True)
class _Block:
    """A block's frame: its number of records, their bytes, and where it begins in the file."""

    count: int
    content: bytes
    offset: int


class _Portion(msgspec.Struct, array_like=True):
    """Decoded records as they travel between processes; `broken` holds the index and reason of those that are none."""

    events: list[Event | None]
    broken: list[tuple[int, str]]
    cut: str = ""


_portions = msgspec.msgpack.Decoder(_Portion)
_encode_portion = msgspec.msgpack.Encoder().encode


def decode_block(header: bytes, block: bytes, hint: str) -> bytes:
    """Decode one block of a file whose header is `header`; made to run in another process.

    Args:
        header: the file's header, as it stands at its beginning.
        block: the block as it stands in the file.
        hint: the type of records that do not say their own, empty to take the schema's name.

    Returns:
        A `_Portion` as MessagePack.
    """
    portion = _Portion([], [])
    try:
        records = fastavro.reader(io.BytesIO(header + block))
        schema = records.writer_schema
        mapper = RecordMapper(hint or type_from_schema(schema), float_fields(schema))  # type: ignore[arg-type]
        for number, record in enumerate(records):
            try:
                portion.events.append(mapper.event(record))  # type: ignore[arg-type]
            except Rejected as reason:
                portion.events.append(None)
                portion.broken.append((number, str(reason)))
    except Exception as error:  # noqa: BLE001 - fastavro raises whatever its input makes it stumble over
        portion.cut = f"{type(error).__name__}: {error}"
    return _encode_portion(portion)


class _Work(NamedTuple):
    """Records from number `first` on, being decoded or broken."""

    first: int
    records: int
    result: Future[bytes] | bytes | Broken
    arguments: tuple[bytes, bytes, str] = (b"", b"", "")


class _Frames:
    """Follows the frame of a container file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        if file.read(4) != _MAGIC:
            raise UnreadableError(_("not an Avro file (it does not begin with Obj)"))
        file.seek(0)
        try:
            header: Any = fastavro.schemaless_reader(file, _HEADER_SCHEMA, None)
            fastavro.reader(io.BytesIO(self._bytes_so_far()))
        except Exception as error:
            raise UnreadableError(_("the Avro header cannot be read ({reason})").format(reason=error)) from error
        self._sync: bytes = header["sync"]

    def _bytes_so_far(self) -> bytes:
        size = self._file.tell()
        self._file.seek(0)
        self.header = self._file.read(size)
        return self.header

    def _long(self) -> int | None:
        """The next number (variable length, zigzag); None at the end of the file."""
        shift = number = 0
        while byte := self._file.read(1):
            number |= (byte[0] & 0x7F) << shift
            if byte[0] < 0x80:
                return (number >> 1) ^ -(number & 1)
            shift += 7
            if shift > 63:
                raise UnreadableError(_("a block's header is damaged"))
        if shift:
            raise UnreadableError(_("the file is cut off"))
        return None

    def __iter__(self) -> Iterator[_Block | Broken]:
        while True:
            offset = self._file.tell()
            try:
                block = self._next(offset)
            except UnreadableError as error:
                reason = _("Avro block at byte {offset}: {reason}").format(offset=offset, reason=error)
                if not self._find_sync(offset + 1):
                    raise UnreadableError(reason) from error
                yield Broken(reason)
                continue
            if block is None:
                return
            yield block

    def _next(self, offset: int) -> _Block | None:
        count = self._long()
        if count is None:
            return None
        size = self._long()
        if size is None:
            raise UnreadableError(_("the file is cut off"))
        if count < 0 or not 0 <= size <= _MAX_BLOCK_BYTES:
            raise UnreadableError(_("a block's header is damaged"))
        content = self._file.read(size)
        marker = self._file.read(len(self._sync))
        if len(marker) < len(self._sync):
            raise UnreadableError(_("the file is cut off"))
        if marker != self._sync:
            raise UnreadableError(_("its end is not where its header says"))
        return _Block(count, content, offset)

    def _find_sync(self, offset: int) -> bool:
        """Move after the next marker at or after `offset`; False when there is none."""
        self._file.seek(offset)
        window = b""
        while block := self._file.read(1 << 20):
            window = window[-(len(self._sync) - 1) :] + block
            found = window.find(self._sync)
            if found >= 0:
                self._file.seek(self._file.tell() - len(window) + found + len(self._sync))
                return True
        return False

    def framed(self, block: _Block) -> bytes:
        """`block` as it stands in the file."""
        return _zigzag(block.count) + _zigzag(len(block.content)) + block.content + self._sync


def _zigzag(number: int) -> bytes:
    number <<= 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def records(file: BinaryIO, hint: str, start: int, pool: Executor | None, workers: int = 1) -> Iterator[Chunk]:
    """The events of an Avro file from record number `start`, a chunk a block.

    Args:
        file: opened for reading, seekable.
        hint: the event type that the path says, if any.
        start: records to pass over.
        pool: processes that decode; None decodes here.
        workers: how many processes the pool has.

    Raises:
        UnreadableError: it is no Avro file.
    """
    frames = _Frames(file)
    under_way: deque[_Work] = deque()
    look_ahead = workers + _LOOK_AHEAD if pool else 0
    try:
        for work in _works(frames, hint, start, pool):
            under_way.append(work)
            while len(under_way) > look_ahead:
                yield from _chunk(under_way.popleft(), start)
    except UnreadableError:
        yield from (chunk for work in under_way for chunk in _chunk(work, start))
        raise
    yield from (chunk for work in under_way for chunk in _chunk(work, start))


def _works(frames: _Frames, hint: str, start: int, pool: Executor | None) -> Iterator[_Work]:
    """The blocks that hold records from `start` on, each being decoded."""
    number = 0
    for block in frames:
        if isinstance(block, Broken):
            yield _Work(number, 1, block)
            number += 1
            continue
        if block.count and number + block.count > start:
            arguments = (frames.header, frames.framed(block), hint)
            yield _Work(number, block.count, _begin(pool, arguments), arguments)
        number += block.count


def _begin(pool: Executor | None, arguments: tuple[bytes, bytes, str]) -> Future[bytes] | bytes:
    """Have a block decoded."""
    try:
        return pool.submit(decode_block, *arguments) if pool else decode_block(*arguments)
    except BrokenExecutor:
        return decode_block(*arguments)


def _portion(work: _Work) -> _Portion:
    """A decoded block; when its process was killed, it is decoded here."""
    assert not isinstance(work.result, Broken)
    try:
        encoded = work.result if isinstance(work.result, bytes) else work.result.result()
    except BrokenExecutor:
        encoded = decode_block(*work.arguments)
    return _portions.decode(encoded)


def _chunk(work: _Work, start: int) -> Iterator[Chunk]:
    first, count = work.first, work.records
    items: list[Raw] = [work.result] if isinstance(work.result, Broken) else _items(_portion(work))
    ends = list(range(first + 1, first + len(items) + 1))
    # A block that could not be read to its end is one broken item for all that is missing.
    ends[-1] = first + count
    passed = max(0, start - first)
    if passed < len(items):
        yield Chunk(items[passed:], first + passed, ends[passed:], nulls=False)


def _items(portion: _Portion) -> list[Raw]:
    reasons = dict(portion.broken)
    items: list[Raw] = [Broken(reasons[n]) if event is None else event for n, event in enumerate(portion.events)]
    if portion.cut or not items:
        items.append(Broken(_("Avro records cannot be decoded ({reason})").format(reason=portion.cut or "no record")))
    return items
