"""The frame of Avro object container files: header, blocks, markers (Avro specification, "Object Container Files").

It is followed here rather than by fastavro, so that blocks can be decoded by several processes, a resumed run passes
over blocks without decoding them, and a damaged block does not hide the ones after it.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import fastavro
import zstandard

from heap_tui.i18n import _
from heap_tui.sources.base import Broken
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


@dataclass(frozen=True, slots=True)
class Block:
    """A block's frame: its number of records, their bytes, and where it begins in the file."""

    count: int
    content: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class Task:
    """What it takes to decode consecutive blocks, here or in another process.

    Args:
        header: the file's header, its codec replaced when `packed`.
        sync: the marker after each block.
        packed: the contents are packed by Zstandard.
        blocks: records in each block, and what stands between its size and its marker.
        hint: the type of records that do not say their own, empty to take the schema's name.
    """

    header: bytes
    sync: bytes
    packed: bool
    blocks: tuple[tuple[int, bytes], ...]
    hint: str

    @property
    def count(self) -> int:
        """Records in all blocks."""
        return sum(count for count, _content in self.blocks)

    @property
    def file(self) -> bytes:
        """A file of its own for the blocks."""
        parts = [self.header]
        for count, content in self.blocks:
            plain = zstandard.ZstdDecompressor().decompressobj().decompress(content) if self.packed else content
            parts += (_zigzag(count), _zigzag(len(plain)), plain, self.sync)
        return b"".join(parts)

    def single(self) -> "list[Task]":
        """A task for each block."""
        return [replace(self, blocks=(block,)) for block in self.blocks]


class Frames:
    """Follows the frame of a container file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        if file.read(4) != _MAGIC:
            raise UnreadableError(_("not an Avro file (it does not begin with Obj)"))
        file.seek(0)
        try:
            header: Any = fastavro.schemaless_reader(file, _HEADER_SCHEMA, None)
            self._header = self._readable(header)
            list(fastavro.reader(io.BytesIO(self._header)))
        except Exception as error:
            raise UnreadableError(_("the Avro header cannot be read ({reason})").format(reason=error)) from error
        self._sync: bytes = header["sync"]

    def _readable(self, header: Any) -> bytes:
        """The header for fastavro, which knows Zstandard only by a library of its own; we unpack it ourselves."""
        self._packed = header["meta"].get("avro.codec") == b"zstandard"
        if not self._packed:
            size = self._file.tell()
            self._file.seek(0)
            return self._file.read(size)
        replaced = io.BytesIO()
        fastavro.schemaless_writer(
            replaced, _HEADER_SCHEMA, header | {"meta": header["meta"] | {"avro.codec": b"null"}}
        )
        return replaced.getvalue()

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

    def __iter__(self) -> Iterator[Block | Broken]:
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

    def _next(self, offset: int) -> Block | None:
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
        return Block(count, content, offset)

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

    def task(self, blocks: Sequence[Block], hint: str) -> Task:
        """What it takes to decode `blocks`, which follow one another."""
        contents = tuple((block.count, block.content) for block in blocks)
        return Task(self._header, self._sync, self._packed, contents, hint)


def _zigzag(number: int) -> bytes:
    number <<= 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
