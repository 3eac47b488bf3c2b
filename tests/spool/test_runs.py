import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.spool import runs, schema
from heap_tui.spool.runs import KEY_BYTES

NOW = 1_800_000_000.0
SCOPE = 3


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_BLOCK_IDS", 3)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        schema.migrate(made)
        yield made


@pytest.mark.timeout(20)
def test_an_id_is_not_found_across_the_border_of_two_others(connection: sqlite3.Connection) -> None:
    one, two, three, four = (bytes([n]) * 4 for n in (1, 2, 3, 4))
    first, second = one + two + three + four, two + three + four + four
    across = first[4:] + second[:4]
    run = runs.new_run(connection, SCOPE, NOW, NOW, complete=True)
    runs.write(connection, run, [first, second])
    assert not runs.holds(connection, run, across)
    other = runs.new_run(connection, SCOPE, NOW, NOW, complete=True)
    runs.write(connection, other, sorted([first, second, across]))
    assert runs.holds(connection, other, across)


@settings(max_examples=50)
@given(st.sets(st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES), max_size=40), st.data())
def test_a_run_holds_exactly_its_keys(keys: set[bytes], data: st.DataObject) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection)
        neighbour = runs.new_run(connection, SCOPE, NOW, NOW, complete=True)
        runs.write(connection, neighbour, [b"\x00" * KEY_BYTES, b"\xff" * KEY_BYTES])
        run = runs.new_run(connection, SCOPE, NOW, NOW, complete=True)
        runs.write(connection, run, sorted(keys))
        others = data.draw(st.sets(st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES), max_size=5)) | {
            one[:4] + bytes(12) for one in keys
        }
        assert all(runs.holds(connection, run, one) for one in keys)
        assert not any(runs.holds(connection, run, one) for one in others - keys)
        assert sorted(one for block in runs.ids_of(connection, run) for one in block) == sorted(keys)
