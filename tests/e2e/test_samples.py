"""The real program with made-up events."""

import json
from pathlib import Path

import pytest

from heap_tui.currents.catalog import catalog
from heap_tui.sandbox.server import SandboxOptions, SandboxServer
from tests.fakes.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def made(program: Program, source: str, *more: str) -> list[dict[str, object]]:
    record = program.home / f"{len(list(program.home.iterdir()))}.ndjson"
    with SandboxServer(SandboxOptions(record=record)) as sandbox:
        done = program.run("--endpoint", sandbox.url, "--source", source, *more)
    assert done.code == 0, done.stderr
    return sorted((json.loads(line) for line in record.read_bytes().splitlines()), key=lambda event: str(event["id"]))


def test_the_same_seed_makes_the_same_events_of_known_types(program: Program) -> None:
    first = made(program, "sample:?count=300&seed=5&users=20")
    second = made(program, "sample:?count=300&seed=5&users=20")
    assert [event["id"] for event in first] == [event["id"] for event in second]
    assert len(first) == 300
    assert {str(event["event_type"]) for event in first} <= {event_type.name for event_type in catalog()}


def test_an_endless_sample_ends_with_the_limit_and_selection_applies(program: Program) -> None:
    events = made(program, "sample:?count=0&seed=5", "--limit", "40", "--events", "users.messages.email.*")
    assert len(events) == 40
    assert all(str(event["event_type"]).startswith("users.messages.email.") for event in events)


def test_sandbox_is_all_it_takes_to_try_it_and_leaves_nothing(program: Program) -> None:
    running = program.start_any("--run", "--sandbox", "--source", "sample:?count=150&seed=1")
    done = running.finish()
    assert done.code == 0, done.stderr
    assert "150 events delivered" in done.stdout
    assert "The sandbox received 150 events (150 unique, 0 duplicates):" in done.stdout
    assert not program.state.exists()


def test_without_a_seed_the_one_drawn_is_told(program: Program) -> None:
    done = program.run("--sandbox", "--source", "sample:?count=3")
    assert "seed=" in done.stderr
    assert done.counts("delivered") == (3,)
