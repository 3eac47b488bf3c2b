"""413: batches are halved until they fit, and the size is remembered; a single event is a dead letter, no lesson."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.delivery.answers import Answer, Outcome
from tests.fakes.delivery import Delivery, delivery, names
from tests.fakes.destination import OK, Request, Rule


def at_most(size: int) -> Rule:
    """Take bodies up to `size` bytes."""

    def rule(request: Request) -> Outcome:
        return Answer(413, body="too large") if request.size > size else OK

    return rule


def statuses(run: Delivery) -> list[int]:
    return [r.outcome.status for r in run.destination.requests if isinstance(r.outcome, Answer)]


def test_a_batch_is_halved_until_it_fits(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=at_most(30_000)) as run:
        run.put(*names(100), size=1000)
        run.deliver()
        assert run.counts == (100, 0, 0)
        assert run.destination.sizes == [100, 50, 50, 25, 25, 25, 25]
        assert sorted(run.destination.delivered) == names(100)


def test_later_batches_are_made_to_fit(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=at_most(30_000)) as run:

        async def more_later() -> None:
            run.put(*names(100), size=1000)
            await asyncio.sleep(10)
            run.put(*names(400, "f"), size=1000)

        run.deliver(more_later)
        assert run.counts == (500, 0, 0)
        later = [r for r in run.destination.requests if r.at >= 10]
        assert sum(len(r.ids) for r in later) == 400
        assert max(r.size for r in later) > 15_000
        assert statuses(run).count(413) == 3


def test_the_size_is_remembered_over_a_restart(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=at_most(30_000)) as run:
        run.put(*names(100), size=1000)
        run.deliver()
    with delivery(tmp_path, rule=at_most(30_000)) as run:
        run.put(*names(300, "f"), size=1000)
        run.deliver()
        assert run.counts == (300, 0, 0)
        assert 413 not in statuses(run)
        assert run.status.counts.requests <= 300 // 20


def test_a_small_body_that_fits_first_does_not_become_the_remembered_size(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=at_most(20_000)) as run:

        async def more_later() -> None:
            run.put("big", size=30_000)
            run.put("small")
            await asyncio.sleep(10)
            run.put(*names(100))

        run.deliver(more_later)
        assert run.counts == (101, 1, 0)
        assert run.dead_ids == ["big"]
        assert max(run.destination.sizes[-2:]) > 90
    with delivery(tmp_path) as run:
        run.put(*names(100, "f"))
        run.deliver()
        assert max(run.destination.sizes) > 90


def test_a_limit_that_shrinks_later_is_learned_anew(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=at_most(60_000)) as run:
        run.put(*names(100), size=1000)
        run.deliver()
    for expect_refusals in (True, False):
        with delivery(tmp_path, rule=at_most(9_000)) as run:
            run.put(*names(100, f"{expect_refusals}"), size=1000)
            run.deliver()
            assert run.counts == (100, 0, 0)
            assert (413 in statuses(run)) is expect_refusals


def test_one_event_refused_alone_is_a_dead_letter_and_sets_no_limit(tmp_path: Path) -> None:
    with delivery(tmp_path, rule=at_most(20_000)) as run:
        run.put("big", size=30_000)
        run.deliver()
        assert run.counts == (0, 1, 0)
        assert run.sender.halted is None
        letter = run.dead[0].letter
        assert (letter.event_id, letter.status, letter.answer, letter.attempts) == ("big", 413, "too large", 1)
        assert run.ledger.learned.max_body_bytes is None
        assert run.caps.body_bytes == 1_000_000
    with delivery(tmp_path, rule=at_most(20_000)) as run:
        assert run.caps.body_bytes == 1_000_000


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(200, 6_000), min_size=1, max_size=30),
    limit=st.integers(150, 20_000),
    batch_size=st.integers(1, 30),
)
def test_every_event_that_fits_arrives_and_every_other_is_a_dead_letter(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], limit: int, batch_size: int
) -> None:
    with delivery(tmp_path_factory.mktemp("state"), rule=at_most(limit), batch_size=batch_size) as run:
        fits = []
        for n, size in enumerate(sizes):
            run.put(f"e{n}", size=size)
            body = run.destination.body([run.ledger.under_way[key].raw for key in list(run.ledger.under_way)[-1:]])
            if len(body) <= limit:
                fits.append(f"e{n}")
        run.deliver()
        assert sorted(run.destination.delivered) == sorted(fits)
        assert sorted([*run.dead_ids, *fits]) == sorted(f"e{n}" for n in range(len(sizes)))
        assert run.counts == (len(fits), len(sizes) - len(fits), 0)
