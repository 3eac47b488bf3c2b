"""Backoff, gate, concurrency and rate, as pure functions of the clock and chance."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.delivery.pacing import BACKOFF_BASE_S, BACKOFF_CAP_S, Concurrency, Gate, RateLimit, full_jitter

shares = st.floats(0, 1)


@given(failures=st.integers(1, 10_000), chance=shares)
def test_jitter_covers_the_range_up_to_an_exponential_bound_and_a_cap(failures: int, chance: float) -> None:
    bound = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(failures - 1, 100))
    assert full_jitter(failures, lambda: chance) == pytest.approx(chance * bound)
    assert full_jitter(failures, lambda: 1.0) == bound <= 60


def test_the_gate_is_open_at_first_unless_it_is_told_otherwise() -> None:
    assert Gate(lambda: 1.0).is_open(0.0)
    assert not Gate(lambda: 1.0, opens_at=5.0).is_open(4.9)
    assert Gate(lambda: 1.0, opens_at=5.0).is_open(5.0)


@pytest.mark.parametrize(("asked", "opens_at"), [(None, 10.5), (0.0, 10.5), (0.2, 10.5), (30.0, 40.0)])
def test_a_failure_closes_the_gate_for_the_longer_of_backoff_and_wish(asked: float | None, opens_at: float) -> None:
    gate = Gate(lambda: 1.0)
    gate.failed(9.9, 10.0, asked)
    assert gate.opens_at == opens_at


def test_failures_of_requests_that_were_under_way_together_count_once_for_the_backoff() -> None:
    gate = Gate(lambda: 1.0)
    for n in range(16):
        gate.failed(9.0, 10.0 + n / 1000, None)
    assert gate.opens_at == 10.5
    assert gate.failures == 16
    gate.failed(10.5, 10.6, None)
    assert gate.opens_at == pytest.approx(11.6)


def test_a_wish_of_a_request_that_was_under_way_is_still_obeyed() -> None:
    gate = Gate(lambda: 1.0)
    gate.failed(9.0, 10.0, None)
    gate.failed(9.0, 10.1, 60.0)
    assert gate.opens_at == pytest.approx(70.1)


@given(st.lists(st.tuples(st.floats(0, 100), st.none() | st.floats(0, 1000), st.booleans()), max_size=30), shares)
def test_the_gate_never_opens_earlier_than_any_answer_asked(
    steps: list[tuple[float, float | None, bool]], chance: float
) -> None:
    gate, now, asked_until = Gate(lambda: chance), 0.0, 0.0
    for pause, asked, succeeds in steps:
        started, now = now, now + pause
        if succeeds:
            gate.succeeded()
            continue
        gate.failed(started, now, asked)
        asked_until = max(asked_until, now + (asked or 0.0))
        assert gate.opens_at >= asked_until
        assert gate.opens_at <= max(asked_until, now + BACKOFF_CAP_S)


def test_a_success_begins_the_backoff_anew() -> None:
    gate = Gate(lambda: 1.0)
    for n in range(1, 10):
        gate.failed(n * 100.0 - 1, n * 100.0, None)
    gate.succeeded()
    gate.failed(1999.0, 2000.0, None)
    assert gate.opens_at == 2000.5


@given(st.lists(st.tuples(st.sampled_from("sfo"), shares, st.floats(0.001, 10)), max_size=200), st.integers(1, 256))
def test_concurrency_stays_between_one_and_the_limit(steps: list[tuple[str, float, float]], highest: int) -> None:
    concurrency, now = Concurrency(highest), 0.0
    for kind, share, elapsed in steps:
        now += elapsed
        if kind == "s":
            concurrency.succeeded(max(1, round(share * concurrency.limit)), elapsed)
        elif kind == "f":
            concurrency.pushed_back(now)
        else:
            concurrency.outage()
        assert 1 <= concurrency.limit <= highest


def test_concurrency_doubles_at_first_and_grows_by_one_after_a_push_back() -> None:
    concurrency = Concurrency(64)
    limits = []
    for _round in range(5):
        for _request in range(concurrency.limit):
            concurrency.succeeded(concurrency.limit, 0.1)
        limits.append(concurrency.limit)
    assert limits == sorted(limits)
    assert limits[-1] >= 16
    concurrency.pushed_back(1.0)
    halved = concurrency.limit
    assert halved == limits[-1] // 2
    for _request in range(halved):
        concurrency.succeeded(concurrency.limit, 0.1)
    assert concurrency.limit in (halved, halved + 1)


def test_concurrency_does_not_grow_while_the_limit_is_not_reached() -> None:
    concurrency = Concurrency(16)
    for _request in range(5):
        concurrency.succeeded(concurrency.limit, 0.1)
    limit = concurrency.limit
    for _request in range(100):
        concurrency.succeeded(limit - 1, 0.1)
    assert concurrency.limit == limit


def test_concurrency_is_halved_once_for_requests_that_were_under_way_together() -> None:
    concurrency = Concurrency(16)
    for _request in range(200):
        concurrency.succeeded(concurrency.limit, 0.1)
    assert concurrency.limit == 16
    for n in range(16):
        concurrency.pushed_back(5.0 + n / 1000)
    assert concurrency.limit == 8


def test_an_outage_begins_again_with_one() -> None:
    concurrency = Concurrency(16)
    for _request in range(200):
        concurrency.succeeded(concurrency.limit, 0.1)
    concurrency.outage()
    assert concurrency.limit == 1
    concurrency.succeeded(1, 0.1)
    assert concurrency.limit == 2


def test_without_a_rate_nothing_waits() -> None:
    limit = RateLimit(None, 0.0)
    limit.took(1_000_000, 0.0)
    assert limit.wait_s(0.0) == 0.0


@given(
    rate=st.floats(0.5, 10_000),
    steps=st.lists(st.tuples(st.integers(1, 500), st.floats(0, 3)), min_size=1, max_size=40),
)
def test_no_window_holds_more_events_than_its_length_and_a_tenth_of_a_second_pay_for(
    rate: float, steps: list[tuple[int, float]]
) -> None:
    limit, now = RateLimit(rate, 0.0), 0.0
    taken: list[tuple[float, int]] = []
    for events, pause in steps:
        now += pause + limit.wait_s(now + pause)
        assert limit.wait_s(now) <= 1e-9 * max(1.0, now)
        limit.took(events, now)
        taken.append((now, events))
    for first in range(len(taken)):
        total = 0
        for at, events in taken[first:]:
            assert total <= rate * (at - taken[first][0] + 0.1) * (1 + 1e-9) + 1e-6
            total += events
    assert math.isfinite(now)
