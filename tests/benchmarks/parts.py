"""Times the parts of the way of an event in isolation: where the time of a run goes, the index of ids included.

Run ``python -m tests.benchmarks.parts --events FILE.ndjson``; any NDJSON of HTTP-shaped events will do. Processor
time, best of the repetitions, since other programs can only make a part slower.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from heap_tui.currents.event import decode, plain_heads
from heap_tui.delivery.webhook import webhook_body
from heap_tui.spool import queue
from heap_tui.spool.runs import KEY_BYTES
from heap_tui.spool.seen import SeenIndex, keys_of
from heap_tui.spool.store import Store

_BATCH = 100
_COMMIT = 800  # events whose fates are typically committed together


def _best(repeat: int, part: Callable[[], None]) -> float:
    """Seconds of processor time of the quickest repetition."""
    times = []
    for _attempt in range(repeat):
        began = time.process_time()
        part()
        times.append(time.process_time() - began)
    return min(times)


def _portions(lines: Sequence[bytes], size: int) -> list[Sequence[bytes]]:
    return [lines[n : n + size] for n in range(0, len(lines), size)]


def _bodies(lines: Sequence[bytes]) -> None:
    for portion in _portions(lines, _BATCH):
        webhook_body(portion)


def _index(store: Store, count: int, prior: int) -> Callable[[], None]:
    """Look up and record fresh ids, after `prior` others."""
    scope = store.scope(f"benchmark {prior}")
    index = SeenIndex(store.connection, scope, 0.0, 7 * 86_400.0)

    def record(number: int) -> None:
        for _begin in range(0, number, _COMMIT):
            keys = [os.urandom(KEY_BYTES) for _one in range(_COMMIT)]
            index.known(keys)
            with store.transaction(durable=False) as transaction:
                index.add(transaction, keys, 0.0)

    record(prior)
    return lambda: record(count)


def _spool(store: Store, lines: Sequence[bytes]) -> None:
    """Append with a flush, lease and settle."""
    rows = [(f"id-{n}", "users.messages.email.Click", line) for n, line in enumerate(lines)]
    for begin in range(0, len(rows), 1000):
        with store.transaction(durable=True) as transaction:
            queue.append(transaction, rows[begin : begin + 1000], 0.0)
    after = 0
    while row := queue.lease(store.reader, after):
        after = row.seq
        row.finish(0, len(row.events))
        with store.transaction(durable=False) as transaction:
            queue.settle(transaction, row)


def _rows(lines: Sequence[bytes], repeat: int, prior: int) -> list[tuple[str, float]]:
    heads = plain_heads(lines)
    assert heads is not None
    with tempfile.TemporaryDirectory() as directory, Store(Path(directory)) as store:
        return [
            ("decode, an event at a time", _best(repeat, lambda: [decode(line) for line in lines] and None)),
            ("decode, in portions", _best(repeat, lambda: plain_heads(lines) and None)),
            ("16-byte keys of the ids", _best(repeat, lambda: keys_of(heads.ids) and None)),
            ("request bodies", _best(repeat, lambda: _bodies(lines))),
            ("index of seen ids, empty at first", _best(1, _index(store, len(lines), 0))),
            (f"index of seen ids, after {prior:,}", _best(1, _index(store, len(lines), prior))),
            ("queue: append, flush, lease, settle", _best(repeat, lambda: _spool(store, lines))),
        ]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=Path, required=True, help="NDJSON of HTTP-shaped events")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--prior", type=int, default=2_000_000, help="ids in the index before")
    arguments = parser.parse_args()
    lines = arguments.events.read_bytes().splitlines()
    print("| part | microseconds of processor time an event |\n| --- | --- |")
    for name, seconds in _rows(lines, arguments.repeat, arguments.prior):
        print(f"| {name} | {seconds / len(lines) * 1e6:.2f} |")


if __name__ == "__main__":
    main()
