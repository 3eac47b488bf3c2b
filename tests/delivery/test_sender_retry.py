"""Retries: Retry-After, backoff, outages; what waits, for how long, and in which order."""

import random
from collections.abc import Sequence
from itertools import cycle, pairwise
from pathlib import Path

import pytest

from heap_tui.delivery.answers import Answer, Outcome
from heap_tui.status import BatchSent, State
from tests.fakes.clock import FakeClock
from tests.fakes.delivery import Delivery, delivery, names
from tests.fakes.destination import OK, REFUSED_CONNECTION, Request, Rule, ScriptedDestination


def down(start: float, end: float, outcome: Outcome = REFUSED_CONNECTION) -> Rule:
    """Out of order for requests that arrive between `start` and `end`."""
    return lambda request: outcome if start <= request.at < end else OK


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_to_the_second(tmp_path: Path, status: int) -> None:
    with delivery(tmp_path, [Answer(status, retry_after_s=47)], chance=lambda: 0.5) as run:
        run.put(*names(10))
        run.deliver()
        assert run.destination.starts == pytest.approx([0, 47.05])
        assert run.sent[0].retry_in_s == pytest.approx(47)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_closes_the_gate_for_every_worker(tmp_path: Path, status: int) -> None:
    def rule(request: Request) -> Outcome:
        return Answer(status, retry_after_s=30) if len(requests) == 40 else OK

    with delivery(tmp_path, rule=rule) as run:
        requests = run.destination.requests
        run.put(*names(10_000))
        run.deliver()
        told_at = requests[39].ended_at
        assert [r.at for r in requests if told_at < r.at < told_at + 30] == []
        assert run.counts == (10_000, 0, 0)


def test_the_longer_of_retry_after_and_backoff_is_waited(tmp_path: Path) -> None:
    script = [*[REFUSED_CONNECTION] * 6, Answer(429, retry_after_s=2)]
    with delivery(tmp_path, script) as run:
        run.put(*names(10))
        run.deliver()
        starts = run.destination.starts
        assert starts[7] - starts[6] == pytest.approx(0.5 * 2**6 + 0.05)


def test_a_retry_after_far_away_is_not_clamped(tmp_path: Path) -> None:
    with delivery(tmp_path, [Answer(503, retry_after_s=3 * 86_400)]) as run:
        run.put(*names(10))
        run.deliver()
        assert run.destination.starts[1] == pytest.approx(3 * 86_400 + 0.05)


def restarted(tmp_path: Path, script: Sequence[Outcome], *, stop_after_s: float, latency_s: float = 0.05) -> Delivery:
    """Stop a run with pending queued events after some seconds, and open the next one on the same clock."""
    clock = FakeClock()
    with Delivery(tmp_path, clock, ScriptedDestination(clock, script, latency_s=latency_s), batch_size=10) as first:
        clock.run(first.append(names(100)))
        first.deliver_until(stop_after_s)
        assert first.counts[2] > 0
    return Delivery(tmp_path, clock, ScriptedDestination(clock))


def test_retry_after_holds_over_a_restart(tmp_path: Path) -> None:
    with restarted(tmp_path, [OK, Answer(429, retry_after_s=100)], stop_after_s=5) as run:
        run.deliver()
        assert run.status.counts.pending == 0
        assert run.destination.starts[0] == pytest.approx(100.1)


def test_neither_a_late_success_nor_a_smaller_wish_shortens_a_retry_after_over_a_restart(tmp_path: Path) -> None:
    script = [OK, OK, OK, Answer(429, retry_after_s=100), Answer(429, retry_after_s=1), OK]
    with restarted(tmp_path, script, stop_after_s=5) as run:
        assert run.status.counts.pending_before > 0
        run.deliver()
        assert run.destination.starts[0] == pytest.approx(100.15)


def test_a_retry_after_that_is_over_delays_nothing(tmp_path: Path) -> None:
    with restarted(tmp_path, [OK, Answer(429, retry_after_s=100)], stop_after_s=5) as run:
        run.clock.advance(500)
    with Delivery(tmp_path, run.clock, run.destination) as later:
        began = run.clock.monotonic()
        later.deliver()
        assert later.destination.starts[0] == pytest.approx(began)


def test_a_delivery_is_not_finished_while_a_closed_gate_hides_the_queue(tmp_path: Path) -> None:
    with restarted(tmp_path, [Answer(503, retry_after_s=60)], stop_after_s=1) as run:
        run.deliver()
        assert run.counts == (100, 0, 0)


def test_the_backoff_doubles_up_to_a_minute(tmp_path: Path) -> None:
    with delivery(tmp_path, [REFUSED_CONNECTION] * 12, latency_s=0) as run:
        run.put(*names(10))
        run.deliver()
        waits = [after - before for before, after in pairwise(run.destination.starts)]
        assert waits == pytest.approx([0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60])


def test_the_backoff_begins_anew_after_a_success(tmp_path: Path) -> None:
    script = [*[Answer(503)] * 8, OK, Answer(503), Answer(503), OK]
    with delivery(tmp_path, script, max_in_flight=1, latency_s=0) as run:
        run.put(*names(300))
        run.deliver()
        waits = [after - before for before, after in pairwise(run.destination.starts)]
        assert waits[:8] == pytest.approx([0.5, 1, 2, 4, 8, 16, 32, 60])
        assert waits[9:11] == pytest.approx([0.5, 1])


def test_every_wait_is_jittered_over_its_full_range(tmp_path: Path) -> None:
    chance = random.Random(5).random
    first_waits: list[float] = []
    for n in range(30):
        with delivery(tmp_path / str(n), [Answer(500)] * 3, chance=chance, latency_s=0) as run:
            run.put("a")
            run.deliver()
            waits = [after - before for before, after in pairwise(run.destination.starts)]
            assert all(0 <= wait <= bound + 1e-9 for wait, bound in zip(waits, (0.5, 1, 2), strict=True))
            first_waits.append(waits[0])
    assert min(first_waits) < 0.2
    assert max(first_waits) > 0.3


def test_requests_that_fail_together_back_off_as_one(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=down(0.8, 1.0, Answer(503))) as run:
        run.put(*names(30_000))
        run.deliver()
        assert sum(isinstance(r.outcome, Answer) and r.outcome.status == 503 for r in run.destination.requests) > 10
        assert min(start for start in run.destination.starts if start > 1) < 1.5


def test_after_an_outage_it_starts_slowly(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=down(1, 100)) as run:
        run.put(*names(100_000))
        run.deliver()
        before = [r.under_way for r in run.destination.requests if r.at < 1]
        after = [r for r in run.destination.requests if r.at >= 100]
        assert max(before) == 16
        assert after[0].under_way == 1
        second_round = [r.under_way for r in after if r.at <= after[0].ended_at + 1e-6]
        assert max(second_round) == 2
        assert max(r.under_way for r in after) == 16


def test_an_outage_is_probed_by_single_requests_ever_more_rarely(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=down(1, 10_000)) as run:
        run.put(*names(100_000))
        run.deliver_until(8_000)
        probes = [r for r in run.destination.requests if r.at >= 10]
        assert all(r.under_way == 1 for r in probes)
        assert len(probes) < 8_000 / 60 * 3


@pytest.mark.parametrize(("draws", "limit"), [((1.0,), 16), ((1.0, 0.001), 1)], ids=["16 workers", "an eager gate"])
def test_memory_is_bounded_in_an_outage(tmp_path: Path, draws: tuple[float, ...], limit: int) -> None:
    chance = cycle(draws)  # with two: each batch waits long, the gate opens nearly at once
    with delivery(tmp_path, rule=down(1, 10_000), chance=lambda: next(chance), max_in_flight=limit) as run:
        waiting: list[int] = []
        run.destination.arrived = lambda _request: waiting.append(run.outbox.returned)
        run.put(*names(50_000))
        run.deliver_until(8_000)
        assert max(waiting) <= 2 * limit


def test_nothing_but_time_passes_while_only_returned_batches_may_go(tmp_path: Path) -> None:
    draws = [1.0, 0.0] * 8  # the batch waits long, the gate opens at once; what is new is overdue meanwhile
    with delivery(tmp_path, [Answer(503)] * 8, chance=lambda: draws.pop(0)) as run:
        run.put(*names(150))
        run.deliver_until(600)
        assert run.counts == (150, 0, 0)


def test_the_oldest_batch_is_sent_first_after_an_outage(tmp_path: Path) -> None:
    with delivery(tmp_path, [OK, *[Answer(500)] * 6], max_in_flight=1) as run:
        run.put(*names(1000))
        run.deliver()
        assert run.destination.delivered == names(1000)


def test_queued_events_go_before_fresh_ones_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    with delivery(tmp_path, max_in_flight=1) as run:
        run.clock.run(run.append(names(250, "q")))
        run.put(*names(200, "f"))
        run.deliver()
        delivered = run.destination.delivered
        assert delivered[:200] == names(200, "q")
        assert [name for name in delivered if name[0] == "q"] == names(250, "q")
        assert [name for name in delivered if name[0] == "f"] == names(200, "f")


def test_the_state_tells_of_trouble_and_of_its_end(tmp_path: Path) -> None:
    with delivery(tmp_path, [OK, Answer(503)]) as run:
        states: list[tuple[str, State]] = []
        run.status.listen(
            lambda event: states.append((event.verdict, run.status.state)) if isinstance(event, BatchSent) else None
        )
        run.put(*names(250))
        run.deliver()
        assert ("retry", State.RETRYING) in states
        assert states[-1] == ("accepted", State.RUNNING)
