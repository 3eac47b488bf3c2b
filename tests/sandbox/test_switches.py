"""Each rehearsal switch, over real HTTP on loopback."""

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from heap_tui.sandbox.server import Answer, SandboxOptions, SandboxServer
from tests.sandbox.exchange import HEADERS, payload


@pytest.mark.parametrize("status", [200, 202, 204, 308, 400, 401, 404, 429, 500, 503])
def test_every_event_carrying_request_gets_the_status_asked_for(client: httpx.Client, status: int) -> None:
    with SandboxServer(SandboxOptions(status=status)) as server:
        for _time in range(2):
            answer = client.post(server.url, content=payload("a"))
            assert answer.status_code == status
        assert ("retry-after" in answer.headers) is (status in {429, 503})
        assert ("location" in answer.headers) is (status == 308)
        assert client.post(server.url).status_code == 200
        assert server.report().events == (2 if status < 300 else 0)


def test_failures_are_answered_503_and_not_counted(client: httpx.Client) -> None:
    with SandboxServer(SandboxOptions(fail_rate=0.5, seed=11)) as server:
        statuses = [client.post(server.url, content=payload(str(number))).status_code for number in range(40)]
        report = server.report()
    assert set(statuses) == {200, 503}
    assert report.events == statuses.count(200)
    assert report.by_status == {200: statuses.count(200), 503: statuses.count(503)}


def test_a_lost_reply_counts_the_events_and_closes_the_connection(client: httpx.Client) -> None:
    with SandboxServer(SandboxOptions(drop_reply_rate=1.0)) as server:
        for number in range(3):
            with pytest.raises(httpx.RemoteProtocolError):
                client.post(server.url, content=payload(str(number)))
        report = server.report()
    assert (report.events, report.unanswered, report.by_status, report.requests) == (3, 3, {}, 3)


def test_lost_replies_show_as_duplicates_when_the_sender_tries_again(client: httpx.Client) -> None:
    with SandboxServer(SandboxOptions(script=(Answer(lost=True),))) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(server.url, content=payload("a", "b"))
        assert client.post(server.url, content=payload("a", "b")).status_code == 200
        assert (server.report().unique, server.report().duplicates) == (2, 2)


def test_a_script_is_used_up_by_event_carrying_requests_only(client: httpx.Client) -> None:
    script = (
        Answer(503, {"Retry-After": "9"}, b"later"),
        Answer(200, {"Content-Type": "application/json"}, b'{"failed": 1}'),
    )
    with SandboxServer(SandboxOptions(script=script)) as server:
        assert client.post(server.url).json() == {"accepted": 0}
        first = client.post(server.url, content=payload("a"))
        assert (first.status_code, first.headers["retry-after"], first.text) == (503, "9", "later")
        assert client.post(server.url, content=payload("a")).json() == {"failed": 1}
        assert client.post(server.url, content=payload("b")).json() == {"accepted": 1}
        assert server.report().events == 2


def test_faster_than_the_limit_is_429_with_retry_after(client: httpx.Client) -> None:
    with SandboxServer(SandboxOptions(rate_limit=0.5)) as server:
        assert client.post(server.url, content=payload("a")).status_code == 200
        answer = client.post(server.url, content=payload("b"))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


def test_latency_delays_each_answer_but_not_one_after_another() -> None:
    with SandboxServer(SandboxOptions(latency_ms=150)) as server:

        def post(number: int) -> float:
            begin = time.perf_counter()
            httpx.post(server.url, content=payload(str(number)), headers=HEADERS, trust_env=False)
            return time.perf_counter() - begin

        begin = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            waits = list(pool.map(post, range(8)))
        assert min(waits) >= 0.15
        assert time.perf_counter() - begin < 8 * 0.15


def test_the_record_holds_accepted_events_byte_for_byte(client: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "seen.ndjson"
    first = b'{"event_type":"t","id":"1","time":1.50,"properties":{"\\u00e9":\n1e3,"n":3.140}}'
    second = '{ "id":"2", "time":2,"event_type":"t" , "x":"\u00e9\\n"}'.encode()
    with SandboxServer(SandboxOptions(record=path, script=(Answer(), Answer(503)))) as server:
        client.post(server.url, content=b'{"events":[' + first + b" , " + second + b"]}")
        client.post(server.url, content=payload("refused"))
        assert path.read_bytes() == first.replace(b"\n", b" ") + b"\n" + second + b"\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_record_that_cannot_be_written_is_503_and_counts_nothing(client: httpx.Client) -> None:
    with SandboxServer(SandboxOptions(record=Path("/dev/full"))) as server:
        answer = client.post(server.url, content=payload("a"))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert (server.report().events, server.report().warnings) == (0, {"record_failed": 1})
