"""Which answer a request gets, with a clock that is passed in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.sandbox.options import Answer, SandboxOptions
from heap_tui.sandbox.rehearsal import REDIRECT_TARGET, RateLimit, Rehearsal


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def rehearsal(**switches: object) -> Rehearsal:
    return Rehearsal(SandboxOptions(**switches), Clock())  # type: ignore[arg-type]


def test_without_switches_every_request_is_accepted() -> None:
    answer = rehearsal().answer(3)
    assert (answer.status, json.loads(answer.body), answer.lost) == (200, {"accepted": 3}, False)


def test_the_script_comes_first_in_its_order_and_then_the_switches() -> None:
    script = [Answer(503, {"retry-after": "7"}), Answer(201, {}, b"ok")]
    asked = rehearsal(script=script, status=500)
    assert [asked.answer(1) for _time in range(2)] == script
    assert asked.answer(1).status == 500


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {"retry-after": "4"}),
        (503, {"retry-after": "4"}),
        (308, {"location": REDIRECT_TARGET}),
        (400, {}),
        (500, {}),
        (202, {}),
    ],
)
def test_a_status_that_was_asked_for_has_the_headers_it_needs(status: int, headers: dict[str, str]) -> None:
    answer = rehearsal(status=status, retry_after_s=4).answer(2)
    assert answer.status == status
    assert {name: text for name, text in answer.headers.items() if name != "content-type"} == headers
    assert answer.accepts is (status == 202)


@pytest.mark.parametrize("status", [204, 304])
def test_answers_that_may_have_no_body_have_none(status: int) -> None:
    assert rehearsal(status=status).answer(1) == Answer(status)


def test_failures_come_at_about_the_rate_that_was_asked_for() -> None:
    asked = rehearsal(fail_rate=0.25, seed=1)
    statuses = [asked.answer(1).status for _time in range(2000)]
    assert set(statuses) == {200, 503}
    assert 400 < statuses.count(503) < 600


@pytest.mark.parametrize(("rate", "status"), [(0.0, 200), (1.0, 503)])
def test_the_ends_of_the_rate_are_never_and_always(rate: float, status: int) -> None:
    asked = rehearsal(fail_rate=rate)
    assert {asked.answer(1).status for _time in range(200)} == {status}


@given(st.integers(0, 2**32), st.floats(0, 1), st.floats(0, 1))
def test_a_seed_repeats_everything(seed: int, fail_rate: float, drop_rate: float) -> None:
    one, two = (rehearsal(seed=seed, fail_rate=fail_rate, drop_reply_rate=drop_rate) for _time in range(2))
    assert [one.answer(1) for _time in range(20)] == [two.answer(1) for _time in range(20)]


def test_failures_stay_the_same_when_lost_replies_are_added() -> None:
    alone, both = rehearsal(seed=5, fail_rate=0.3), rehearsal(seed=5, fail_rate=0.3, drop_reply_rate=0.5)
    assert [alone.answer(1).status for _time in range(50)] == [both.answer(1).status for _time in range(50)]


def test_only_accepted_requests_lose_their_reply() -> None:
    asked = rehearsal(fail_rate=0.5, drop_reply_rate=1.0, seed=2)
    answers = [asked.answer(1) for _time in range(50)]
    assert {(answer.status, answer.lost) for answer in answers} == {(200, True), (503, False)}


def test_a_second_s_worth_passes_at_once_and_the_rest_waits_for_it() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    assert limit.wait_s(10) == 0
    assert limit.wait_s(5) == pytest.approx(0.5)
    clock.now += 0.5
    assert limit.wait_s(5) == 0
    assert limit.wait_s(1) == pytest.approx(0.1)


def test_a_request_over_the_limit_passes_alone_and_is_paid_for_afterwards() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)
    assert limit.wait_s(100) == 0
    assert limit.wait_s(1) == pytest.approx(9.1)
    clock.now += 9.2
    assert limit.wait_s(1) == 0


def test_too_fast_is_answered_429_with_the_seconds_to_wait() -> None:
    clock = Clock()
    asked = Rehearsal(SandboxOptions(rate_limit=10), clock)
    assert asked.answer(100).status == 200
    answer = asked.answer(10)
    assert (answer.status, answer.headers["retry-after"]) == (429, "10")
    clock.now += 10
    assert asked.answer(10).status == 200


@given(
    st.floats(0.1, 1000),
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 300)), min_size=1, max_size=40),
)
def test_never_more_passes_than_the_rate_a_burst_and_one_request(
    rate: float, arrivals: list[tuple[float, int]]
) -> None:
    clock = Clock()
    limit = RateLimit(rate, clock)
    passed, largest = 0, 0
    for pause, count in arrivals:
        clock.now += pause
        if limit.wait_s(count) == 0:
            passed, largest = passed + count, max(largest, count)
    elapsed = clock.now - 100.0
    assert passed <= elapsed * rate + max(rate, 1.0) + largest + 1e-6


@given(st.floats(0.1, 1000), st.integers(1, 500), st.integers(1, 500))
def test_waiting_as_long_as_told_is_enough(rate: float, first: int, second: int) -> None:
    clock = Clock()
    limit = RateLimit(rate, clock)
    limit.wait_s(first)
    clock.now += limit.wait_s(second) + 1e-6
    assert limit.wait_s(second) == 0 or first + second <= max(rate, 1.0)
