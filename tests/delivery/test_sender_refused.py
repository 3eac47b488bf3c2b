"""400 and 422: the culprit becomes a dead letter, all others are delivered; a wrong endpoint drops nothing."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.delivery.answers import Answer, Outcome
from heap_tui.status import EventDeadLettered, State
from tests.fakes.delivery import EVENT_TYPE, Delivery, delivery, event_json, names
from tests.fakes.destination import LOST, OK, Request, Rule


def refuse(*poison: str, status: int = 400) -> Rule:
    """Refuse every request that carries one of `poison`."""

    def rule(request: Request) -> Outcome:
        return Answer(status, body=f"bad: {request.ids[0]}") if set(poison) & set(request.ids) else OK

    return rule


def warmed_up(run: Delivery) -> None:
    """The endpoint has accepted something in an earlier run."""
    run.ledger.learn(accepted=True)


@pytest.mark.parametrize("status", [400, 422])
def test_only_the_culprit_is_dead_lettered(tmp_path: Path, status: int) -> None:
    with delivery(tmp_path, rule=refuse("e0037", status=status)) as run:
        run.put(*names(100))
        run.deliver()
        assert run.counts == (99, 1, 0)
        assert sorted(run.destination.delivered) == [name for name in names(100) if name != "e0037"]
        assert run.stream.ranges.low == 100
        letter = run.dead[0].letter
        assert (letter.event_id, letter.event_type, letter.status) == ("e0037", EVENT_TYPE, status)
        assert (letter.source, letter.position, letter.kind) == ("events.ndjson", 37, "refused")
        assert (letter.answer, letter.payload) == ("bad: e0037", event_json("e0037"))
        assert letter.attempts == len([r for r in run.destination.requests if "e0037" in r.ids])
        assert str(status) in letter.reason


def test_bisecting_takes_a_logarithm_of_requests(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=refuse("e0099")) as run:
        run.put(*names(100))
        run.deliver()
        assert len(run.destination.requests) <= 1 + 2 * 7


def test_every_dead_letter_is_told(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=refuse("e0001", "e0002")) as run:
        told: list[EventDeadLettered] = []
        run.status.listen(lambda event: told.append(event) if isinstance(event, EventDeadLettered) else None)
        run.put(*names(10))
        run.deliver()
        assert sorted(event.event_id for event in told) == ["e0001", "e0002"]
        assert all("400" in event.reason for event in told)


def test_a_single_that_was_never_in_a_refused_batch_is_sent_once_more_before_it_is_dead_lettered(
    tmp_path: Path,
) -> None:
    with delivery(tmp_path, rule=refuse("only")) as run:
        warmed_up(run)
        run.put("only")
        run.deliver()
        assert run.counts == (0, 1, 0)
        assert run.destination.sizes == [1, 1]
        assert run.dead[0].letter.attempts == 2


def test_one_odd_refusal_of_a_single_is_not_its_fate(tmp_path: Path) -> None:
    with delivery(tmp_path, [Answer(400)]) as run:
        warmed_up(run)
        run.put("only")
        run.deliver()
        assert run.counts == (1, 0, 0)
        assert run.dead == []


def test_a_single_that_came_out_of_a_413_is_sent_once_more_before_it_is_dead_lettered(tmp_path: Path) -> None:
    with delivery(tmp_path, [Answer(413)], rule=refuse("a")) as run:
        warmed_up(run)
        run.put("a", "b")
        run.deliver()
        assert run.counts == (1, 1, 0)
        assert [r.ids for r in run.destination.requests].count(["a"]) == 2


def test_a_batch_that_is_refused_once_but_whose_parts_pass_loses_nothing(tmp_path: Path) -> None:
    with delivery(tmp_path, [OK, Answer(400)]) as run:
        run.put(*names(200))
        run.deliver()
        assert run.counts == (200, 0, 0)


def test_a_retried_single_of_a_refused_batch_is_judged_by_its_next_refusal(tmp_path: Path) -> None:
    script = [Answer(400), Answer(503), LOST]
    with delivery(tmp_path, script, rule=refuse("a")) as run:
        warmed_up(run)
        run.put("a", "b")
        run.deliver()
        assert run.counts == (1, 1, 0)
        assert run.dead_ids == ["a"]


@pytest.mark.parametrize("size", [2, 3, 100])
def test_a_first_batch_refused_singly_to_the_last_event_halts_and_drops_nothing(tmp_path: Path, size: int) -> None:
    with delivery(tmp_path, rule=lambda _request: Answer(400, body="not like this")) as run:
        run.put(*names(size))
        run.deliver()
        assert run.sender.refused_all
        assert isinstance(run.sender.halted, Answer)
        assert run.sender.halted.status == 400
        assert run.counts == (0, 0, size)
        assert run.dead == []
        assert run.status.state is State.HALTED
        assert not run.ledger.learned.accepted


def test_only_the_first_batch_is_tried_until_the_endpoint_has_accepted_something(tmp_path: Path) -> None:
    draws = [1.0, 0.0]  # the first batch waits for its retry, the gate does not
    with delivery(tmp_path, [Answer(503)], lambda _request: Answer(422), chance=lambda: draws.pop(0)) as run:
        run.put(*names(1000))
        run.deliver()
        assert {name for r in run.destination.requests for name in r.ids} == set(names(100))
        assert run.counts == (0, 0, 1000)


def test_a_halt_of_the_first_batch_is_repeated_by_the_next_run(tmp_path: Path) -> None:
    for _attempt in range(2):
        with delivery(tmp_path, rule=lambda _request: Answer(400)) as run:
            run.put(*names(10))
            run.deliver()
            assert run.sender.refused_all
            assert run.counts == (0, 0, 10)


def test_a_first_batch_of_one_is_a_dead_letter(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=refuse("only")) as run:
        run.put("only")
        run.deliver()
        assert run.sender.halted is None
        assert run.counts == (0, 1, 0)


def test_one_accepted_event_of_the_first_batch_makes_dead_letters_of_the_refused_ones(tmp_path: Path) -> None:
    poison = names(10)[:9]
    with delivery(tmp_path, rule=refuse(*poison)) as run:
        run.put(*names(10))
        run.deliver()
        assert run.sender.halted is None
        assert run.counts == (1, 9, 0)
        assert sorted(run.dead_ids) == poison


def test_an_endpoint_that_has_accepted_before_may_refuse_a_whole_batch(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=refuse(*names(10))) as run:
        warmed_up(run)
        run.put(*names(10))
        run.deliver()
        assert run.sender.halted is None
        assert run.counts == (0, 10, 0)


def test_a_too_large_event_in_the_first_batch_is_no_refusal_that_halts(tmp_path: Path) -> None:
    def rule(request: Request) -> Outcome:
        return Answer(413) if request.size > 5000 else Answer(400)

    with delivery(tmp_path, rule=rule) as run:
        run.put("big", size=9000)
        run.put("a", "b")
        run.deliver()
        assert run.sender.halted is None
        assert run.counts == (0, 3, 0)


def test_what_was_held_back_is_kept_when_the_run_is_stopped(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=lambda _request: Answer(400)) as run:

        async def stop_in_the_middle() -> None:
            run.put(*names(50))
            while len(run.destination.requests) < 20:
                await asyncio.sleep(0.01)
            run.sender.stop()

        run.deliver(stop_in_the_middle)
        assert run.counts == (0, 0, 50)
        assert run.dead == []
        assert len(run.ledger.under_way) == 50


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 40),
    poison=st.sets(st.integers(0, 39), max_size=40),
    accepted_before=st.booleans(),
    batch_size=st.integers(1, 20),
)
def test_exactly_the_refused_events_are_dead_letters_or_all_are_kept(
    tmp_path_factory: pytest.TempPathFactory, size: int, poison: set[int], accepted_before: bool, batch_size: int
) -> None:
    ids = names(size)
    bad = {ids[n] for n in poison if n < size}
    with delivery(tmp_path_factory.mktemp("state"), rule=refuse(*bad), batch_size=batch_size) as run:
        if accepted_before:
            warmed_up(run)
        run.put(*ids)
        run.deliver()
        if run.sender.halted:
            assert set(ids[:batch_size]) <= bad
            assert not accepted_before
            assert run.dead == []
            assert run.destination.delivered == []
            assert run.counts == (0, 0, size)
        else:
            assert set(run.dead_ids) == bad
            assert sorted(run.destination.delivered) == [name for name in ids if name not in bad]
            assert run.counts == (size - len(bad), len(bad), 0)
