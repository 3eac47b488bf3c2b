"""The server's life: start, stop, its address, and clients that misbehave."""

import contextlib
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest

from heap_tui.errors import StateError, UsageError
from heap_tui.sandbox.server import SandboxOptions, SandboxServer, _Server, _url
from tests.sandbox.exchange import connected, payload


def test_a_sender_that_goes_away_in_the_middle_counts_nothing(server: SandboxServer, client: httpx.Client) -> None:
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
    with contextlib.suppress(ConnectionResetError):
        assert sending.recv(1000) == b""
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
