"""The real program following files that grow and directories that fill."""

import gzip
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import avro_files
from tests.fakes.delivery import event_json, names
from tests.fakes.endpoint import Endpoint
from tests.fakes.program import Program, Running, lines, until


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path, {"HEAP_TUI_CONFIG": str(quick_config(tmp_path))})


def quick_config(place: Path) -> Path:
    """A profile that does not wait for company, so that each event is sent when it comes."""
    path = place / "quick.toml"
    path.write_text(
        'version = 1\n[profiles.p]\nname = "P"\n[profiles.p.destination]\nkind = "webhook"\n'
        'endpoint = "https://unused.example/"\ntoken = "none"\n[profiles.p.delivery]\nmax_batch_age_s = 0.01\n'
    )
    return path


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def ndjson(*ids: str) -> bytes:
    return lines([event_json(name) for name in ids])


def following(program: Program, endpoint: Endpoint, source: Path) -> Running:
    return program.start("--endpoint", endpoint.url, "--source", str(source), "--follow")


def arrived(endpoint: Endpoint, *ids: str) -> None:
    endpoint.wait_for(lambda: set(ids) <= set(endpoint.ids))
    until(lambda: set(ids) <= set(endpoint.accepted))


def test_a_file_that_grows_line_by_line(program: Program, endpoint: Endpoint) -> None:
    path = program.home / "x.ndjson"
    path.write_bytes(ndjson("a", "b") + event_json("late")[:20])
    running = following(program, endpoint, path)
    arrived(endpoint, "a", "b")
    append(path, event_json("late")[20:40])
    append(path, event_json("late")[40:] + b"\n" + ndjson("c"))
    arrived(endpoint, "late", "c")
    for name in names(5):
        append(path, ndjson(name))
        arrived(endpoint, name)
    running.signal(signal.SIGTERM)
    done = running.finish()
    assert done.code == 0, done.stderr
    assert done.counts("outcome", "read", "rejected", "delivered", "given_back") == ("complete", 9, 0, 9, 0)
    assert "rejected" not in done.stderr
    again = program.run("--endpoint", endpoint.url, "--source", str(path))
    assert again.counts("read", "delivered") == (0, 0)
    assert len(endpoint.ids) == 9


def test_an_unfinished_line_waits_for_the_run_after_the_next_signal(program: Program, endpoint: Endpoint) -> None:
    path = program.home / "x.ndjson"
    path.write_bytes(ndjson("a") + event_json("late")[:20])
    running = following(program, endpoint, path)
    arrived(endpoint, "a")
    running.signal(signal.SIGINT)
    done = running.finish()
    assert (done.code, done.counts("read", "rejected")) == (0, (1, 0)), done.stderr
    append(path, event_json("late")[20:])
    done = program.run("--endpoint", endpoint.url, "--source", str(path))
    assert (done.code, done.counts("read", "delivered")) == (0, (1, 1))
    assert endpoint.accepted == ["a", "late"]


def test_a_directory_into_which_files_are_moved_copied_and_rotated(program: Program, endpoint: Endpoint) -> None:
    here, elsewhere = program.home / "in", program.home / "out"
    here.mkdir()
    elsewhere.mkdir()
    (here / "first.ndjson").write_bytes(ndjson("first"))
    running = following(program, endpoint, here)
    arrived(endpoint, "first")
    (elsewhere / "x.avro").write_bytes(avro_files.avro(avro_files.records("avro")))
    (elsewhere / "x.avro").rename(here / "x.avro")
    arrived(endpoint, "avro")
    (here / "deep" / "er").mkdir(parents=True)
    (here / "deep" / "er" / "y.json.gz").write_bytes(gzip.compress(b"[" + event_json("json") + b"]"))
    arrived(endpoint, "json")
    (here / "first.ndjson").rename(here / "first-1.ndjson")
    (here / "first.ndjson").write_bytes(ndjson("rotated"))
    arrived(endpoint, "rotated")
    content = gzip.compress(ndjson(*names(500)), 0)
    with (here / "copied.ndjson.gz").open("wb", buffering=0) as file:
        file.write(content[: len(content) // 2])
        endpoint.wait_for(lambda: "e0100" in endpoint.ids)
        file.write(content[len(content) // 2 :])
    arrived(endpoint, *names(500))
    running.signal(signal.SIGTERM)
    done = running.finish()
    assert done.code == 0, done.stderr
    assert done.counts("read", "rejected", "duplicates", "delivered") == (504, 0, 0, 504)


def test_a_glob_that_matches_nothing_yet_is_waited_for_until_the_limit(program: Program, endpoint: Endpoint) -> None:
    running = program.start(
        *("--endpoint", endpoint.url, "--source", str(program.home / "*.ndjson"), "--follow", "--limit", "2")
    )
    assert running.process.stderr is not None
    assert b"holds no file" in running.process.stderr.readline()
    (program.home / "x.ndjson").write_bytes(ndjson("a", "b", "c"))
    done = running.finish()
    assert (done.code, done.counts("outcome", "delivered")) == (0, ("complete", 2)), done.stderr
