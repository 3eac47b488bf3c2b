"""The sandbox over real HTTP on loopback."""

import json
import logging
import socket
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from heap_tui.errors import StateError, UsageError
from heap_tui.sandbox.server import Answer, SandboxOptions, SandboxServer, _Server, _url

HEADERS = {"Content-Type": "application/json", "Braze-Currents-Version": "1"}


def event(event_id: str = "a", event_type: str = "users.messages.email.Click", **more: Any) -> dict[str, Any]:
    return {
        "event_type": event_type,
        "id": event_id,
        "time": 1700000000,
        "user": {},
        "properties": {},
        **more,
    }


def payload(*ids: str) -> bytes:
    return json.dumps({"events": [event(one) for one in ids]}).encode()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, headers=HEADERS, timeout=10) as made:
        yield made


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


def test_events_are_accepted_on_any_path_and_counted(server: SandboxServer, client: httpx.Client) -> None:
    assert client.post(server.url, content=payload("a", "b")).status_code == 200
    answer = client.post(server.url + "hooks/currents?x=1", content=payload("b"))
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1})
    report = server.report()
    assert (report.events, report.unique, report.duplicates, report.requests) == (3, 2, 1, 2)
    assert report.by_status == {200: 2}
    assert report.by_type == {"users.messages.email.Click": 3}
    assert report.bytes == len(payload("a", "b")) + len(payload("b"))
    assert [last.id for last in report.last_events] == ["a", "b", "b"]
    assert report.warnings == {}


@pytest.mark.parametrize("body", [b"", b'{"events": []}'])
def test_a_probe_is_answered_200_and_counts_no_event(
    server: SandboxServer, client: httpx.Client, body: bytes
) -> None:
    assert client.post(server.url, content=body).status_code == 200
    report = server.report()
    assert (report.events, report.requests, report.warnings) == (0, 1, {})


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer wrong", "Basic s3cret-token", "Bearer", "s3cret-token", "Bearer s3cret-tokené"],
)
@pytest.mark.parametrize("body", [b"", b"not json", payload("a")])
def test_a_wrong_or_missing_token_is_401_whatever_the_body(
    client: httpx.Client, authorization: str | None, body: bytes
) -> None:
    with SandboxServer(SandboxOptions(token="s3cret-token")) as server:
        headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
        answer = client.post(server.url, content=body, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "s3cret" not in answer.text
        assert server.report().events == 0


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_right_token_passes(client: httpx.Client, scheme: str) -> None:
    with SandboxServer(SandboxOptions(token="s3cret-token")) as server:
        answer = client.post(
            server.url, content=payload("a"), headers={"Authorization": f"{scheme} s3cret-token"}
        )
        assert answer.status_code == 200


def test_the_token_reaches_no_log_and_no_report(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with SandboxServer(SandboxOptions(token="s3cret-token")) as server:
        client.post(
            server.url + "?t=1", content=payload("a"), headers={"Authorization": "Bearer s3cret-token"}
        )
        client.post(server.url, content=b"{", headers={"Authorization": "Bearer s3cret-token"})
        seen = client.get(server.url).text
    output = capfd.readouterr()
    logged = [record for record in caplog.records if record.name.startswith("uvicorn")]
    assert "s3cret" not in seen + output.out + output.err + str(logged)
    assert "POST" not in output.out + output.err


def test_a_refused_event_is_named_and_nothing_of_its_batch_is_kept(
    server: SandboxServer, client: httpx.Client
) -> None:
    answer = client.post(server.url, json={"events": [event("a"), event("b", time="soon")]})
    assert answer.status_code == 400
    assert (answer.json()["index"], answer.json()["field"]) == (1, "time")
    assert "event 1" in answer.json()["error"]
    assert (server.report().events, server.report().by_status) == (0, {400: 1})


@pytest.mark.parametrize("body", [b"hello", b"[]", b'{"event": 1}'])
def test_what_is_no_batch_is_400_with_an_explanation(
    server: SandboxServer, client: httpx.Client, body: bytes
) -> None:
    answer = client.post(server.url, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_unknown_types_and_fields_are_accepted(server: SandboxServer, client: httpx.Client) -> None:
    strange = event("a", "users.new.Thing", later={"x": [1]}, version=11)
    assert client.post(server.url, json={"events": [strange]}).status_code == 200
    assert server.report().by_type == {"users.new.Thing": 1}


def test_what_braze_would_not_send_is_accepted_and_noted(server: SandboxServer, client: httpx.Client) -> None:
    headers = {"Content-Type": "text/plain", "Braze-Currents-Version": "2"}
    body = json.dumps({"events": [event("a", properties={"x": None})]})
    assert client.post(server.url, content=body, headers=headers).status_code == 200
    assert client.post(server.url, content=body).status_code == 200
    assert server.report().warnings == {"content_type": 1, "version_header": 1, "nulls": 2}


def test_a_content_type_with_a_charset_is_no_warning(server: SandboxServer, client: httpx.Client) -> None:
    client.post(server.url, content=payload("a"), headers={"Content-Type": "Application/JSON; charset=utf-8"})
    assert server.report().warnings == {}


def test_the_report_is_read_at_two_places_and_health_at_a_third(
    server: SandboxServer, client: httpx.Client
) -> None:
    client.post(server.url, content=payload("a", "a"))
    for path in ("", "stats"):
        answer = client.get(server.url + path)
        assert (answer.status_code, answer.json()) == (200, server.report().as_dict())
        assert answer.headers["content-type"] == "application/json"
    assert client.get(server.url + "healthz").status_code == 200
    assert client.head(server.url).content == b""
    assert server.report().requests == 1


def test_a_report_with_lone_surrogates_can_be_read(server: SandboxServer, client: httpx.Client) -> None:
    body = b'{"events":[{"event_type":"\\ud800","id":"\\udfff","time":1}]}'
    assert client.post(server.url, content=body).status_code == 200
    assert client.get(server.url).json()["by_type"] == {"\ud800": 1}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "", "GET, HEAD, POST"),
        ("DELETE", "stats", "GET, HEAD, POST"),
        ("GET", "other", "POST"),
        ("OPTIONS", "other", "POST"),
    ],
)
def test_other_methods_are_405(
    server: SandboxServer, client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, server.url + path, content=payload("a"))
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert server.report().by_status == {405: 1}


def test_a_body_over_the_limit_is_413_by_its_announced_length(client: httpx.Client) -> None:
    with SandboxServer(SandboxOptions(max_bytes=1000)) as server:
        assert client.post(server.url, content=payload("a").ljust(1000)).status_code == 200
        answer = client.post(server.url, content=payload("b").ljust(1001))
        assert (answer.status_code, answer.json()["max_bytes"]) == (413, 1000)
        assert client.post(server.url, content=payload("c")).status_code == 200
        assert server.report().unique == 2


def test_a_body_over_the_limit_is_413_without_an_announced_length(client: httpx.Client) -> None:
    with SandboxServer(SandboxOptions(max_bytes=1000)) as server:
        for _time in range(5):
            answer = client.post(server.url, content=iter([b" " * 65536] * 50))
            assert answer.status_code == 413
        assert (server.report().events, server.report().bytes) == (0, 0)


def test_an_oversized_body_is_answered_before_it_is_sent(client: httpx.Client) -> None:
    with SandboxServer(SandboxOptions(max_bytes=1000)) as server, connected(server) as plain:
        plain.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n")
        assert plain.recv(100).startswith(b"HTTP/1.1 413")


def connected(server: SandboxServer) -> socket.socket:
    url = httpx.URL(server.url)
    assert url.port
    return socket.create_connection((url.host, url.port), timeout=10)


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


def test_a_sender_that_goes_away_in_the_middle_counts_nothing(
    server: SandboxServer, client: httpx.Client
) -> None:
    with connected(server) as plain:
        plain.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n" + payload("a")[:50])
    deadline = time.monotonic() + 5
    while not server.report().unanswered and time.monotonic() < deadline:
        client.get(server.url + "healthz")
    assert (server.report().unanswered, server.report().events) == (1, 0)


def test_what_is_not_http_does_no_harm(server: SandboxServer, client: httpx.Client) -> None:
    with connected(server) as plain:
        plain.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        assert plain.recv(20).startswith(b"HTTP/1.1 400")
    assert client.post(server.url, content=payload("a")).status_code == 200


def test_it_starts_and_stops_quickly_with_connections_open() -> None:
    begin = time.perf_counter()
    with SandboxServer(SandboxOptions(latency_ms=60_000)) as server:
        started = time.perf_counter()
        idle, waiting, sending = connected(server), connected(server), connected(server)
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(1000)
        body = payload("a")
        waiting.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        sending.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhalf")
        while not server.report().events:
            time.sleep(0.005)
        stopping = time.perf_counter()
    assert started - begin < 0.5
    assert time.perf_counter() - stopping < 0.5
    assert waiting.recv(1000).startswith(b"HTTP/1.1 200"), "a delayed answer goes out when the sandbox stops"
    for connection in (idle, waiting, sending):
        connection.close()


def test_its_port_is_free_again_at_once_and_its_thread_is_gone() -> None:
    with SandboxServer() as first:
        port = httpx.URL(first.url).port
        httpx.get(first.url, trust_env=False)
    assert "sandbox" not in {thread.name for thread in threading.enumerate()}
    with SandboxServer(SandboxOptions(port=port or 0)) as second:
        assert second.url == first.url


def test_a_port_in_use_is_a_usage_error_that_names_it(server: SandboxServer) -> None:
    port = httpx.URL(server.url).port
    assert port
    with pytest.raises(UsageError) as caught, SandboxServer(SandboxOptions(port=port)):
        pass
    assert str(port) in caught.value.message
    assert "--port" in caught.value.remedy


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "x" * 300])
def test_an_address_that_is_not_ours_is_a_usage_error(host: str) -> None:
    with pytest.raises(UsageError) as caught, SandboxServer(SandboxOptions(host=host)):
        pass
    assert host in caught.value.message


def test_a_record_file_that_cannot_be_opened_frees_the_port(tmp_path: Path) -> None:
    with SandboxServer() as probe:
        port = httpx.URL(probe.url).port or 0
    with pytest.raises(UsageError), SandboxServer(SandboxOptions(port=port, record=tmp_path)):
        pass
    with SandboxServer(SandboxOptions(port=port)):
        pass


def test_a_server_that_does_not_come_up_is_a_state_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: _Server, sockets: list[socket.socket] | None = None) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(_Server, "startup", fail)
    with pytest.raises(StateError, match="Too many open files"), SandboxServer():
        pass


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost", "127.0.0.1"])
def test_its_url_can_be_used_from_this_machine(client: httpx.Client, host: str) -> None:
    with SandboxServer(SandboxOptions(host=host)) as server:
        assert "0.0.0.0" not in server.url
        assert client.post(server.url).status_code == 200


@pytest.mark.parametrize("address", ["::1", "::"])
def test_the_url_of_an_ipv6_address_has_brackets(address: str) -> None:
    class Listener:
        def getsockname(self) -> tuple[str, int, int, int]:
            return address, 8484, 0, 0

    assert _url(Listener()) == "http://[::1]:8484/"  # type: ignore[arg-type]
