"""The real program reading standard input."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.delivery import event_json, names
from tests.fakes.endpoint import Endpoint
from tests.fakes.program import Program, lines


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_it_is_delivered_to_its_end_with_or_without_a_last_line_end(program: Program, endpoint: Endpoint) -> None:
    content = lines([event_json(name) for name in names(3_000)]).rstrip(b"\n")
    done = program.run("--endpoint", endpoint.url, "--source", "-", given=content)
    assert (done.code, done.counts("read", "delivered")) == (0, (3_000, 3_000)), done.stderr
    assert sorted(endpoint.accepted) == names(3_000)
    again = program.run("--endpoint", endpoint.url, "--source", "-", given=content)
    assert again.counts("read", "duplicates", "delivered") == (3_000, 3_000, 0)


def test_nothing_is_nothing(program: Program, endpoint: Endpoint) -> None:
    done = program.run("--endpoint", endpoint.url, "--source", "-", given=b"")
    assert (done.code, done.counts("outcome", "read")) == (0, ("complete", 0))
    assert endpoint.received == []


def test_what_is_broken_is_told_by_its_line_and_the_rest_delivered(program: Program, endpoint: Endpoint) -> None:
    content = event_json("a") + b"\n{broken\n\n" + event_json("b") + b'\n{"id": 1, "half'
    done = program.run("--endpoint", endpoint.url, "--source", "-", given=content)
    assert (done.code, done.counts("read", "rejected", "delivered")) == (1, (4, 2, 2))
    assert "standard input, line 2: rejected" in done.stderr
    assert "standard input, line 5: rejected" in done.stderr


def test_a_signal_keeps_all_that_was_read_and_ends_the_wait_for_more(program: Program, endpoint: Endpoint) -> None:
    running = program.start("--endpoint", endpoint.url, "--source", "-", stdin=subprocess.PIPE)
    running.feed(lines([event_json(name) for name in names(250)]))
    endpoint.wait_for_requests(1)
    running.signal(signal.SIGTERM)
    assert running.process.stdin is not None
    stopped = running.process.wait(20)
    done = running.finish()
    assert stopped == done.code == 4, done.stderr
    assert done.counts("read", "accepted", "given_back") == (250, 250, 0)
    rest = program.run("--endpoint", endpoint.url)
    assert (rest.code, rest.counts("pending")) == (0, (0,))
    assert sorted(endpoint.accepted) == names(250)


def test_the_limit_ends_it_while_its_writer_goes_on(program: Program, endpoint: Endpoint) -> None:
    running = program.start("--endpoint", endpoint.url, "--source", "-", "--limit", "5", stdin=subprocess.PIPE)
    running.feed(lines([event_json(name) for name in names(20)]))
    assert running.process.wait(20) == 0
    assert running.finish().counts("outcome", "delivered") == ("complete", 5)
    assert sorted(endpoint.accepted) == names(5)
