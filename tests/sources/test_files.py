"""One file of any format, from any position, whole or damaged."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from heap_tui.currents.event import Event
from heap_tui.sources.base import Broken, Chunk
from heap_tui.sources.files import chunks, open_stream
from heap_tui.spool.cursors import Cursor, FileIdentity, Stream, candidates, save
from heap_tui.spool.store import Store
from tests.fakes import avro_files

NAMES = [f"event-{n}" for n in range(30)]
LINES = b"".join(b'{"id":"%s"}\n' % name.encode() for name in NAMES)
CONTENT: dict[str, bytes] = {
    "ndjson": LINES,
    "jsonl": LINES,
    "json": json.dumps([{"id": name} for name in NAMES]).encode(),
    "avro": avro_files.avro(avro_files.records(*NAMES)),
}
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": lambda content: zstandard.ZstdCompressor().compress(content),
}
KINDS = pytest.mark.parametrize("kind", CONTENT)
PACKED = pytest.mark.parametrize("packing", PACK)


def read(name: str, content: bytes, start: int = 0) -> list[Chunk]:
    return list(chunks(name, io.BytesIO(content), start, None, 1))


def names(found: list[Chunk]) -> list[str]:
    """Ids of events; broken places as ``!``."""

    def name(item: object) -> str:
        if isinstance(item, Event):
            return item.id
        return str(json.loads(item)["id"]) if isinstance(item, bytes) else "!"

    return [name(item) for chunk in found for item in chunk.items]


@KINDS
@PACKED
def test_every_format_is_read_whole_and_from_every_position(kind: str, packing: str) -> None:
    packed = PACK[packing](CONTENT[kind])
    whole = read(f"x.{kind}{packing}", packed)
    assert names(whole) == NAMES
    for n, end in enumerate([end for chunk in whole for end in chunk.ends]):
        assert names(read(f"x.{kind}{packing}", packed, end)) == NAMES[n + 1 :]


@KINDS
@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_packed_file_cut_off_gives_what_can_be_unpacked_and_one_broken_place(kind: str, packing: str) -> None:
    noise = "".join(chr(33 + (n * n) % 90) for n in range(200_000))  # so that it is packed into many blocks
    many = [f"e{n}-{noise[n : n + 500]}" for n in range(2_000)]
    content = {
        "avro": avro_files.avro(avro_files.records(*many)),
        "json": json.dumps([{"id": name} for name in many]).encode(),
    }.get(kind, b"".join(json.dumps({"id": name}).encode() + b"\n" for name in many))
    packed = PACK[packing](content)
    found = names(read(f"x.{kind}{packing}", packed[: len(packed) * 9 // 10]))
    assert found[-1] == "!"
    assert len(found) > 200
    assert found[:-1] == many[: len(found) - 1]


@pytest.mark.parametrize("name", ["x.ndjson.gz", "x.json.zst", "x.avro.gz", "x.avro"])
def test_garbage_is_one_broken_place_that_does_not_move_the_cursor(name: str) -> None:
    (chunk,) = read(name, b"this is something else\n")
    assert [type(item) for item in chunk.items] == [Broken]
    assert (chunk.start, chunk.ends, chunk.partial) == (0, [0], True)


@pytest.mark.parametrize(("name", "found"), [("x.ndjson", 0), ("x.json", 0), ("x.ndjson.gz", 0), ("x.avro", 1)])
def test_an_empty_file_holds_nothing_unless_its_format_needs_a_header(name: str, found: int) -> None:
    assert len(read(name, b"")) == found


def test_what_is_unreadable_comes_after_what_was_read() -> None:
    found = read("x.json", b'[{"id":"a"}, {"id":"b"')
    assert names(found) == ["a", "!"]
    assert (found[-1].start, found[-1].ends, found[-1].partial) == (1, [1], True)


def test_a_disk_that_fails_is_a_broken_place_with_the_reason() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() >= 1 << 18:
                raise OSError(5, "Input/output error")
            return super().read(size)

    file = Failing(LINES * 2_000)
    found = list(chunks("x.ndjson", file, 0, None, 1))
    assert len(names(found)) > 1_000
    broken = found[-1].items[-1]
    assert isinstance(broken, Broken)
    assert "Input/output error" in broken.reason


class TestKnownAgain:
    """A file is known by device, inode and what was consumed of its beginning."""

    @pytest.fixture(autouse=True)
    def _state(self, tmp_path: Path) -> None:
        self.directory = tmp_path

    def keep(self, name: str, content: bytes, *finished: tuple[int, int]) -> None:
        """What an earlier run wrote of the file."""
        stream, _stale = open_stream(name, self.identity(content), io.BytesIO(content), [])
        for start, end in finished:
            stream.finish(start, end)
        with Store(self.directory) as store, store.transaction(durable=False) as transaction:
            save(transaction, 1, stream)

    def identity(self, content: bytes) -> FileIdentity:
        return FileIdentity(device=1, inode=2, size=len(content), mtime_ns=len(content))

    def reopened(self, name: str, content: bytes) -> tuple[Stream, list[int]]:
        with Store(self.directory) as store:
            cursors: list[Cursor] = candidates(store.connection, 1, self.identity(content))
        assert cursors
        return open_stream(name, self.identity(content), io.BytesIO(content), cursors)

    def test_it_goes_on_where_it_was_left(self) -> None:
        self.keep("x.ndjson", LINES, (0, 100), (200, 300))
        stream, stale = self.reopened("renamed.ndjson", LINES + b"more\n")
        assert (stream.ranges.low, stream.ranges.above, stale) == (100, ((200, 300),), [])

    def test_one_that_was_rewritten_is_read_again(self) -> None:
        self.keep("x.ndjson", LINES, (0, 100))
        stream, stale = self.reopened("x.ndjson", b"y" + LINES)
        assert (stream.ranges.low, len(stale)) == (0, 1)

    def test_one_that_was_rewritten_after_its_first_part_is_taken_for_the_same(self) -> None:
        self.keep("x.ndjson", LINES, (0, 100))
        stream, stale = self.reopened("x.ndjson", LINES[:100] + b"other" * 200)
        assert (stream.ranges.low, stale) == (100, [])

    def test_one_that_shrank_below_what_was_consumed_is_read_again(self) -> None:
        self.keep("x.ndjson", LINES * 100, (0, 20_000))
        stream, stale = self.reopened("x.ndjson", (LINES * 100)[:19_999])
        assert (stream.ranges.low, len(stale)) == (0, 1)

    @pytest.mark.parametrize("content", [LINES.replace(b"e", b"E"), LINES[:250]])
    def test_what_was_consumed_beyond_the_cursor_counts_as_well(self, content: bytes) -> None:
        """With the first batch under way and the second delivered, a rewritten file must not be passed over there."""
        self.keep("x.ndjson", LINES, (200, 300))
        stream, stale = self.reopened("x.ndjson", content)
        assert (stream.ranges.low, stream.ranges.above, len(stale)) == (0, (), 1)

    def test_two_avro_files_with_the_same_long_schema_are_two(self) -> None:
        """An inode is given to the next file as soon as one is deleted."""
        schema = avro_files.schema(padding="x" * 20_000)
        first = avro_files.avro(avro_files.records("a", "b"), of=schema)
        second = avro_files.avro(avro_files.records("c", "d", "e"), of=schema)
        assert first[:10_000] == second[:10_000]
        self.keep("x.avro", first, (0, 2))
        stream, stale = self.reopened("y.avro", second)
        assert (stream.ranges.low, len(stale)) == (0, 1)

    def test_an_avro_file_that_has_grown_goes_on(self) -> None:
        self.keep("x.avro", avro_files.avro(avro_files.records("a", "b"), a_block=1), (0, 2))
        stream, stale = self.reopened("x.avro", avro_files.avro(avro_files.records("a", "b", "c"), a_block=1))
        assert (stream.ranges.low, stale) == (2, [])

    def test_one_that_was_finished_and_did_not_change_is_complete(self) -> None:
        content = CONTENT["json"]
        stream, _stale = open_stream("x.json", self.identity(content), io.BytesIO(content), [])
        stream.finish(0, 30)
        stream.end = 30
        with Store(self.directory) as store, store.transaction(durable=False) as transaction:
            save(transaction, 1, stream)
        again, _stale = self.reopened("x.json", content)
        assert again.complete
        grown, _stale = self.reopened("x.json", content + b" ")
        assert not grown.complete

    def test_its_name_need_not_be_utf8(self) -> None:
        self.keep("caf\udce9.ndjson", LINES, (0, 100))
        stream, _stale = self.reopened("caf\udce9.ndjson", LINES)
        assert stream.ranges.low == 100
