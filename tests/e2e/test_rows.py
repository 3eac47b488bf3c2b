"""The real program against each row of protocol.md section 1: exit code, outcome, and a balance that is right."""

import ssl
import threading
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from time import monotonic, time

import pytest
import trustme

from tests.fakes.delivery import event_json, names
from tests.fakes.endpoint import Endpoint, Received, Reply, Rule
from tests.fakes.program import Program, lines


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def events_file(program: Program, number: int, prefix: str = "e") -> str:
    path = program.home / "events.ndjson"
    path.write_bytes(lines([event_json(name) for name in names(number, prefix)]))
    return str(path)


def refusing(*poison: str) -> Rule:
    return lambda request: Reply(400, body=b'{"error": "bad"}') if set(poison) & set(request.ids) else Reply()


def first(*replies: Reply) -> Rule:
    """Answer the first requests so, and 200 afterwards."""
    return lambda request: replies[request.number] if request.number < len(replies) else Reply()


FATES = ("outcome", "read", "accepted", "delivered", "dead_lettered", "pending", "given_back")


def test_2xx_is_complete_and_0_and_a_second_run_knows_it(endpoint: Endpoint, program: Program) -> None:
    source = events_file(program, 1000)
    done = program.run("--endpoint", endpoint.url, "--source", source)
    assert done.code == 0, done.stderr
    assert done.counts(*FATES) == ("complete", 1000, 1000, 1000, 0, 0, 0)
    assert sorted(endpoint.accepted) == names(1000)
    assert done.counts("requests", "bytes_sent") == (len(endpoint.received), sum(r.size for r in endpoint.received))
    again = program.run("--endpoint", endpoint.url, "--source", source)
    assert again.code == 0
    assert again.counts(*FATES) == ("complete", 0, 0, 0, 0, 0, 0)


def test_a_refused_event_is_a_dead_letter_and_1(endpoint: Endpoint, program: Program) -> None:
    endpoint.rule = refusing("e0123")
    done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 300))
    assert done.code == 1, done.stderr
    assert done.counts(*FATES) == ("complete", 300, 300, 299, 1, 0, 0)
    assert sorted(endpoint.accepted) == [name for name in names(300) if name != "e0123"]
    assert "e0123" in done.stderr


def test_a_first_batch_refused_event_by_event_halts_and_keeps_everything(endpoint: Endpoint, program: Program) -> None:
    endpoint.rule = lambda _request: Reply(400)
    source = events_file(program, 30)
    done = program.run("--endpoint", endpoint.url, "--source", source)
    assert done.code == 3, done.stderr
    assert done.counts(*FATES) == ("halted", 0, 0, 0, 0, 0, 30)
    assert "nothing was dropped" in done.stderr
    endpoint.rule = lambda _request: Reply()
    after = program.run("--endpoint", endpoint.url, "--source", source)
    assert (after.code, after.counts(*FATES)) == (0, ("complete", 30, 30, 30, 0, 0, 0))


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_token_or_address_halts_with_3_and_the_next_run_goes_on(
    endpoint: Endpoint, program: Program, status: int
) -> None:
    endpoint.rule = first(Reply(), Reply(status))
    source = events_file(program, 250)
    done = program.run("--endpoint", endpoint.url, "--source", source, "--max-in-flight", "1")
    assert done.code == 3, done.stderr
    assert done.counts(*FATES) == ("halted", 100, 100, 100, 0, 0, 150)
    assert str(status) in done.stderr
    endpoint.rule = lambda _request: Reply()
    after = program.run("--endpoint", endpoint.url, "--source", source)
    assert (after.code, after.counts(*FATES)) == (0, ("complete", 150, 150, 150, 0, 0, 0))
    assert sorted(endpoint.accepted) == names(250)


def test_a_halt_keeps_standard_input_in_the_queue(endpoint: Endpoint, program: Program) -> None:
    endpoint.rule = lambda _request: Reply(401)
    given = lines([event_json(name) for name in names(250)])
    done = program.run("--endpoint", endpoint.url, "--source", "-", given=given)
    assert done.code == 3
    outcome, read, _accepted, delivered, _dead, pending, given_back = done.counts(*FATES)
    assert (outcome, delivered, given_back) == ("halted", 0, 0)
    assert read == pending > 0


def test_a_redirect_halts_and_is_not_followed(endpoint: Endpoint, program: Program) -> None:
    program.environ["HEAP_TUI_TOKEN"] = "t0ken-that-must-not-travel"
    with Endpoint() as elsewhere:
        endpoint.rule = lambda _request: Reply(307, {"Location": elsewhere.url})
        done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 10))
        assert done.code == 3
        assert done.counts(*FATES) == ("halted", 0, 0, 0, 0, 0, 10)
        assert elsewhere.received == []
        assert elsewhere.url in done.stderr


def test_a_certificate_that_cannot_be_verified_halts(program: Program) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with Endpoint(tls=context) as endpoint:
        done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 10))
        assert done.code == 3, done.stderr
        assert done.counts(*FATES) == ("halted", 0, 0, 0, 0, 0, 10)
        assert "certificate" in done.stderr
        assert "ca_file" in done.stderr
        assert endpoint.received == []


def test_413_halves_and_the_next_run_remembers(endpoint: Endpoint, program: Program) -> None:
    endpoint.rule = lambda request: Reply(413) if request.size > 4_000 else Reply()
    done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 300))
    assert done.code == 0, done.stderr
    assert done.counts(*FATES) == ("complete", 300, 300, 300, 0, 0, 0)
    seen = len(endpoint.received)
    after = program.run("--endpoint", endpoint.url, "--source", events_file(program, 300, "later-event-"))
    assert after.code == 0
    assert {request.status for request in endpoint.received[seen:]} == {200}


def test_a_single_event_answered_413_is_a_dead_letter(endpoint: Endpoint, program: Program) -> None:
    endpoint.rule = lambda request: Reply(413) if request.size > 5_000 else Reply()
    path = program.home / "events.ndjson"
    path.write_bytes(lines([event_json("big", 9_000), *[event_json(name) for name in names(3)]]))
    done = program.run("--endpoint", endpoint.url, "--source", str(path))
    assert (done.code, done.counts(*FATES)) == (1, ("complete", 4, 4, 3, 1, 0, 0))


@pytest.mark.parametrize(("status", "form"), [(429, "seconds"), (503, "date")])
def test_retry_after_is_waited_for(endpoint: Endpoint, program: Program, status: int, form: str) -> None:
    arrivals: list[float] = []

    def rule(request: Received) -> Reply:
        arrivals.append(monotonic())
        # A date has whole seconds: two ahead is one to two seconds from now.
        wish = "1" if form == "seconds" else formatdate(time() + 2, usegmt=True)
        return Reply(status, {"Retry-After": wish}) if request.number == 0 else Reply()

    endpoint.rule = rule
    done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 50))
    assert (done.code, done.counts(*FATES)) == (0, ("complete", 50, 50, 50, 0, 0, 0))
    assert done.counts("requests", "retries") == (2, 1)
    assert arrivals[1] - arrivals[0] > 0.95


def test_trouble_of_any_kind_is_retried_until_all_is_delivered(endpoint: Endpoint, program: Program) -> None:
    kinds = (Reply(500), Reply(), Reply(lost=True), Reply(418), Reply(), Reply(502, body=b"<html>"), Reply(408))
    endpoint.rule = first(*kinds)
    done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 600))
    assert (done.code, done.counts(*FATES)) == (0, ("complete", 600, 600, 600, 0, 0, 0))
    assert sorted(endpoint.accepted) == names(600)


def test_an_endpoint_that_comes_up_later_gets_everything(program: Program) -> None:
    with Endpoint() as gone:
        port, url = gone.port, gone.url
    running = program.start("--endpoint", url, "--source", events_file(program, 50), "-v")
    assert running.process.stderr is not None
    first_failure = next(line for line in running.process.stderr if b"no connection" in line)
    assert b"again in" in first_failure
    with Endpoint(port=port) as back:
        done = running.finish()
        assert (done.code, done.counts(*FATES)) == (0, ("complete", 50, 50, 50, 0, 0, 0))
        assert sorted(back.accepted) == names(50)


def test_refusals_in_an_accepted_answer_are_shown(endpoint: Endpoint, program: Program) -> None:
    endpoint.rule = first(Reply(body=b'{"accepted": 9, "errors": [{"id": "e0004", "reason": "odd"}]}'))
    done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 10))
    assert (done.code, done.counts(*FATES)) == (0, ("complete", 10, 10, 10, 0, 0, 0))
    assert "e0004" in done.stderr


def test_rejected_skipped_and_repeated_items_balance_and_give_1(endpoint: Endpoint, program: Program) -> None:
    path = program.home / "events.ndjson"
    other = event_json("x").replace(b"messages.email.Click", b"behaviors.Purchase")
    some = [event_json(name) for name in names(5)]
    path.write_bytes(lines([*some, b"not json", other, some[0], b'{"id": "no type"}', b"", some[1]]))
    done = program.run("--endpoint", endpoint.url, "--source", str(path), "--events", "users.messages.*")
    assert done.code == 1, done.stderr
    assert done.counts("read", "rejected", "skipped", "duplicates", "accepted") == (10, 2, 1, 2, 5)
    again = program.run("--endpoint", endpoint.url, "--source", str(path), "--events", "users.messages.*")
    assert (again.code, again.counts("read", "pending_before")) == (0, (0, 0))


def test_max_in_flight_is_what_the_endpoint_sees(endpoint: Endpoint, program: Program) -> None:
    under_way, most, lock = [0], [0], threading.Lock()

    def rule(_request: Received) -> Reply:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        endpoint.closing.wait(0.01)
        with lock:
            under_way[0] -= 1
        return Reply()

    endpoint.rule = rule
    done = program.run(
        "--endpoint", endpoint.url, "--source", events_file(program, 3000), "--max-in-flight", "3", "--batch-size", "50"
    )
    assert done.code == 0
    assert most[0] == 3
    assert {len(request.ids) for request in endpoint.received} == {50}


def test_the_limit_stops_after_so_many_and_the_next_run_continues(endpoint: Endpoint, program: Program) -> None:
    source = events_file(program, 100)
    for read, arguments in ((60, ("--limit", "60")), (40, ())):
        done = program.run("--endpoint", endpoint.url, "--source", source, *arguments)
        assert (done.code, done.counts(*FATES)) == (0, ("complete", read, read, read, 0, 0, 0))
    assert sorted(endpoint.accepted) == names(100)
