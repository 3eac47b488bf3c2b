"""The events of Avro object container files, block by block; positions are record numbers."""

import io
import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import BinaryIO, NamedTuple

import fastavro
import msgspec

from heap_tui.currents.event import Event, Rejected
from heap_tui.currents.record import RecordMapper, float_fields, type_from_schema
from heap_tui.i18n import _
from heap_tui.sources.avro_blocks import Frames, Task
from heap_tui.sources.base import Broken, Chunk, Raw
from heap_tui.sources.compressed import UnreadableError

_LOOK_AHEAD = 3  # blocks under way in other processes beyond one each


class _Portion(msgspec.Struct, array_like=True):
    """Decoded records as they travel between processes; `broken` holds index, reason and text of those refused."""

    events: list[Event | None]
    broken: list[tuple[int, str, bytes]]
    cut: str = ""


_portions = msgspec.msgpack.Decoder(_Portion)
_encode_portion = msgspec.msgpack.Encoder().encode


def decode_block(task: Task) -> bytes:
    """Decode one block; made to run in another process. Returns a `_Portion` as MessagePack."""
    portion = _Portion([], [])
    try:
        records = fastavro.reader(io.BytesIO(task.file))
        schema = records.writer_schema
        mapper = RecordMapper(task.hint or type_from_schema(schema), float_fields(schema))  # type: ignore[arg-type]
        for number, record in enumerate(records):
            try:
                portion.events.append(mapper.event(record))  # type: ignore[arg-type]
            except Rejected as reason:
                portion.events.append(None)
                portion.broken.append((number, str(reason), json.dumps(record, default=repr).encode()))
    except Exception as error:  # noqa: BLE001 - fastavro raises whatever its input makes it stumble over
        portion.cut = f"{type(error).__name__}: {error}"
    return _encode_portion(portion)


class _Work(NamedTuple):
    """Records from number `first` on, being decoded or broken."""

    first: int
    records: int
    result: Future[bytes] | bytes | Broken
    task: Task | None = None


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
    frames = Frames(file)
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


def _works(frames: Frames, hint: str, start: int, pool: Executor | None) -> Iterator[_Work]:
    """The blocks that hold records from `start` on, each being decoded."""
    number = 0
    for block in frames:
        if isinstance(block, Broken):
            yield _Work(number, 1, block)
            number += 1
            continue
        if block.count and number + block.count > start:
            task = frames.task(block, hint)
            yield _Work(number, block.count, _begin(pool, task), task)
        number += block.count


def _begin(pool: Executor | None, task: Task) -> Future[bytes] | bytes:
    """Have a block decoded."""
    try:
        return pool.submit(decode_block, task) if pool else decode_block(task)
    except BrokenExecutor:
        return decode_block(task)


def _portion(work: _Work) -> _Portion:
    """A decoded block; when its process was killed, it is decoded here."""
    assert work.task is not None
    assert not isinstance(work.result, Broken)
    try:
        encoded = work.result if isinstance(work.result, bytes) else work.result.result()
    except BrokenExecutor:
        encoded = decode_block(work.task)
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
    broken = {number: Broken(reason, text) for number, reason, text in portion.broken}
    items: list[Raw] = [event or broken[n] for n, event in enumerate(portion.events)]
    if portion.cut or not items:
        items.append(Broken(_("Avro records cannot be decoded ({reason})").format(reason=portion.cut or "no record")))
    return items
