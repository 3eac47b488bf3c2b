"""Reading standard input from a thread that can be told to stop."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heap_tui.sources.stdin import StdinReader


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


class Waiting(threading.Thread):
    """A read that waits for input."""

    def __init__(self, reader: StdinReader) -> None:
        super().__init__(daemon=True)
        self._reader = reader
        self.found: bytes | None = None
        self.start()
        time.sleep(0.02)  # until it waits; there is nothing to be seen of that

    def run(self) -> None:
        self.found = self._reader.read(100)


def test_what_is_there_is_read(pipe: tuple[int, int]) -> None:
    with StdinReader(pipe[0]) as reader:
        os.write(pipe[1], b"abc")
        assert reader.read(100) == b"abc"


def test_the_end_of_the_input_is_empty() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"abc")
    os.close(write_end)
    with StdinReader(read_end) as reader:
        assert [reader.read(100), reader.read(100), reader.read(100)] == [b"abc", b"", b""]
    os.close(read_end)


def test_a_read_waits_until_something_comes(pipe: tuple[int, int]) -> None:
    with StdinReader(pipe[0]) as reader:
        waiting = Waiting(reader)
        assert waiting.is_alive()
        os.write(pipe[1], b"late")
        waiting.join(5)
        assert waiting.found == b"late"


def test_stopping_ends_the_read_that_waits_and_all_later_ones(pipe: tuple[int, int]) -> None:
    with StdinReader(pipe[0]) as reader:
        waiting = Waiting(reader)
        reader.stop()
        waiting.join(5)
        assert waiting.found == b""
        os.write(pipe[1], b"too late")
        assert reader.read(100) == b""


def test_leaving_ends_a_read_that_waits(pipe: tuple[int, int]) -> None:
    with StdinReader(pipe[0]) as reader:
        waiting = Waiting(reader)
    waiting.join(5)
    assert not waiting.is_alive()


def test_a_file_can_be_standard_input(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * 3_000_000)
    with (tmp_path / "x").open("rb") as file, StdinReader(file.fileno()) as reader:
        parts = list(iter(lambda: reader.read(1 << 18), b""))
    assert sum(map(len, parts)) == 3_000_000
