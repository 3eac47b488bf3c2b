"""kill -9 of the real program at random moments: nothing is lost, and what is repeated is bounded."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.fakes.avro_files import avro, records
from tests.fakes.delivery import event_json, names
from tests.fakes.endpoint import Endpoint, Received, Reply
from tests.fakes.program import Program, lines

IN_FLIGHT, BATCH = 4, 25
ARGUMENTS = ("--max-in-flight", str(IN_FLIGHT), "--batch-size", str(BATCH))


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(lambda _request: Reply(delay_s=0.002)) as running:
        yield running


def kill_after(program: Program, endpoint: Endpoint, requests: int, *arguments: str) -> None:
    """Run, and kill it when that many further requests have arrived."""
    before = len(endpoint.received)
    running = program.start("--endpoint", endpoint.url, *arguments, *ARGUMENTS)
    endpoint.wait_for_requests(before + requests)
    running.kill()


def check(endpoint: Endpoint, expected: set[str], kills: int) -> None:
    """Everything arrived; what arrived again was under way, or not yet committed, when a run was killed."""
    arrived = Counter(endpoint.ids)
    assert set(arrived) == expected
    assert sum(arrived.values()) - len(arrived) <= kills * IN_FLIGHT * BATCH


def test_files_of_lines_survive_kills_at_random_moments(endpoint: Endpoint, program: Program) -> None:
    chance, ids = Random(1), names(6000)
    for n in range(3):
        part = ids[n * 2000 : (n + 1) * 2000]
        path = program.home / f"part{n}.ndjson"
        path.write_bytes(lines([event_json(name, size=900 * n) for name in part]))
    assert path.stat().st_size > 1 << 20  # read in a process of its own, unlike the first
    source = ("--source", str(program.home / "*.ndjson"))
    for _kill in range(9):
        kill_after(program, endpoint, chance.randint(1, 20), *source)
    arrived_before = len(set(endpoint.ids))
    last = program.run("--endpoint", endpoint.url, *source, *ARGUMENTS)
    assert last.code == 0, last.stderr
    check(endpoint, set(ids), kills=9)
    outcome, read, accepted, delivered, duplicates = last.counts(
        "outcome", "read", "accepted", "delivered", "duplicates"
    )
    assert (outcome, duplicates) == ("complete", 0)
    assert read == accepted == delivered
    assert 6000 - arrived_before <= delivered <= 6000 - arrived_before + IN_FLIGHT * BATCH


def test_avro_survives_kills_at_random_moments(endpoint: Endpoint, program: Program) -> None:
    chance, ids = Random(2), names(6000, "large-enough-to-be-decoded-in-processes-of-its-own-" * 2)
    path = program.home / "events.avro"
    path.write_bytes(avro(records(*ids), a_block=500))
    assert path.stat().st_size > 1 << 20
    small = program.home / "small.avro"
    small.write_bytes(avro(records(*names(1000, "small-")), a_block=100))
    source = ("--source", str(program.home / "*.avro"))
    for _kill in range(3):
        kill_after(program, endpoint, chance.randint(1, 60), *source)
    last = program.run("--endpoint", endpoint.url, *source, *ARGUMENTS)
    assert last.code == 0, last.stderr
    check(endpoint, {*ids, *names(1000, "small-")}, kills=3)
    assert last.counts("duplicates", "pending", "rejected") == (0, 0, 0)


def test_compressed_lines_survive_a_kill(endpoint: Endpoint, program: Program) -> None:
    import gzip

    path = program.home / "events.ndjson.gz"
    path.write_bytes(gzip.compress(lines([event_json(name) for name in names(2000)])))
    for requests in (3, 11):
        kill_after(program, endpoint, requests, "--source", str(path))
    last = program.run("--endpoint", endpoint.url, "--source", str(path), *ARGUMENTS)
    assert last.code == 0, last.stderr
    check(endpoint, set(names(2000)), kills=2)


def test_standard_input_that_was_accepted_arrives_after_a_kill(endpoint: Endpoint, program: Program) -> None:
    chance = Random(3)
    for kill in range(3):
        running = program.start("--endpoint", endpoint.url, "--source", "-", *ARGUMENTS, stdin=subprocess.PIPE)
        before = len(endpoint.received)
        fed = names(800, f"k{kill}-")
        running.feed(lines([event_json(name) for name in fed]))
        endpoint.wait_for_requests(before + chance.randint(1, 10))
        running.kill()
    # An event that arrived had been accepted, and events are accepted in order.
    arrived_before = set(endpoint.ids)
    last = program.run("--endpoint", endpoint.url, *ARGUMENTS)
    assert last.code == 0, last.stderr
    assert last.counts("read", "accepted", "pending") == (0, 0, 0)
    assert last.summary["pending_before"] == last.summary["delivered"]
    arrived = Counter(endpoint.ids)
    assert arrived_before <= set(arrived)
    for kill in range(3):
        mine = sorted(name for name in arrived if name.startswith(f"k{kill}-"))
        assert mine == names(len(mine), f"k{kill}-")  # no gap: what was read before something accepted is accepted
    assert sum(arrived.values()) - len(arrived) <= 3 * IN_FLIGHT * BATCH
    again = program.run("--endpoint", endpoint.url, *ARGUMENTS)
    assert again.counts("pending_before", "requests") == (0, 0)


def test_what_stood_in_the_queue_at_a_kill_is_delivered_without_a_source(endpoint: Endpoint, program: Program) -> None:
    """Standard input is read faster than it is delivered: all of it is on the disk, hardly any was sent."""
    endpoint.rule = lambda _request: Reply(503, {"Retry-After": "0"})
    running = program.start("--endpoint", endpoint.url, "--source", "-", *ARGUMENTS, stdin=subprocess.PIPE)
    running.feed(lines([event_json(name) for name in names(500)]))
    endpoint.wait_for_requests(3)
    running.feed(lines([event_json(name) for name in names(500, "later-")]))
    queued = Program(program.home)
    wait_until_queued(queued, 1000)
    running.kill()
    endpoint.rule = lambda _request: Reply()
    last = program.run("--endpoint", endpoint.url)
    assert (last.code, last.counts("pending_before", "delivered")) == (0, (1000, 1000))
    assert set(endpoint.accepted) == {*names(500), *names(500, "later-")}


def wait_until_queued(program: Program, events: int) -> None:
    from heap_tui.spool import store
    from tests.fakes.program import until

    until(lambda: store.status(program.directory).pending >= events)


def test_a_kill_while_dead_letters_are_made_loses_none(endpoint: Endpoint, program: Program) -> None:
    ids = names(1500)
    poison = set(ids[7::13])

    def rule(request: Received) -> Reply:
        return Reply(400, delay_s=0.001) if poison & set(request.ids) else Reply(delay_s=0.001)

    endpoint.rule = rule
    path = program.home / "events.ndjson"
    path.write_bytes(lines([event_json(name) for name in ids]))
    for requests in (15, 60, 110):
        kill_after(program, endpoint, requests, "--source", str(path))
    last = program.run("--endpoint", endpoint.url, "--source", str(path), *ARGUMENTS)
    assert last.code == 1, last.stderr
    assert set(endpoint.accepted) == set(ids) - poison
    assert sorted(dead_ids(program)) == sorted(poison)


def dead_ids(program: Program) -> list[str]:
    from heap_tui.spool import dead
    from heap_tui.spool.store import Store

    with Store(program.directory) as store:
        return [kept.letter.event_id for kept in dead.read(store.connection, kind=dead.REFUSED)]
