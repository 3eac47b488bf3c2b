"""The end of a sender before its work is done: stops, and faults of the state or of our own."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heap_tui.delivery.answers import Answer
from heap_tui.errors import StateError
from heap_tui.spool import queue
from heap_tui.spool.store import Store
from heap_tui.status import State, StateChanged
from tests.fakes.delivery import Delivery, delivery, names
from tests.fakes.destination import LOST, OK, REFUSED_CONNECTION


def stop_when(run: Delivery, reached: Callable[[], bool]) -> Callable[[], Any]:
    """Stop the sender as soon as `reached`; what was put before stays in the outbox."""

    async def wait() -> None:
        while not reached():
            await asyncio.sleep(0.001)
        run.sender.stop()

    return wait


def fail_transaction(run: Delivery, number: int, *, at_commit: bool) -> None:
    """Make the `number`-th transaction from now fail, as on a full disk; later ones succeed."""
    name = "commit" if at_commit else "begin"
    original, left = getattr(run.store, name), [number]

    def failing(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0]:
            return original(*args, **kwargs)
        if at_commit:
            run.store.rollback()
        raise StateError("no space", "free some")

    setattr(run.store, name, failing)


def test_stopping_awaits_what_is_under_way_and_starts_nothing(tmp_path: Path) -> None:
    with delivery(tmp_path, latency_s=2.0) as run:
        run.put(*names(10_000))
        run.deliver(stop_when(run, lambda: run.destination.under_way >= 8))
        stopped_at = run.destination.requests[-1].at
        assert run.clock.elapsed_s == pytest.approx(stopped_at + 2.0, abs=0.01)
        assert all(r.outcome is not None for r in run.destination.requests)
        assert run.counts[0] == len(run.destination.delivered)
        assert run.counts[2] == len(run.ledger.under_way)
        assert sum(run.counts) == 10_000


def test_the_drain_ends_at_its_time_limit(tmp_path: Path) -> None:
    with delivery(tmp_path, drain_timeout_s=3.0) as run:

        async def hang() -> None:
            while len(run.destination.delivered) < 500:
                await asyncio.sleep(0.01)
            run.destination.latency_s = 1000.0
            while run.destination.under_way < 4:
                await asyncio.sleep(0.01)
            self_stopped.append(run.clock.monotonic())
            run.sender.stop()

        self_stopped: list[float] = []
        run.put(*names(10_000))
        run.deliver(hang)
        assert run.clock.elapsed_s - self_stopped[0] == pytest.approx(3.0, abs=0.05)
        assert run.counts[0] == len(run.destination.delivered)
        assert run.counts[2] == len(run.ledger.under_way)


def test_a_drain_time_of_nothing_leaves_at_once(tmp_path: Path) -> None:
    with delivery(tmp_path, drain_timeout_s=0.0, latency_s=100.0) as run:
        run.put(*names(100))
        run.deliver(stop_when(run, lambda: run.destination.under_way == 1))
        assert run.clock.elapsed_s < 1
        assert run.counts == (0, 0, 100)


@pytest.mark.parametrize("outcome", [Answer(503), Answer(429, retry_after_s=3600), REFUSED_CONNECTION, LOST], ids=str)
def test_stopping_while_batches_wait_for_their_next_try_ends_at_once(tmp_path: Path, outcome: Any) -> None:
    with delivery(tmp_path, rule=lambda _request: outcome) as run:
        run.put(*names(300))
        run.deliver(stop_when(run, lambda: len(run.sent) >= 1))
        assert run.clock.elapsed_s < 0.1
        assert run.counts == (0, 0, 300)
        assert len(run.ledger.under_way) == 300


def test_what_is_answered_during_the_drain_counts(tmp_path: Path) -> None:
    with delivery(tmp_path, [OK, OK, Answer(503), Answer(400)], max_in_flight=4) as run:
        run.put(*names(1000))
        run.deliver(stop_when(run, lambda: len(run.destination.requests) >= 5))
        assert run.counts[0] == len(run.destination.delivered) >= 200
        assert run.counts[2] == len(run.ledger.under_way)


def test_the_state_stays_draining_while_the_last_answers_arrive(tmp_path: Path) -> None:
    with delivery(tmp_path, [OK, Answer(503)]) as run:
        states: list[State] = []
        run.status.listen(lambda event: states.append(event.state) if isinstance(event, StateChanged) else None)

        async def drain() -> None:
            while run.destination.under_way < 2:
                await asyncio.sleep(0.01)
            run.status.enter(State.DRAINING)
            run.sender.stop()

        run.put(*names(1000))
        run.deliver(drain)
        assert states[-1] is State.DRAINING


@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize("at_commit", [False, True])
def test_a_failing_transaction_ends_the_delivery_with_everything_kept(
    tmp_path: Path, number: int, at_commit: bool
) -> None:
    with delivery(tmp_path, batch_size=10) as run:
        run.clock.run(run.append(names(300, "q")))
        run.put(*names(300, "f"))
        fail_transaction(run, number, at_commit=at_commit)
        with pytest.raises(StateError):
            run.deliver()
        assert sum(run.counts) == 600
        assert run.counts[2] > 0
    with Store(tmp_path) as store:
        left = queue.pending(store.connection)[0]
        finished = store.connection.execute("SELECT coalesce(sum(low), 0) FROM cursors").fetchone()[0]
        committed = 300 - left + finished
        assert committed <= len(run.destination.delivered)
        # What was delivered and is not committed is at most what may be under way.
        assert len(run.destination.delivered) - committed <= 16 * 10


def test_the_next_delivery_sends_what_a_failed_commit_left(tmp_path: Path) -> None:
    delivered: set[str] = set()
    with delivery(tmp_path, batch_size=10) as run:
        run.clock.run(run.append(names(200)))
        fail_transaction(run, 4, at_commit=True)
        with pytest.raises(StateError):
            run.deliver()
        delivered |= set(run.destination.delivered)
    with delivery(tmp_path, batch_size=10) as run:
        run.deliver()
        assert run.status.counts.pending == 0
        delivered |= set(run.destination.delivered)
    assert delivered == set(names(200))


def test_dead_letters_of_a_failed_commit_are_written_by_the_next_delivery(tmp_path: Path) -> None:
    with delivery(tmp_path, [OK, Answer(400), Answer(400)], batch_size=1, max_in_flight=1) as run:
        run.clock.run(run.append(names(3)))
        fail_transaction(run, 2, at_commit=True)
        with pytest.raises(StateError):
            run.deliver()
        assert run.dead == []
    with delivery(tmp_path, [Answer(400), Answer(400)], batch_size=1, max_in_flight=1) as run:
        run.deliver()
        assert run.dead_ids == ["e0001"]
        assert run.destination.delivered == ["e0002"]


def test_a_fault_of_our_own_ends_the_delivery_instead_of_losing_a_batch(tmp_path: Path) -> None:
    with delivery(tmp_path) as run:

        def burst(_request: object) -> None:
            if len(run.destination.requests) == 3:
                raise ZeroDivisionError

        run.destination.arrived = burst
        run.put(*names(1000))
        with pytest.raises(ZeroDivisionError):
            run.deliver()
        assert len(run.ledger.under_way) == run.counts[2] >= 100
