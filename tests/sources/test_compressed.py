"""Reading through gzip and Zstandard."""

import gzip
import io
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.sources.compressed import Decompressed, UnreadableError

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": lambda content: zstandard.ZstdCompressor().compress(content),
}
TEXT = b"".join(b"line %d\n" % n for n in range(20_000))
names = pytest.mark.parametrize("name", PACK)


def read_all(packed: bytes, name: str, size: int = 1000) -> bytes:
    content = Decompressed(io.BytesIO(packed), name)
    parts = []
    while part := content.read(size):
        assert len(part) <= size
        parts.append(part)
    return b"".join(parts)


def read_rest(content: Decompressed) -> None:
    while content.read(1 << 20):
        pass


@names
@given(parts=st.lists(st.binary(max_size=200), max_size=4), size=st.integers(1, 300))
def test_parts_one_after_another_are_one_content(name: str, parts: list[bytes], size: int) -> None:
    packed = b"".join(PACK[name](part) for part in parts)
    assert read_all(packed, name, size) == b"".join(parts)


@names
def test_more_than_one_block_comes_out_whole(name: str) -> None:
    assert read_all(PACK[name](TEXT), name) == TEXT


@names
@given(size=st.integers(0, 200_000))
def test_skipping_goes_on_at_that_byte(name: str, size: int) -> None:
    content = Decompressed(io.BytesIO(PACK[name](TEXT)), name)
    content.skip(size)
    assert content.read(20) == TEXT[size : size + 20]


@names
def test_skipping_beyond_the_end_stops_there(name: str) -> None:
    content = Decompressed(io.BytesIO(PACK[name](b"abc")), name)
    content.skip(10)
    assert content.read(1) == b""


@names
@pytest.mark.parametrize("kept", [1, 5, 1000, -1, -5])
def test_a_file_cut_off_gives_what_is_there_and_then_says_so(name: str, kept: int) -> None:
    content = Decompressed(io.BytesIO(PACK[name](TEXT)[:kept]), name)
    parts: list[bytes] = []
    with pytest.raises(UnreadableError, match="cut off"):
        parts.extend(iter(lambda: content.read(50_000), b""))
    assert TEXT.startswith(b"".join(parts))
    assert parts or kept > 0


@names
def test_a_second_part_cut_off_is_told_after_the_first(name: str) -> None:
    content = Decompressed(io.BytesIO(PACK[name](b"first") + PACK[name](b"second")[:-2]), name)
    assert content.read(5) == b"first"
    with pytest.raises(UnreadableError, match="cut off"):
        read_rest(content)


@names
def test_garbage_is_told_with_the_kind_of_file(name: str) -> None:
    with pytest.raises(UnreadableError, match=rf"\.{name} file"):
        read_all(b"this is no compressed file", name)


@names
def test_damage_in_the_middle_is_told(name: str) -> None:
    packed = bytearray(PACK[name](TEXT))
    packed[len(packed) // 2 :] = b"\xff" * (len(packed) - len(packed) // 2)
    with pytest.raises(UnreadableError):
        read_all(bytes(packed), name)


@names
def test_an_empty_file_is_an_empty_content(name: str) -> None:
    assert read_all(b"", name) == b""


@names
def test_zeros_that_unpack_a_thousandfold_do_not_fill_the_memory(name: str) -> None:
    import tracemalloc

    content = Decompressed(io.BytesIO(PACK[name](bytes(80 << 20))), name)
    tracemalloc.start()
    try:
        content.skip(80 << 20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20
