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
from heap_tui.sources.avro_blocks import Block, Frames, Task
from heap_tui.sources.base import Broken, Chunk, Raw
from heap_tui.sources.compressed import UnreadableError

_LOOK_AHEAD = 2  # portions under way in other processes beyond one each
_TASK_BYTES = 1 << 17  # content decoded at a time; reading the schema again for each single block takes longer


class _Portion(msgspec.Struct, array_like=True):
    """Decoded records as they travel between processes.

    Args:
        count: records that there should be.
        events: what they are; None for one that was refused.
        broken: number, reason and text of those refused.
        cut: why the rest cannot be decoded.
    """

    count: int
    events: list[Event | None]
    broken: list[tuple[int, str, bytes]]
    cut: str = ""


_portions = msgspec.msgpack.Decoder(list[_Portion])
_encode_portions = msgspec.msgpack.Encoder().encode


def decode_blocks(task: Task) -> bytes:
    """Decode blocks; made to run in another process.

    Returns:
        A list of `_Portion` as MessagePack: one for all, or one a block when something in them is damaged, so that
        one damaged block does not hide the others.
    """
    together = _decoded(task)
    damaged = together.cut and len(task.blocks) > 1
    return _encode_portions([_decoded(single) for single in task.single()] if damaged else [together])


def _decoded(task: Task) -> _Portion:
    portion = _Portion(task.count, [], [])
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
    return portion


class _Work(NamedTuple):
    """Records from number `first` on, being decoded or broken."""

    first: int
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
    """The blocks that hold records from `start` on, several at a time, each portion being decoded."""
    number, gathered, size = 0, list[Block](), 0
    blocks = iter(frames)
    while True:
        try:
            block = next(blocks, None)
        except UnreadableError:
            yield from _begun(frames, gathered, hint, number, pool)
            raise
        if gathered and (not isinstance(block, Block) or size >= _TASK_BYTES):
            yield from _begun(frames, gathered, hint, number, pool)
            gathered, size = [], 0
        if block is None:
            return
        if isinstance(block, Broken):
            yield _Work(number, block)
            number += 1
            continue
        if block.count and number + block.count > start:
            gathered.append(block)
            size += len(block.content)
        number += block.count


def _begun(frames: Frames, blocks: list[Block], hint: str, number: int, pool: Executor | None) -> Iterator[_Work]:
    """Have `blocks`, whose last record comes before record `number`, decoded."""
    if not blocks:
        return
    task = frames.task(blocks, hint)
    try:
        result = pool.submit(decode_blocks, task) if pool else decode_blocks(task)
    except BrokenExecutor:
        result = decode_blocks(task)
    yield _Work(number - task.count, result, task)


def _decoded_here_or_there(work: _Work) -> list[_Portion]:
    """The decoded blocks; when their process was killed, they are decoded here."""
    assert work.task is not None
    assert not isinstance(work.result, Broken)
    try:
        encoded = work.result if isinstance(work.result, bytes) else work.result.result()
    except BrokenExecutor:
        encoded = decode_blocks(work.task)
    return _portions.decode(encoded)


def _chunk(work: _Work, start: int) -> Iterator[Chunk]:
    if isinstance(work.result, Broken):
        yield from _from(start, work.first, [work.result], 1)
        return
    first = work.first
    for portion in _decoded_here_or_there(work):
        yield from _from(start, first, _items(portion), portion.count)
        first += portion.count


def _from(start: int, first: int, items: list[Raw], count: int) -> Iterator[Chunk]:
    """The items from record number `start` on; the last one stands for all records that are missing."""
    ends = list(range(first + 1, first + len(items) + 1))
    ends[-1] = first + count
    passed = max(0, start - first)
    if passed < len(items):
        decoded = all(isinstance(item, Event) for item in items)
        yield Chunk(items[passed:], first + passed, ends[passed:], nulls=False, decoded=decoded)


def _items(portion: _Portion) -> list[Raw]:
    broken = {number: Broken(reason, text) for number, reason, text in portion.broken}
    items: list[Raw] = [event or broken[n] for n, event in enumerate(portion.events)]
    if portion.cut or not items:
        reason = portion.cut or _("no record")
        items.append(Broken(_("Avro records cannot be decoded ({reason})").format(reason=reason)))
    return items
