"""The files that the programs under test read, made once for each size and kept in the work directory."""

import itertools
import time
from collections import defaultdict
from pathlib import Path

import fastavro

from tests.benchmarks.events import Record, avro_schema, ndjson_line, records

RECORDS_A_FILE = 15_000  # protocol.md section 3: a storage file is closed after 15,000 events
_TIMED_SEED, _PRIOR_SEED = 2026, 1999
_INTEGRATION = "dataexport.prod-01.S3.integration.65f0a1b2c3d4e5f60718293a"


def ndjson_file(directory: Path, count: int) -> Path:
    """The timed events, one a line."""
    return _ndjson(directory / f"events-{count}.ndjson", count, _TIMED_SEED)


def prior_file(directory: Path, count: int) -> Path:
    """Other events than the timed ones, to fill the index of seen ids with."""
    return _ndjson(directory / f"prior-{count}.ndjson", count, _PRIOR_SEED)


def avro_tree(directory: Path, count: int, codec: str) -> Path:
    """The timed events as Currents lays them into a bucket; `codec` is an Avro codec name."""
    root = directory / f"currents-{count}-{codec}"
    if not root.exists():
        unfinished = root.with_suffix(".part")
        for event_type, batch, offset in _file_contents(count):
            _write_avro(unfinished, event_type, batch, offset, codec)
        unfinished.rename(root)
    return root


def request_body(directory: Path, batch_size: int) -> Path:
    """One ready-made request body, for the load generator."""
    path = directory / f"body-{batch_size}.json"
    lines = [ndjson_line(kind, record).rstrip() for kind, record in records(batch_size, _TIMED_SEED)]
    path.write_bytes(b'{"events":[' + b",".join(lines) + b"]}")
    return path


def _ndjson(path: Path, count: int, seed: int) -> Path:
    if not path.exists():
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as out:
            out.writelines(itertools.starmap(ndjson_line, records(count, seed)))
        unfinished.rename(path)
    return path


def _file_contents(count: int) -> list[tuple[str, list[Record], int]]:
    """Split the timed events by type and then into files: event type, records, offset of the first."""
    by_type: dict[str, list[Record]] = defaultdict(list)
    for kind, record in records(count, _TIMED_SEED):
        by_type[kind].append(record)
    return [
        (kind, of_type[start : start + RECORDS_A_FILE], start)
        for kind, of_type in by_type.items()
        for start in range(0, len(of_type), RECORDS_A_FILE)
    ]


def _write_avro(root: Path, event_type: str, batch: list[Record], offset: int, codec: str) -> None:
    hour = time.strftime("%Y-%m-%d-%H", time.gmtime(batch[0]["time"]))
    folder = root / _INTEGRATION / f"event_type={event_type}" / f"date={hour}" / "731" / "prod-01"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_INTEGRATION}+event_type={event_type}+0+{offset:010d}.avro"
    with path.open("wb") as out:
        fastavro.writer(out, fastavro.parse_schema(avro_schema(event_type)), batch, codec=codec)
