import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.spool import schema
from heap_tui.spool.cursors import Cursor, FileIdentity, Stream, candidates, drop, save
from heap_tui.spool.ranges import Ranges

SCOPE = 5
IDENTITY = FileIdentity(device=2049, inode=1234, size=10_000, mtime_ns=1_800_000_000_000_000_000)
HEAD = bytes(range(256)) * 16


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        schema.migrate(made)
        yield made


def stream(*, low: int = 0, by_bytes: bool = True, head: bytes = HEAD) -> Stream:
    return Stream(0, "/data/events.ndjson", IDENTITY, head, by_bytes, Ranges(low))


def the_only(connection: sqlite3.Connection, identity: FileIdentity = IDENTITY) -> Cursor:
    (cursor,) = candidates(connection, SCOPE, identity)
    return cursor


spans = st.lists(st.tuples(st.integers(0, 2**60), st.integers(0, 2**60)), max_size=5)
big = st.integers(0, 2**64 - 1)


@given(big, big, st.integers(0, 2**63 - 1), st.integers(-(2**62), 2**62), spans, st.none() | st.integers(0, 2**60))
def test_a_cursor_comes_back_as_it_was_saved(
    device: int, inode: int, size: int, mtime_ns: int, finished: list[tuple[int, int]], end: int | None
) -> None:
    identity = FileIdentity(device, inode, size, mtime_ns)
    saved = Stream(0, "name", identity, HEAD, by_bytes=True, ranges=Ranges(0, finished), end=end)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection)
        save(connection, SCOPE, saved)
        cursor = the_only(connection, identity)
    assert (cursor.number, cursor.size, cursor.mtime_ns) == (saved.cursor, size, mtime_ns)
    assert (cursor.ranges.low, cursor.ranges.above) == (saved.ranges.low, saved.ranges.above)
    assert cursor.complete is (end is not None and saved.ranges.low >= end)
    assert cursor.matches(HEAD)


def test_a_stream_keeps_its_row(connection: sqlite3.Connection) -> None:
    one = stream()
    save(connection, SCOPE, one)
    number = one.cursor
    assert number > 0
    one.finish(0, 300)
    one.finish(500, 600)
    one.name = "/data/renamed.ndjson"
    one.identity = replace(IDENTITY, size=20_000)
    save(connection, SCOPE, one)
    cursor = the_only(connection)
    assert (cursor.number, cursor.size) == (number, 20_000)
    assert (cursor.ranges.low, cursor.ranges.above) == (300, ((500, 600),))
    assert connection.execute("SELECT path FROM cursors").fetchall() == [("/data/renamed.ndjson",)]


def test_cursors_are_found_by_the_file_and_the_destination_newest_first(connection: sqlite3.Connection) -> None:
    first, second = stream(low=1), stream(low=2)
    for one in (first, second):
        save(connection, SCOPE, one)
    save(connection, SCOPE + 1, stream(low=3))
    save(connection, SCOPE, replace(stream(low=4), identity=replace(IDENTITY, inode=1)))
    save(connection, SCOPE, replace(stream(low=5), identity=replace(IDENTITY, device=1)))
    assert [cursor.ranges.low for cursor in candidates(connection, SCOPE, IDENTITY)] == [2, 1]
    grown = replace(IDENTITY, size=99, mtime_ns=1)
    assert [cursor.number for cursor in candidates(connection, SCOPE, grown)] == [second.cursor, first.cursor]


def test_a_dropped_cursor_is_gone(connection: sqlite3.Connection) -> None:
    kept, dropped = stream(low=1), stream(low=2)
    for one in (kept, dropped):
        save(connection, SCOPE, one)
    drop(connection, dropped.cursor)
    assert the_only(connection).number == kept.cursor


def test_a_line_file_is_known_by_what_was_consumed_of_its_head(connection: sqlite3.Connection) -> None:
    save(connection, SCOPE, stream(low=100))
    cursor = the_only(connection)
    assert cursor.head_size == 100
    assert cursor.matches(HEAD[:100])
    assert cursor.matches(HEAD[:100] + b"something else from here on")
    assert not cursor.matches(HEAD[:99])
    assert not cursor.matches(b"X" + HEAD[1:])
    assert not cursor.matches(HEAD[:99] + b"X" + HEAD[100:])


def test_what_was_consumed_beyond_a_gap_counts_too(connection: sqlite3.Connection) -> None:
    one = stream()
    one.finish(200, 300)
    save(connection, SCOPE, one)
    cursor = the_only(connection)
    assert cursor.head_size == 300
    assert not cursor.matches(HEAD[:299] + b"X")


def test_a_packed_file_is_known_by_all_of_its_head(connection: sqlite3.Connection) -> None:
    save(connection, SCOPE, stream(low=3, by_bytes=False))
    cursor = the_only(connection)
    assert cursor.head_size == len(HEAD)
    assert not cursor.matches(HEAD[:-1] + b"X")


def test_a_file_of_which_nothing_was_consumed_is_read_from_its_beginning_whatever_it_holds(
    connection: sqlite3.Connection,
) -> None:
    save(connection, SCOPE, stream())
    assert the_only(connection).matches(b"anything")
    assert the_only(connection).ranges.low == 0


def test_a_file_is_complete_when_everything_up_to_its_end_has_its_fate() -> None:
    one = stream()
    one.finish(0, 100)
    assert not one.complete  # it was not read to its end yet
    one.end = 200
    assert not one.complete
    one.finish(150, 200)
    assert not one.complete
    one.finish(100, 150)
    assert one.complete


@pytest.mark.parametrize("position", [0, 100, 4096, 9_000])
def test_a_line_file_goes_on_while_what_was_read_still_stands(position: int) -> None:
    before = stream()
    grown = replace(before, identity=replace(IDENTITY, size=20_000))
    assert before.is_continued_by(grown, position)
    rewritten = replace(grown, head=b"X" + HEAD[1:])
    assert before.is_continued_by(rewritten, position) is (position == 0)
    changed_later = replace(grown, head=HEAD[:500] + b"X" * 3596)
    assert before.is_continued_by(changed_later, position) is (position <= 500)
    shrunk = replace(before, identity=replace(IDENTITY, size=99), head=HEAD[:99])
    assert before.is_continued_by(shrunk, position) is (position == 0)


def test_a_packed_file_goes_on_only_as_a_whole() -> None:
    before = stream(by_bytes=False)
    assert before.is_continued_by(replace(before), 3)
    assert before.is_continued_by(replace(before, identity=replace(IDENTITY, size=10_001)), 3)
    assert not before.is_continued_by(replace(before, identity=replace(IDENTITY, size=9_999)), 3)
    assert not before.is_continued_by(replace(before, head=HEAD[:-1] + b"X"), 0)


def test_a_name_that_is_not_utf8_is_kept_as_far_as_it_can_be(connection: sqlite3.Connection) -> None:
    save(connection, SCOPE, replace(stream(), name="/data/\udce9.ndjson"))
    assert connection.execute("SELECT path FROM cursors").fetchone() == ("/data/?.ndjson",)


def test_a_stream_can_be_read_again() -> None:
    assert stream().replayable
