"""``--dry-run``: what would be sent, and no trace of it."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.fakes.delivery import event_json, names
from tests.fakes.endpoint import Endpoint
from tests.fakes.program import Program, lines

TOKEN = "s3cret-token"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path, {"HEAP_TUI_TOKEN": TOKEN})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "x.ndjson"
    path.write_bytes(lines([event_json(name) for name in names(150)]) + b"{broken\n")
    return path


def contents(place: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in place.rglob("*") if path.is_file()}


def test_requests_are_shown_and_nothing_is_sent_or_written(program: Program, endpoint: Endpoint, source: Path) -> None:
    done = program.run("--endpoint", endpoint.url, "--source", str(source), "--dry-run")
    assert done.code == 0, done.stderr
    assert done.counts("outcome", "read", "rejected", "accepted", "pending") == ("complete", 151, 1, 150, 150)
    assert done.counts("delivered", "requests", "bytes_sent") == (0, 0, 0)
    shown = [json.loads(line) for line in done.stdout.splitlines()[:-1]]
    assert [event["id"] for request in shown for event in request["body"]["events"]] == names(150)
    assert shown[0]["url"] == endpoint.url
    assert TOKEN not in done.stdout + done.stderr
    assert "line 151" in done.stderr
    assert endpoint.received == []
    assert not program.state.exists()


def test_the_state_of_earlier_runs_counts_and_stays_as_it_was(
    program: Program, endpoint: Endpoint, source: Path
) -> None:
    program.run("--endpoint", endpoint.url, "--source", str(source), "--limit", "60")
    before = contents(program.state)
    sent = len(endpoint.received)
    for _time in range(2):
        done = program.run("--endpoint", endpoint.url, "--source", str(source), "--dry-run")
        assert (done.code, done.counts("read", "pending")) == (0, (91, 90))
    assert len(endpoint.received) == sent
    after = contents(program.state)
    assert {name: after[name] for name in before} == before
    rest = program.run("--endpoint", endpoint.url, "--source", str(source))
    assert rest.counts("read", "rejected", "delivered") == (91, 1, 90)


def test_for_people_each_request_is_readable(program: Program, endpoint: Endpoint, source: Path) -> None:
    source.write_bytes(event_json("a"))
    arguments = ("--run", "--endpoint", endpoint.url, "--source", str(source), "--dry-run")
    done = program.start_any(*arguments).finish()
    assert done.stdout.startswith(f"POST {endpoint.url}\nContent-Type: application/json\n")
    assert "Authorization: Bearer [token]\n" in done.stdout
    assert '{"events":[' + event_json("a").decode() + "]}" in done.stdout
    assert "1 event would be sent" in done.stdout
