"""What becomes of a batch by its answer: the rows of protocol.md section 1 that are told in one step."""

from pathlib import Path

import pytest

from heap_tui.delivery.answers import Answer, Failure, FailureKind, Outcome
from heap_tui.spool.seen import key_of
from heap_tui.spool.store import Store
from heap_tui.status import State, StateChanged
from tests.fakes.delivery import SCOPE, delivery, names
from tests.fakes.destination import LOST, OK, REFUSED_CONNECTION


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_acknowledges_for_good(tmp_path: Path, status: int) -> None:
    with delivery(tmp_path, rule=lambda _request: Answer(status)) as run:
        run.put(*names(250))
        run.deliver()
        assert run.counts == (250, 0, 0)
        assert run.destination.delivered == names(250)
        assert run.stream.ranges.low == 250
        assert run.ledger.under_way == {}


def test_an_empty_outbox_sends_nothing(tmp_path: Path) -> None:
    with delivery(tmp_path) as run:
        run.deliver()
        assert run.destination.requests == []


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(401),
        Answer(403),
        Answer(404),
        Answer(301, location="https://elsewhere.example/"),
        Answer(302),
        Answer(307),
        Answer(308),
        Answer(304),
        Failure(FailureKind.CERTIFICATE, "self-signed"),
    ],
    ids=str,
)
def test_a_wrong_endpoint_or_token_halts_at_once_and_keeps_everything(tmp_path: Path, outcome: Outcome) -> None:
    with delivery(tmp_path, [OK, outcome], rule=lambda _request: outcome, max_in_flight=1) as run:
        run.put(*names(500))
        run.deliver()
        assert run.sender.halted == run.destination.requests[1].outcome
        assert run.counts == (100, 0, 400)
        assert len(run.destination.requests) == 2
        assert sorted(item.id for item in run.ledger.under_way.values()) == names(500)[100:]
        assert run.dead == []
        assert run.status.state is State.HALTED


def test_a_halt_lets_other_requests_end_and_starts_none(tmp_path: Path) -> None:
    with delivery(tmp_path, [OK, OK, Answer(401)]) as run:
        run.put(*names(3000))
        run.deliver()
        assert run.destination.under_way == 0
        assert run.counts[0] == len(run.destination.delivered)
        halted_at = next(r.ended_at for r in run.destination.requests if r.outcome and r.outcome != OK)
        assert max(run.destination.starts) <= halted_at
        assert run.counts[0] + run.counts[2] == 3000


def test_a_halted_sender_stays_halted_whatever_other_requests_are_answered(tmp_path: Path) -> None:
    with delivery(tmp_path, [OK, Answer(403), OK, OK]) as run:
        states: list[State] = []
        run.status.listen(lambda event: states.append(event.state) if isinstance(event, StateChanged) else None)
        run.put(*names(300))
        run.deliver()
        assert states[-1] is State.HALTED
        assert run.status.state is State.HALTED


@pytest.mark.parametrize("status", [405, 408, 409, 410, 415, 418, 425, 429, 451, 500, 502, 503, 504, 529, 599])
def test_every_other_status_is_retried_until_it_is_accepted(tmp_path: Path, status: int) -> None:
    with delivery(tmp_path, [Answer(status)] * 30) as run:
        run.put(*names(40))
        run.deliver()
        assert run.counts == (40, 0, 0)
        assert len(run.destination.requests) == 31
        assert run.status.counts.retries == 30
        assert run.status.answers == {status: 30, 200: 1}


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if kind is not FailureKind.CERTIFICATE])
def test_every_failure_to_get_an_answer_is_retried(tmp_path: Path, kind: FailureKind) -> None:
    with delivery(tmp_path, [Failure(kind)] * 12) as run:
        run.put(*names(40))
        run.deliver()
        assert run.counts == (40, 0, 0)
        assert len(run.destination.requests) == 13
        assert run.status.answers == {0: 12, 200: 1}


def test_a_lost_answer_is_counted_as_unknown_and_the_events_are_sent_again(tmp_path: Path) -> None:
    with delivery(tmp_path, [OK, LOST, REFUSED_CONNECTION, LOST]) as run:
        run.put(*names(200))
        run.deliver()
        assert run.counts == (200, 0, 0)
        assert run.status.counts.unknown == 2


def test_refused_events_in_a_2xx_body_are_told(tmp_path: Path) -> None:
    with delivery(tmp_path, [Answer(201, refused='{"errors":["e0003"]}')]) as run:
        run.put(*names(10))
        run.deliver()
        assert run.counts == (10, 0, 0)
        assert [sent.warning for sent in run.sent] == ['{"errors":["e0003"]}']


def test_the_fate_of_every_event_is_in_the_store_at_the_end(tmp_path: Path) -> None:
    with delivery(tmp_path) as run:
        run.put(*names(250))
        run.deliver()
    with Store(tmp_path, run.clock.time) as store:
        low = store.connection.execute("SELECT low FROM cursors").fetchall()
        seen = store.seen(store.scope(SCOPE), 86_400.0)
        assert low == [(250,)]
        assert all(key_of(name) in seen for name in names(250))


def test_counts_of_requests_and_bytes_are_those_of_the_destination(tmp_path: Path) -> None:
    with delivery(tmp_path, [Answer(503), LOST, Answer(429, retry_after_s=3)]) as run:
        run.put(*names(990))
        run.deliver()
        counts, requests = run.status.counts, run.destination.requests
        assert (counts.requests, counts.retries) == (len(requests), 3)
        assert counts.bytes_sent == sum(request.size for request in requests)
        assert run.status.in_flight == 0
