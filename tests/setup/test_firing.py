"""Test-fire: the probe, one request for each event, and what it all stands for."""

from collections.abc import Callable

import pytest

from heap_tui.delivery.answers import Answer, Failure, FailureKind, Outcome
from heap_tui.errors import ExitCode
from heap_tui.setup.findings import State
from heap_tui.setup.probe import exit_code_of
from heap_tui.setup.shots import Shot
from heap_tui.setup.test_fire import MAX_UNANSWERED, Fired, fire, probe, shown_request, worst

SHOTS = [Shot("t", str(number), b'{"id":"%d"}' % number, "") for number in range(6)]
NO_NETWORK = Failure(FailureKind.CONNECT, "refused")


class Endpoint:
    """Answers as it is told; remembers what it got."""

    def __init__(self, answer: Callable[[int], Outcome]) -> None:
        self._answer = answer
        self.got: list[bytes] = []

    def body(self, events: list[bytes]) -> bytes:
        return b"".join(events)

    async def send(self, body: bytes) -> Outcome:
        self.got.append(body)
        return self._answer(len(self.got))

    async def probe(self) -> Outcome:
        return self._answer(0)


async def fired(answer: Callable[[int], Outcome]) -> tuple[list[Fired], Endpoint]:
    endpoint = Endpoint(answer)
    return [one async for one in fire(endpoint, SHOTS)], endpoint  # type: ignore[arg-type]


async def test_each_event_is_sent_once_and_alone() -> None:
    results, endpoint = await fired(lambda _n: Answer(200))
    assert endpoint.got == [shot.raw for shot in SHOTS]
    assert worst(one.exit_code for one in results) is ExitCode.OK


async def test_a_refusal_does_not_end_the_others() -> None:
    results, endpoint = await fired(lambda n: Answer(400 if n == 2 else 200))
    assert len(endpoint.got) == len(SHOTS)
    assert worst(one.exit_code for one in results) is ExitCode.REFUSED


@pytest.mark.parametrize(
    "outcome", [Answer(401), Answer(403), Answer(404), Answer(302), Failure(FailureKind.CERTIFICATE, "unknown")]
)
async def test_a_halt_ends_it_at_once(outcome: Outcome) -> None:
    results, endpoint = await fired(lambda n: outcome if n == 2 else Answer(200))
    assert len(endpoint.got) == 2
    assert worst(one.exit_code for one in results) is ExitCode.HALTED


async def test_a_network_that_is_gone_is_not_asked_for_ever() -> None:
    results, endpoint = await fired(lambda _n: NO_NETWORK)
    assert len(endpoint.got) == MAX_UNANSWERED
    assert worst(one.exit_code for one in results) is ExitCode.STOPPED


async def test_single_lost_answers_do_not_end_it() -> None:
    _results, endpoint = await fired(lambda n: NO_NETWORK if n % 2 else Answer(200))
    assert len(endpoint.got) == len(SHOTS)


async def test_a_success_whose_body_reports_refusals_is_refused() -> None:
    results, _endpoint = await fired(lambda _n: Answer(200, body='{"errors":["x"]}', refused='{"errors":["x"]}'))
    assert {one.exit_code for one in results} == {ExitCode.REFUSED}
    assert results[0].remedy


@pytest.mark.parametrize(
    ("outcome", "state", "code"),
    [
        (Answer(200), State.OK, ExitCode.OK),
        (Answer(400), State.WARNING, ExitCode.OK),
        (Answer(503), State.WARNING, ExitCode.OK),
        (Answer(401), State.FAILED, ExitCode.HALTED),
        (NO_NETWORK, State.FAILED, ExitCode.STOPPED),
    ],
)
async def test_the_probe_stops_only_what_is_in_vain(outcome: Outcome, state: State, code: ExitCode) -> None:
    finding, found = await probe(Endpoint(lambda _n: outcome), has_token=True)  # type: ignore[arg-type]
    assert (finding.state, found) == (state, code)


def test_the_gravest_code_wins() -> None:
    codes = [ExitCode.OK, ExitCode.REFUSED, ExitCode.STOPPED, ExitCode.HALTED]
    for count in range(1, 5):
        assert worst(codes[:count]) is codes[count - 1]
    assert worst([]) is ExitCode.OK


@pytest.mark.parametrize("status", [400, 413, 422, 429, 500, 503])
def test_every_refusal_says_what_to_do(status: int) -> None:
    one = Fired(SHOTS[0], Answer(status, body=" a\n b "))
    assert one.exit_code is exit_code_of(one.outcome) is ExitCode.REFUSED
    assert one.remedy
    assert one.answer == "a b"


def test_no_answer_is_told_as_a_failure() -> None:
    plain = Fired(SHOTS[0], NO_NETWORK).as_dict()
    assert plain["status"] is None
    assert plain["outcome"] == "no_answer"
    assert "refused" in plain["failure"]


def test_a_request_is_shown_without_token_and_query() -> None:
    shown = shown_request("https://heap.example/x?key=abc", "tok-5f2c1b7e9a", SHOTS[0])
    assert shown["headers"]["Authorization"] == "Bearer [token]"
    assert shown["url"] == "https://heap.example/x?key=[token]"
    assert shown["body"] == '{"events":[{"id":"0"}]}'
