"""Measures heap-tui and its peers side by side: ``python -m tests.benchmarks.run --help``."""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.bench import Bench, Wanted
from tests.benchmarks.peers import PEERS
from tests.benchmarks.process import BenchmarkError
from tests.benchmarks.report import Measured
from tests.benchmarks.rows import Row
from tests.benchmarks.subject import PRIOR_ROW, SUBJECTS
from tests.benchmarks.target import Target

ROWS = {row.name: row for row in (*PEERS, *SUBJECTS)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; 0 when every event of every run arrived."""
    asked = _parser().parse_args(arguments)
    rows = [ROWS[name] for name in asked.only] if asked.only else _default_rows(asked.prior)
    wanted = Wanted(asked.events, asked.prior, asked.batch_size, asked.in_flight, asked.deadline)
    try:
        with _work_dir(asked.work_dir) as work_dir, Target() as target:
            bench = Bench(wanted, work_dir, target)
            try:
                runs = _measure(bench, rows, asked)
            finally:
                bench.clean_up()
    except BenchmarkError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    _tell(runs, asked.json)
    return int(any(run.complaint or run.arrived != run.sent for run in runs))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=__doc__)
    add = parser.add_argument
    add("--only", action="append", choices=ROWS, metavar="NAME", help=f"a row, repeatable: {', '.join(ROWS)}")
    add("--events", type=int, default=200_000, help="events a run (default: %(default)s)")
    add(
        "--latency-ms",
        type=float,
        action="append",
        help="latency of the sink, repeatable (default: 0 and 50)",
    )
    add(
        "--repeat",
        type=int,
        default=3,
        help="rounds; in each round every row runs once (default: %(default)s)",
    )
    add("--batch-size", type=int, default=100, help="events a request (default: %(default)s)")
    add("--in-flight", type=int, default=16, help="requests in flight, where a row can (default: %(default)s)")
    add(
        "--prior",
        type=int,
        default=0,
        metavar="N",
        help=f"events delivered before {PRIOR_ROW} is timed (2000000)",
    )
    add("--work-dir", type=Path, help="where files are made and kept (default: temporary, removed at the end)")
    add("--json", type=Path, metavar="FILE", help="also write every run and the table as JSON")
    add(
        "--deadline",
        type=float,
        default=300,
        metavar="S",
        help="seconds a run may take (default: %(default)s)",
    )
    add("--no-check", action="store_true", help="leave out the untimed run that counts the ids that arrive")
    return parser


def _default_rows(prior_events: int) -> list[Row]:
    """Every row; the one with earlier ids only when it was said how many."""
    return [row for row in ROWS.values() if row.name != PRIOR_ROW or prior_events]


@contextmanager
def _work_dir(asked: Path | None) -> Iterator[Path]:
    work_dir = asked.resolve() if asked else Path(tempfile.mkdtemp(prefix="heap-tui-benchmark-"))
    work_dir.mkdir(parents=True, exist_ok=True)
    if _file_system(work_dir) == "tmpfs":
        print(
            f"{work_dir} is memory: what waits for a disk looks free; choose another --work-dir",
            file=sys.stderr,
        )
    try:
        yield work_dir
    finally:
        if asked is None:
            shutil.rmtree(work_dir, ignore_errors=True)


def _file_system(path: Path) -> str:
    """The kind of file system that `path` lies on."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    holding = [(mount[1], mount[2]) for mount in mounts if path.is_relative_to(mount[1])]
    return max(holding, key=lambda found: len(found[0]))[1]


def _measure(bench: Bench, rows: list[Row], asked: argparse.Namespace) -> list[Measured]:
    """Check each row once, then run A B C, A B C, ... so that a busy minute falls on all of them."""
    if not asked.no_check:
        for row in filter(lambda row: row.sends_the_file, rows):
            bench.check(row)
            print(f"{row.name}: complete", file=sys.stderr)
    runs = []
    for round_number in range(1, asked.repeat + 1):
        for latency_ms in asked.latency_ms or [0, 50]:
            for row in rows:
                runs.append(bench.measure(row, latency_ms))
                _progress(runs[-1], round_number)
    return runs


def _progress(run: Measured, round_number: int) -> None:
    fault = run.complaint or ("" if run.arrived == run.sent else f"{run.arrived} of {run.sent} arrived")
    speed = f"{run.events_per_s:,.0f} events/s, {run.cpu_s_per_million:.1f} CPU s per million"
    print(f"round {round_number}, {run.latency_ms:g} ms, {run.row}: {speed} {fault}".rstrip(), file=sys.stderr)


def _tell(runs: list[Measured], json_file: Path | None) -> None:
    found = report.summaries(runs)
    print(report.markdown(found))
    if json_file:
        machine = {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        json_file.write_text(json.dumps(report.as_json(found, runs, machine), indent=1))


if __name__ == "__main__":
    sys.exit(main())
