"""Stopping the real program: signals, deadlines, and what is kept."""

import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.fakes.delivery import event_json, names
from tests.fakes.endpoint import Endpoint, Received, Reply
from tests.fakes.program import Program, Running, lines, until

FATES = ("outcome", "accepted", "delivered", "dead_lettered", "pending", "given_back")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def events_file(program: Program, number: int) -> str:
    path = program.home / "events.ndjson"
    path.write_bytes(lines([event_json(name) for name in names(number)]))
    return str(path)


def wait_for_handlers(running: Running) -> None:
    """Wait until the program has its signal handlers (Linux tells which signals are caught)."""
    status = Path(f"/proc/{running.process.pid}/status")

    def caught() -> bool:
        found = next((line for line in status.read_text().splitlines() if line.startswith("SigCgt")), "SigCgt: 0")
        return bool(int(found.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

    until(caught)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_drains_gives_the_rest_back_and_exits_with_4(
    endpoint: Endpoint, program: Program, number: signal.Signals
) -> None:
    may_answer = threading.Event()
    endpoint.rule = lambda request: Reply() if request.number < 3 else Reply(after=may_answer)
    source = events_file(program, 5000)
    running = program.start("--endpoint", endpoint.url, "--source", source, "--max-in-flight", "2")
    endpoint.wait_for_requests(5)
    running.signal(number)
    assert running.process.stderr is not None
    assert b"Stopping" in next(line for line in running.process.stderr if line.startswith(b"Stopping"))
    may_answer.set()
    done = running.finish()
    assert done.code == 4
    outcome, accepted, delivered, dead, pending, given_back = done.counts(*FATES)
    assert (outcome, accepted, delivered, dead, pending) == ("interrupted", 500, 500, 0, 0)
    assert given_back > 0
    assert len(endpoint.received) == 5  # nothing was started after the signal
    endpoint.rule = lambda _request: Reply()
    after = program.run("--endpoint", endpoint.url, "--source", source)
    assert (after.code, after.counts(*FATES)) == (0, ("complete", 4500, 4500, 0, 0, 0))
    assert sorted(endpoint.accepted) == names(5000)


def test_the_drain_lasts_no_longer_than_it_may(endpoint: Endpoint, program: Program) -> None:
    never = threading.Event()
    endpoint.rule = lambda request: Reply() if request.number < 2 else Reply(after=never)
    source = events_file(program, 1000)
    running = program.start("--endpoint", endpoint.url, "--source", source, "--drain-timeout", "0.5")
    endpoint.wait_for_requests(4)
    asked_at = monotonic()
    running.signal(signal.SIGTERM)
    done = running.finish()
    assert 0.4 < monotonic() - asked_at < 5
    assert done.code == 4
    assert done.counts(*FATES) == ("interrupted", 200, 200, 0, 0, done.summary["given_back"])
    assert done.summary["given_back"] >= 200


def test_a_second_signal_leaves_at_once_and_loses_nothing(endpoint: Endpoint, program: Program) -> None:
    never = threading.Event()
    endpoint.rule = lambda request: Reply() if request.number < 2 else Reply(after=never)
    source = events_file(program, 1000)
    running = program.start("--endpoint", endpoint.url, "--source", source, "--drain-timeout", "60")
    endpoint.wait_for_requests(4)
    running.signal(signal.SIGINT)
    assert running.process.stderr is not None
    assert any(line.startswith(b"Stopping") for line in iter(running.process.stderr.readline, b""))
    asked_at = monotonic()
    running.signal(signal.SIGINT)
    assert running.process.wait(30) == 4
    assert monotonic() - asked_at < 5
    running.finish()
    endpoint.rule = lambda _request: Reply()
    after = program.run("--endpoint", endpoint.url, "--source", source)
    assert after.code == 0
    assert set(endpoint.accepted) == set(names(1000))


def test_a_stop_while_everything_waits_for_a_retry_ends_at_once(endpoint: Endpoint, program: Program) -> None:
    endpoint.rule = lambda _request: Reply(503, {"Retry-After": "3600"})
    running = program.start("--endpoint", endpoint.url, "--source", events_file(program, 300))
    endpoint.wait_for(lambda: bool(endpoint.received and endpoint.received[0].status))
    asked_at = monotonic()
    running.signal(signal.SIGTERM)
    done = running.finish()
    assert monotonic() - asked_at < 5
    assert (done.code, done.counts(*FATES)) == (4, ("interrupted", 0, 0, 0, 0, done.summary["given_back"]))


def test_a_stop_of_standard_input_keeps_what_was_accepted(endpoint: Endpoint, program: Program) -> None:
    endpoint.rule = lambda _request: Reply(503, {"Retry-After": "0"})
    running = program.start("--endpoint", endpoint.url, "--source", "-", stdin=subprocess.PIPE)
    running.feed(lines([event_json(name) for name in names(250)]))
    endpoint.wait_for_requests(2)
    running.signal(signal.SIGTERM)
    done = running.finish()
    assert (done.code, done.counts(*FATES)) == (4, ("interrupted", 250, 0, 0, 250, 0))
    endpoint.rule = lambda _request: Reply()
    after = program.run("--endpoint", endpoint.url)
    assert (after.code, after.counts(*FATES)) == (0, ("complete", 0, 250, 0, 0, 0))
    assert after.summary["pending_before"] == 250
    assert sorted(endpoint.accepted) == names(250)


def test_a_stop_with_nothing_left_is_0_when_a_source_was_followed(endpoint: Endpoint, program: Program) -> None:
    source = events_file(program, 200)
    running = program.start("--endpoint", endpoint.url, "--source", source, "--follow")
    endpoint.wait_for(lambda: len(endpoint.accepted) == 200)
    with Path(source).open("ab") as file:
        file.write(lines([event_json("one-more")]))
    endpoint.wait_for(lambda: "one-more" in endpoint.ids)
    until(lambda: "one-more" in endpoint.accepted)
    running.signal(signal.SIGTERM)
    done = running.finish()
    assert (done.code, done.counts(*FATES)) == (0, ("complete", 201, 201, 0, 0, 0))


def test_a_stop_before_the_source_was_read_is_4(endpoint: Endpoint, program: Program) -> None:
    running = program.start("--endpoint", endpoint.url, "--source", "-", stdin=subprocess.PIPE)
    wait_for_handlers(running)
    running.signal(signal.SIGTERM)
    running.process.wait(30)  # its standard input stays open until here
    done = running.finish()
    assert (done.code, done.counts(*FATES)) == (4, ("interrupted", 0, 0, 0, 0, 0))


def test_samples_that_were_not_all_made_are_a_source_unread(endpoint: Endpoint, program: Program) -> None:
    running = program.start("--endpoint", endpoint.url, "--source", "sample:?count=100000&rate=200&seed=1")
    endpoint.wait_for_requests(2)
    running.signal(signal.SIGTERM)
    done = running.finish()
    assert (done.code, done.summary["outcome"]) == (4, "interrupted")


def test_a_deadline_stops_like_a_signal(endpoint: Endpoint, program: Program) -> None:
    endpoint.rule = lambda _request: Reply(delay_s=0.05)
    source = events_file(program, 5000)
    done = program.run(
        "--endpoint",
        endpoint.url,
        "--source",
        source,
        "--deadline",
        "0.6",
        "--max-in-flight",
        "2",
        "--batch-size",
        "20",
    )
    outcome, accepted, delivered, dead, pending, given_back = done.counts(*FATES)
    assert (done.code, outcome, dead, pending) == (4, "interrupted", 0, 0)
    assert 0 < accepted == delivered < 5000
    assert given_back > 0
    assert done.summary["elapsed_s"] < 5


def test_every_interrupted_run_takes_up_where_the_last_one_stopped(endpoint: Endpoint, program: Program) -> None:
    source = events_file(program, 3000)
    totals = dict.fromkeys(("read", "accepted", "delivered"), 0)
    for stop_at in (5, 12):
        endpoint.rule = lambda _request: Reply(delay_s=0.01)
        running = program.start("--endpoint", endpoint.url, "--source", source, "--batch-size", "50")
        endpoint.wait_for_requests(stop_at)
        running.signal(signal.SIGTERM)
        done = running.finish()
        for key in totals:
            totals[key] += done.summary[key]
    last = program.run("--endpoint", endpoint.url, "--source", source)
    assert last.code == 0
    for key in totals:
        assert totals[key] + last.summary[key] == 3000
    assert sorted(endpoint.accepted) == names(3000)


def test_received_requests_are_what_the_summary_says(endpoint: Endpoint, program: Program) -> None:
    def rule(request: Received) -> Reply:
        return Reply(503) if request.number % 4 == 1 else Reply()

    endpoint.rule = rule
    running = program.start("--endpoint", endpoint.url, "--source", events_file(program, 4000), "--batch-size", "20")
    endpoint.wait_for_requests(12)
    running.signal(signal.SIGTERM)
    done = running.finish()
    assert done.code in (0, 4)
    assert done.counts("requests", "bytes_sent") == (len(endpoint.received), sum(r.size for r in endpoint.received))
    assert done.summary["delivered"] == len(endpoint.accepted)
