"""Reading one file, whatever its format, from a position on."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import BinaryIO

from heap_tui.currents.record import type_from_path
from heap_tui.i18n import _
from heap_tui.sources import jsonfile, ndjson, ndjson_pool
from heap_tui.sources.base import Broken, Chunk
from heap_tui.sources.compressed import Decompressed, UnreadableError
from heap_tui.sources.discovery import LINE_FORMATS, format_of
from heap_tui.spool.cursors import HEAD_BYTES, PACKED_HEAD_BYTES, Cursor, FileIdentity, Stream

# Below this size another process costs more than it brings.
_POOL_FROM_BYTES = 1 << 20
_LINE_POOL_FROM_BYTES = 32 << 20


def open_stream(path: str, identity: FileIdentity, file: BinaryIO, cursors: list[Cursor]) -> tuple[Stream, list[int]]:
    """The stream of an open file, at the position where an earlier run left it.

    Args:
        path: the file's name now.
        identity: what it is.
        file: opened, at its beginning; it is moved.
        cursors: those of the same device and inode.

    Returns:
        The stream, and the numbers of cursors that belonged to an earlier content and are to be dropped.
    """
    kind, compression = format_of(path)
    by_bytes = kind in LINE_FORMATS and not compression
    head = file.read(HEAD_BYTES if by_bytes else PACKED_HEAD_BYTES)
    file.seek(0)
    stream = Stream(0, path, identity, head, by_bytes)
    stale = []
    for cursor in cursors:
        shrunk = identity.size < (cursor.ranges.high if by_bytes else cursor.size)
        if stream.cursor or shrunk or not cursor.matches(head):
            stale.append(cursor.number)
            continue
        stream.cursor = cursor.number
        stream.ranges = cursor.ranges
        unchanged = (cursor.size, cursor.mtime_ns) == (identity.size, identity.mtime_ns)
        stream.end = cursor.ranges.low if cursor.complete and unchanged else None
    return stream, stale


def chunks(path: str, file: BinaryIO, start: int, pool: Executor | None, workers: int) -> Iterator[Chunk]:
    """Portions of the items of an open file from `start`; what makes the rest unreadable is the last item.

    Args:
        path: says format and compression.
        file: opened for reading, at its beginning.
        start: position to begin at: a byte offset for lines, else a number of items.
        pool: processes for decoding Avro, or None.
        workers: how many processes the pool has.
    """
    position = start
    try:
        for chunk in _chunks(path, file, start, pool, workers):
            position = chunk.ends[-1]
            yield chunk
    except UnreadableError as error:
        yield _stuck(position, str(error), error.payload)
    except OSError as error:
        yield _stuck(position, _("reading failed ({reason})").format(reason=error.strerror or error), b"")


def _stuck(position: int, reason: str, payload: bytes) -> Chunk:
    """The last chunk of a file whose rest cannot be read; it does not move the cursor."""
    return Chunk([Broken(reason, payload)], position, [position], partial=True)


def _chunks(path: str, file: BinaryIO, start: int, pool: Executor | None, workers: int) -> Iterator[Chunk]:
    kind, compression = format_of(path)
    content = Decompressed(file, compression) if compression else None
    if kind == "avro" and content:
        return _packed_avro(content, type_from_path(path), start)
    if kind == "avro":
        from heap_tui.sources import avro  # its codecs take a moment to load

        size = file.seek(0, 2)
        file.seek(0)
        return avro.records(file, type_from_path(path), start, pool if size >= _POOL_FROM_BYTES else None, workers)
    if kind == "json":
        return jsonfile.documents(content.read if content else file.read, start)
    if content:
        content.skip(start)
        return ndjson.lines(content.read, start)
    size = file.seek(0, 2)
    if pool and size - start >= _LINE_POOL_FROM_BYTES:
        return ndjson_pool.lines(path, file, start, size, pool)
    file.seek(start)
    return ndjson.lines(file.read, start)


def _packed_avro(content: Decompressed, hint: str, start: int) -> Iterator[Chunk]:
    """By way of a temporary file that has no name: an Avro container is not read strictly forwards."""
    from heap_tui.sources import avro

    damage: UnreadableError | None = None
    with tempfile.TemporaryFile() as unpacked:
        try:
            while block := content.read(1 << 20):
                unpacked.write(block)
        except UnreadableError as error:
            damage = error
        if damage is None or unpacked.tell():
            unpacked.seek(0)
            yield from avro.records(unpacked, hint, start, None)
    if damage is not None:
        raise damage
