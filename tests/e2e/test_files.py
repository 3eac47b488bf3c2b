"""The real program reading files of every kind."""

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from heap_tui.sandbox.server import SandboxOptions, SandboxServer
from tests.fakes import avro_files
from tests.fakes.delivery import event_json, names
from tests.fakes.program import Program, Running, lines, until

MIB = 1 << 20


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "received.ndjson"


@pytest.fixture
def sandbox(record: Path) -> Iterator[SandboxServer]:
    with SandboxServer(SandboxOptions(record=record)) as running:
        yield running


def received(record: Path) -> list[str]:
    return sorted(json.loads(line)["id"] for line in record.read_bytes().splitlines())


def ndjson(*ids: str) -> bytes:
    return lines([event_json(name) for name in ids])


def test_a_directory_of_every_format_is_delivered_once(program: Program, sandbox: SandboxServer, record: Path) -> None:
    ids = names(80)
    here = program.home / "in"
    hour = here / "dataexport.S3" / f"event_type={avro_files.CLICK}" / "date=2026-01-02-03"
    hour.mkdir(parents=True)
    (here / "a.ndjson").write_bytes(ndjson(*ids[:10]))
    (here / "b.jsonl.gz").write_bytes(gzip.compress(ndjson(*ids[10:20])))
    (here / "c.json").write_bytes(b'{"events": [' + b",".join(event_json(name) for name in ids[20:30]) + b"]}")
    (here / "d.json.zst").write_bytes(avro_files.PACK["zstandard"](b"[" + event_json(ids[30]) + b"]"))
    for n, codec in enumerate(("null", "deflate", "snappy", "zstandard")):
        records = avro_files.records(*ids[31 + 10 * n : 41 + 10 * n])
        (hour / f"part{n}.avro").write_bytes(avro_files.avro(records, codec))
    (hour / "part9.avro.gz").write_bytes(gzip.compress(avro_files.avro(avro_files.records(*ids[71:]))))
    (here / "notes.txt").write_text("not an event")
    for run, counts in enumerate([(80, 80, 80), (0, 0, 0)]):
        done = program.run("--endpoint", sandbox.url, "--source", str(here))
        assert (done.code, done.counts("read", "accepted", "delivered")) == (0, counts), f"run {run}: {done.stderr}"
    assert received(record) == ids


def test_a_profile_says_what_is_read_chosen_and_hidden(program: Program, sandbox: SandboxServer, record: Path) -> None:
    person = {"external_user_id": "u"}
    events = [
        {"id": "a", "event_type": "x.Yes", "time": 1, "user": person, "properties": {"mail": "m", "phone": "1"}},
        {"id": "b", "event_type": "x.No", "time": 1, "user": person},
        {"id": "c", "event_type": "x.Yes", "time": 1, "user": {}},
    ]
    source = program.home / "events.ndjson"
    source.write_bytes(lines([json.dumps(one).encode() for one in events]))
    config = f"""
        version = 1
        [profiles.p]
        name = "P"
        [profiles.p.destination]
        kind = "webhook"
        endpoint = "{sandbox.url}"
        token = "none"
        [profiles.p.events]
        include = ["x.*"]
        exclude = ["*.No"]
        anonymous = false
        [profiles.p.transform]
        remove = ["phone"]
        hash = ["mail"]
        [[profiles.p.sources]]
        uri = "{source}"
    """
    (program.home / "config.toml").write_text(config)
    done = program.run()
    assert (done.code, done.counts("read", "skipped", "delivered")) == (0, (3, 2, 1)), done.stderr
    sent = json.loads(record.read_bytes())
    assert sent["properties"] == {"mail": sha256(b"m").hexdigest(), "phone": "[REDACTED]"}


def processes_of(running: Running) -> list[int]:
    """The processes of a run that have not ended."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _parent, group = entry.read_text().rpartition(")")[2].split()[:3]
            if int(group) == running.process.pid and state != "Z":
                found.append(int(entry.parent.name))
    return found


def test_a_large_avro_file_is_decoded_by_processes_that_end_with_the_run(
    program: Program, sandbox: SandboxServer
) -> None:
    noise = Random(1)
    rows = [avro_files.record(name, url=noise.randbytes(150).hex()) for name in names(8_000)]
    path = program.home / "x.avro"
    path.write_bytes(avro_files.avro(rows, "deflate", a_block=500))
    assert path.stat().st_size > MIB
    running = program.start("--endpoint", sandbox.url, "--source", str(path))
    until(lambda: len(processes_of(running)) > 1)
    running.process.wait(60)
    until(lambda: not processes_of(running), 5)
    done = running.finish()
    assert (done.code, done.counts("delivered")) == (0, (8_000,)), done.stderr
    assert sandbox.report().unique == 8_000


def most_memory(running: Running) -> int:
    """The most memory that a run had until shortly before its end, in bytes."""
    status, most = Path(f"/proc/{running.process.pid}/status"), 0
    while running.process.poll() is None:
        told = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        most = max(most, int(told.get("VmHWM", "0").split()[0]) * 1024)
        time.sleep(0.01)
    return most


def test_memory_does_not_grow_with_the_file(program: Program, sandbox: SandboxServer) -> None:
    used = []
    for size in (12, 48):
        path = program.home / f"{size}.ndjson"
        path.write_bytes(lines([event_json(f"{size}-{n}", 1_000) for n in range(size * 1_000)]))
        running = program.start("--endpoint", sandbox.url, "--source", str(path))
        used.append(most_memory(running))
        assert running.finish().counts("delivered") == (size * 1_000,)
    # What was seen is remembered, at some 100 bytes an event (and in a filter of fixed size, once there are more
    # than these); the file itself is not.
    assert used[1] - used[0] < 20 * MIB, [memory // MIB for memory in used]
