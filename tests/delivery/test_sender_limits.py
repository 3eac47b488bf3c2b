"""What is never exceeded: requests under way, events and bytes of a request, events a second."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.delivery.answers import Answer
from tests.fakes.delivery import Delivery, delivery, event_json, names
from tests.fakes.destination import LOST, OK, Request


def unfinished(run: Delivery) -> int:
    """Requests under way and batches whose fate is not committed yet."""
    return run.destination.under_way + run.sender._uncommitted


@pytest.mark.parametrize("limit", [1, 2, 3, 16])
def test_requests_and_uncommitted_batches_together_keep_to_max_in_flight(tmp_path: Path, limit: int) -> None:
    with delivery(tmp_path, max_in_flight=limit, batch_size=10, latency_s=0.0005) as run:
        most: list[int] = []
        run.destination.arrived = lambda _request: most.append(unfinished(run))
        run.put(*names(2000))
        run.deliver()
        assert max(most) == limit
        assert run.counts == (2000, 0, 0)


def test_nothing_new_is_sent_while_commits_do_not_end(tmp_path: Path) -> None:
    with delivery(tmp_path, max_in_flight=4, batch_size=10) as run:

        async def hold_the_commits() -> None:
            run.put(*names(400))
            while len(run.destination.requests) < 20:
                await asyncio.sleep(0.01)
            async with run.ledger._writing:
                await asyncio.sleep(60)
                held = [r for r in run.destination.requests if r.at > run.clock.monotonic() - 59]
                assert held == []
                assert run.sender._uncommitted == 4

        run.deliver(hold_the_commits)
        assert run.counts == (400, 0, 0)


def test_the_first_request_goes_alone(tmp_path: Path) -> None:
    with delivery(tmp_path) as run:
        run.put(*names(3000))
        run.deliver()
        assert run.destination.starts[1] >= run.destination.requests[0].ended_at


def test_more_is_not_sent_at_once_to_an_endpoint_that_becomes_slow(tmp_path: Path) -> None:
    with delivery(tmp_path) as run:

        def slower_by_load(request: Request) -> None:
            run.destination.latency_s = 0.05 * 2 ** max(0, request.under_way - 4)

        run.destination.arrived = slower_by_load
        run.put(*names(20_000))
        run.deliver()
        assert max(r.under_way for r in run.destination.requests) < 12


@pytest.mark.parametrize(("rate", "batch_size"), [(50.0, 10), (1000.0, 100), (7.5, 100)])
def test_the_rate_is_kept_whatever_is_answered(tmp_path: Path, rate: float, batch_size: int) -> None:
    script = [OK, Answer(503), LOST, OK, Answer(400)]
    with delivery(tmp_path, script, rate=rate, batch_size=batch_size) as run:
        run.put(*names(int(rate * 20)))
        run.deliver()
        assert run.counts == (int(rate * 20), 0, 0)
        requests = run.destination.requests
        for first, one in enumerate(requests):
            for last, other in enumerate(requests[first:], first):
                sent_before = sum(len(r.ids) for r in requests[first:last])
                assert sent_before <= rate * (other.at - one.at + 0.1) + 1e-6


def test_the_rate_is_used_up(tmp_path: Path) -> None:
    with delivery(tmp_path, rate=1000.0) as run:
        run.put(*names(10_000))
        run.deliver()
        assert run.clock.elapsed_s == pytest.approx(10, rel=0.05)


def test_an_event_waits_for_company_no_longer_than_the_age_of_a_batch(tmp_path: Path) -> None:
    with delivery(tmp_path, max_age_s=3.0) as run:

        async def one_by_one() -> None:
            for name in names(10):
                run.put(name)
                await asyncio.sleep(1)
            await asyncio.sleep(60)

        run.deliver(one_by_one)
        assert run.destination.starts == pytest.approx([3, 7, 11], abs=0.01)
        assert run.destination.sizes == [4, 4, 2]


def test_events_that_were_appended_last_are_delivered_before_the_end(tmp_path: Path) -> None:
    with delivery(tmp_path, max_in_flight=1, batch_size=10) as run:

        async def append_while_the_only_worker_is_busy() -> None:
            await run.append(names(10, "a"))
            while not run.destination.requests:
                await asyncio.sleep(0.001)
            await run.append(names(10, "b"))

        run.deliver(append_while_the_only_worker_is_busy)
        assert run.counts == (20, 0, 0)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(150, 5_000), min_size=1, max_size=60),
    batch_size=st.integers(1, 20),
    body_bytes=st.integers(1_000, 20_000),
    queued=st.booleans(),
)
def test_no_request_exceeds_the_caps_on_count_and_bytes(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], batch_size: int, body_bytes: int, queued: bool
) -> None:
    script = [OK, LOST, Answer(503), Answer(400), Answer(413)]
    state = tmp_path_factory.mktemp("state")
    with delivery(state, script, batch_size=batch_size, body_bytes=body_bytes) as run:
        for n, size in enumerate(sizes):
            run.put(f"e{n}", size=size)
        if queued:
            run.clock.run(run.append(names(40, "q")))
        run.deliver()
        for request in run.destination.requests:
            assert len(request.ids) <= batch_size
            assert request.size <= body_bytes or len(request.ids) == 1
        assert sum(run.counts) == len(sizes) + 40 * queued
        assert run.counts[2] == 0


def test_batches_are_filled_to_the_byte(tmp_path: Path) -> None:
    three = delivery(tmp_path).destination.body([event_json(name, 500) for name in names(3)])
    for spare, expected in ((0, [3, 3]), (-1, [2, 2, 2])):
        with delivery(tmp_path / str(spare), body_bytes=len(three) + spare) as run:
            run.put(*names(6), size=500)
            run.deliver()
            assert run.destination.sizes == expected
