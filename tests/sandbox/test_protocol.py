"""What the protocol asks of a receiver, over real HTTP on loopback (protocol.md sections 1 and 2)."""

import json
import logging

import httpx
import pytest

from heap_tui.sandbox.server import SandboxOptions, SandboxServer
from tests.sandbox.exchange import connected, event, payload


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
def test_a_probe_is_answered_200_and_counts_no_event(server: SandboxServer, client: httpx.Client, body: bytes) -> None:
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
        answer = client.post(server.url, content=payload("a"), headers={"Authorization": f"{scheme} s3cret-token"})
        assert answer.status_code == 200


def test_the_token_reaches_no_log_and_no_report(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with SandboxServer(SandboxOptions(token="s3cret-token")) as server:
        client.post(server.url + "?t=1", content=payload("a"), headers={"Authorization": "Bearer s3cret-token"})
        client.post(server.url, content=b"{", headers={"Authorization": "Bearer s3cret-token"})
        seen = client.get(server.url).text
    output = capfd.readouterr()
    logged = [record for record in caplog.records if record.name.startswith("uvicorn")]
    assert "s3cret" not in seen + output.out + output.err + str(logged)
    assert "POST" not in output.out + output.err


def test_a_refused_event_is_named_and_nothing_of_its_batch_is_kept(server: SandboxServer, client: httpx.Client) -> None:
    answer = client.post(server.url, json={"events": [event("a"), event("b", time="soon")]})
    assert answer.status_code == 400
    assert (answer.json()["index"], answer.json()["field"]) == (1, "time")
    assert "event 1" in answer.json()["error"]
    assert (server.report().events, server.report().by_status) == (0, {400: 1})


@pytest.mark.parametrize("body", [b"hello", b"[]", b'{"event": 1}'])
def test_what_is_no_batch_is_400_with_an_explanation(server: SandboxServer, client: httpx.Client, body: bytes) -> None:
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


def test_the_report_is_read_at_two_places_and_health_at_a_third(server: SandboxServer, client: httpx.Client) -> None:
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


def test_a_sender_that_writes_everything_before_it_reads_gets_its_413() -> None:
    with SandboxServer(SandboxOptions(max_bytes=1000)) as server, connected(server) as plain:
        size = 8_000_000
        plain.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b" " * size)
        assert plain.recv(100).startswith(b"HTTP/1.1 413")


def test_an_oversized_body_is_answered_before_it_is_sent_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("heap_tui.sandbox.app.LINGER_S", 0.02)
    with SandboxServer(SandboxOptions(max_bytes=1000)) as server, connected(server) as plain:
        plain.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n")
        answer = b""
        while part := plain.recv(1000):
            answer += part
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"\r\nconnection: close\r\n" in answer
