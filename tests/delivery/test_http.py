import asyncio
import base64
import gc
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import trustme

from heap_tui.delivery import http
from heap_tui.delivery.answers import Answer, Failure, FailureKind, Outcome
from heap_tui.delivery.http import Connection, ConnectionSettings, choose_proxy
from heap_tui.delivery.policy import describe
from heap_tui.delivery.tls import ssl_context
from heap_tui.errors import UsageError
from tests.fakes.loopback import Handler, Loopback, Proxy, Scripted, answer, read_request

TOKEN = "token-that-nobody-may-see"
HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """Collect what a test left, so that an unclosed socket or session fails the test that left it."""
    yield
    gc.collect()


@pytest.fixture
def settings() -> ConnectionSettings:
    return ConnectionSettings(
        tls=ssl_context(None, None, None, {}), max_connections=4, timeout_s=5, connect_timeout_s=5, proxy=None
    )


async def post(settings: ConnectionSettings, url: str, body: bytes = b"{}") -> Outcome:
    """One request over a pool of its own; nothing in the outcome may show the token."""
    async with Connection(settings) as connection:
        outcome = await connection.post(url, HEADERS, body)
    assert TOKEN not in repr(outcome)
    assert TOKEN not in describe(outcome)
    return outcome


async def outcome_of(settings: ConnectionSettings, handler: Handler, body: bytes = b"{}") -> Outcome:
    async with Loopback(handler) as server:
        return await post(settings, server.url, body)


def failure(outcome: Outcome) -> Failure:
    assert isinstance(outcome, Failure)
    return outcome


def answered(outcome: Outcome) -> Answer:
    assert isinstance(outcome, Answer)
    return outcome


def once(text: bytes) -> Handler:
    """Answers the first request with `text` and closes the connection."""

    async def handle(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(text)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    return handle


async def silent(reader: Reader, writer: Writer) -> None:
    """Accepts a connection and neither reads nor writes."""
    await asyncio.Event().wait()


async def test_a_request_arrives_as_it_was_made(settings: ConnectionSettings) -> None:
    script = Scripted([answer(202, b'{"ok":true}')])
    async with Loopback(script) as server:
        outcome = answered(await post(settings, server.url + "?a=b%2Bc%26&d=1", b'{"events":[]}'))
    assert (outcome.status, outcome.body, outcome.refused, outcome.retry_after_s) == (202, '{"ok":true}', "", None)
    assert outcome.elapsed_s > 0
    (request,) = script.requests
    assert request.line == "POST /hook?a=b%2Bc%26&d=1 HTTP/1.1"
    assert request.body == b'{"events":[]}'
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == "13"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"].startswith("heap-tui/")
    assert "cookie" not in request.headers
    assert "transfer-encoding" not in request.headers


async def test_a_connection_is_used_again(settings: ConnectionSettings) -> None:
    script = Scripted([answer(200), answer(503), answer(400, b"no"), answer(204, b"")])
    async with Loopback(script) as server, Connection(settings) as connection:
        statuses = [answered(await connection.post(server.url, HEADERS, b"{}")).status for _ in range(4)]
        assert server.connections == 1
    assert statuses == [200, 503, 400, 204]


async def test_as_many_requests_as_the_pool_is_large_run_at_once(settings: ConnectionSettings) -> None:
    all_there = asyncio.Barrier(4)

    async def handle(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        await all_there.wait()
        writer.write(answer(200))
        await writer.drain()

    async with Loopback(handle) as server, Connection(settings) as connection:
        outcomes = await asyncio.gather(*(connection.post(server.url, HEADERS, b"{}") for _ in range(4)))
    assert [answered(outcome).status for outcome in outcomes] == [200] * 4


async def test_cookies_are_not_kept(settings: ConnectionSettings) -> None:
    script = Scripted([answer(200, b"{}", "Set-Cookie: a=b; Path=/")])
    async with Loopback(script) as server, Connection(settings) as connection:
        for _ in range(2):
            await connection.post(server.url, HEADERS, b"{}")
    assert "cookie" not in script.requests[1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(settings: ConnectionSettings, status: int) -> None:
    elsewhere = Scripted([answer(200)])
    async with Loopback(elsewhere) as other:
        script = Scripted([answer(status, b"", f"Location: {other.url}?key=secret")])
        async with Loopback(script) as server:
            outcome = answered(await post(settings, server.url))
        assert outcome.status == status
        assert outcome.location == f"{other.url}?key=[token]"
        assert other.connections == 0


async def test_retry_after_and_refused_events_are_read_from_the_answer(settings: ConnectionSettings) -> None:
    outcome = answered(await outcome_of(settings, once(answer(429, b"slow down", "Retry-After: 7"))))
    assert (outcome.retry_after_s, outcome.body, outcome.refused) == (7.0, "slow down", "")
    outcome = answered(await outcome_of(settings, once(answer(201, b'{"failed":2}'))))
    assert json.loads(outcome.refused) == {"failed": 2}
    outcome = answered(await outcome_of(settings, once(answer(400, b'{"errors":["x"]}'))))
    assert outcome.refused == ""


async def test_an_answer_that_names_every_refused_event_is_read_to_its_end(settings: ConnectionSettings) -> None:
    body = json.dumps({"errors": [{"event": "x" * 900, "reason": "bad"}] * 100}).encode()
    assert answered(await outcome_of(settings, once(answer(200, body)))).refused.startswith('{"errors"')


async def test_a_token_in_an_answer_is_redacted(settings: ConnectionSettings) -> None:
    body = json.dumps({"errors": [f"Authorization: Bearer {TOKEN}"]}).encode()
    outcome = answered(await outcome_of(settings, once(answer(200, body, f"Location: /?token={TOKEN}"))))
    assert outcome.refused
    redirect = once(answer(302, f"Bearer {TOKEN}".encode(), f"Location: /?token={TOKEN}"))
    assert answered(await outcome_of(settings, redirect)).location == "/?token=[token]"


async def test_a_large_body_is_sent_whole(settings: ConnectionSettings) -> None:
    script = Scripted([answer(200)])
    body = bytes(range(256)) * 12_345
    async with Loopback(script) as server:
        assert answered(await post(settings, server.url, body)).status == 200
    assert script.requests[0].body == body
    assert "transfer-encoding" not in script.requests[0].headers


ODD_ANSWERS = {
    "without a reason": (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200),
    "with a reason in Latin-1": (b"HTTP/1.1 400 Requ\xeate refus\xe9e\r\nContent-Length: 0\r\n\r\n", 400),
    "with Latin-1 in a header": (b"HTTP/1.1 200 OK\r\nX: \xe9\r\nRetry-After: \xe9\r\nContent-Length: 0\r\n\r\n", 200),
    "with a long header": (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 30_000 + b"\r\nContent-Length: 0\r\n\r\n", 200),
    "of HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n{}", 200),
    "after an interim one": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", 401),
    "in chunks": (b"HTTP/1.1 413 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 413),
    "that claims to be compressed": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 200),
    "that switches protocols": (b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 101),
    "of an unknown status": (b"HTTP/1.1 799 X\r\nContent-Length: 0\r\n\r\n", 799),
}


@pytest.mark.parametrize("name", list(ODD_ANSWERS))
async def test_an_odd_answer_is_an_answer(settings: ConnectionSettings, name: str) -> None:
    text, status = ODD_ANSWERS[name]
    assert answered(await outcome_of(settings, once(text))).status == status


NO_ANSWERS = {
    "nothing": b"",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "no status": b"HTTP/1.1 yes OK\r\n\r\n",
    "a header too long": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc",
    "lone surrogates": b"\xff\xfe\xed\xa0\x80 \r\n\r\n",
}


@pytest.mark.parametrize("name", list(NO_ANSWERS))
async def test_what_is_no_whole_answer_is_a_reset_that_may_have_delivered(
    settings: ConnectionSettings, name: str
) -> None:
    outcome = failure(await outcome_of(settings, once(NO_ANSWERS[name])))
    assert outcome.kind is FailureKind.RESET
    assert outcome.maybe_delivered
    assert outcome.detail.encode("utf-8")


@pytest.mark.parametrize("status", [302, 400, 401, 413, 429, 500])
async def test_a_refusal_counts_even_when_its_body_breaks_off(settings: ConnectionSettings, status: int) -> None:
    text = b"HTTP/1.1 %d X\r\nContent-Length: 1000\r\n\r\nbecause" % status
    outcome = answered(await outcome_of(settings, once(text)))
    assert (outcome.status, outcome.body) == (status, "because")


async def test_a_reset_after_the_request_may_have_delivered(settings: ConnectionSettings) -> None:
    async def reset(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    outcome = failure(await outcome_of(settings, reset))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.RESET, True)


@pytest.mark.parametrize("stays", [True, False], ids=["stays open", "is closed"])
async def test_a_body_refused_before_it_was_read_has_its_answer(settings: ConnectionSettings, stays: bool) -> None:
    async def refuse(reader: Reader, writer: Writer) -> None:
        await read_request(reader, body=False)
        writer.write(answer(413, b""))
        await writer.drain()
        if stays:
            await asyncio.Event().wait()

    async with Loopback(refuse) as server, Connection(settings) as connection:
        for _ in range(2):
            outcome = await connection.post(server.url, HEADERS, b"x" * 20_000_000)
            assert answered(outcome).status == 413
        assert server.connections == 2


async def test_an_endless_answer_is_read_up_to_a_limit(settings: ConnectionSettings) -> None:
    async def endless(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with Loopback(endless) as server, Connection(settings) as connection:
        for _ in range(2):
            assert answered(await connection.post(server.url, HEADERS, b"{}")).status == 200
        assert server.connections == 2


def hasty(settings: ConnectionSettings) -> ConnectionSettings:
    return replace(settings, timeout_s=0.2, connect_timeout_s=0.2)


def trickle(start: bytes) -> Handler:
    async def handle(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(start)
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    return handle


@pytest.mark.parametrize(
    "handler",
    [silent, trickle(b"HTTP/1.1 200 OK\r\nX: "), trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")],
    ids=["says nothing", "never ends its head", "never ends its body"],
)
async def test_a_server_that_is_too_slow_is_a_timeout_that_may_have_delivered(
    settings: ConnectionSettings, handler: Handler
) -> None:
    outcome = failure(await outcome_of(hasty(settings), handler))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.TIMEOUT, True)
    assert 0.15 < outcome.elapsed_s < 5


async def test_a_refusal_counts_even_when_its_body_never_ends(settings: ConnectionSettings) -> None:
    handler = trickle(b"HTTP/1.1 401 X\r\nContent-Length: 9999\r\n\r\n")
    assert answered(await outcome_of(hasty(settings), handler)).status == 401


async def test_an_upload_that_stalls_is_a_timeout(
    settings: ConnectionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_SLOWEST_UPLOAD_BYTES_S", 1_000_000_000)
    outcome = failure(await outcome_of(hasty(settings), silent, b"x" * 20_000_000))
    assert outcome.kind is FailureKind.TIMEOUT


async def test_an_upload_has_time_by_its_size(settings: ConnectionSettings) -> None:
    async def slow(reader: Reader, writer: Writer) -> None:
        await read_request(reader, body=False)
        for _ in range(30):
            await reader.read(1_000_000)
            await asyncio.sleep(0.03)
        while len(await reader.read(1_000_000)) == 1_000_000:
            pass
        writer.write(answer(200))
        await writer.drain()

    assert answered(await outcome_of(hasty(settings), slow, b"x" * 20_000_000)).status == 200


async def test_a_closed_port_is_no_connection(settings: ConnectionSettings) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = failure(await post(settings, f"http://127.0.0.1:{unused.getsockname()[1]}/"))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.CONNECT, False)


async def test_an_unknown_host_is_named(settings: ConnectionSettings) -> None:
    outcome = failure(await post(settings, "http://heap.invalid/"))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.DNS, False)
    assert "heap.invalid" in outcome.detail


async def test_a_pool_goes_on_after_a_failure_and_a_cancelled_request(settings: ConnectionSettings) -> None:
    script = Scripted([b"garbage\r\n\r\n", answer(200)])
    async with Loopback(script) as server, Loopback(silent) as mute, Connection(settings) as connection:
        assert isinstance(await connection.post(server.url, HEADERS, b"{}"), Failure)
        hanging = asyncio.create_task(connection.post(mute.url, HEADERS, b"{}"))
        while not mute.connections:
            await asyncio.sleep(0)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        assert answered(await connection.post(server.url, HEADERS, b"{}")).status == 200


@dataclass(frozen=True)
class Authority:
    """A certificate authority, its file, and a server's and a client's certificate."""

    ca: trustme.CA
    ca_file: str
    client_file: str

    def server(self, *, asks_client: bool = False, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = context.maximum_version = version
        self.ca.issue_cert("127.0.0.1", "heap.invalid").configure_cert(context)
        if asks_client:
            context.verify_mode = ssl.CERT_REQUIRED
            self.ca.configure_trust(context)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.issue_cert("client@example.com").private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    return Authority(ca, str(tmp_path / "ca.pem"), str(tmp_path / "client.pem"))


async def test_an_untrusted_certificate_is_a_certificate_failure(
    settings: ConnectionSettings, authority: Authority
) -> None:
    async with Loopback(Scripted([answer(200)]), authority.server()) as server:
        outcome = failure(await post(settings, server.url))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.CERTIFICATE, False)
    assert "certificate" in outcome.detail


async def test_an_authority_that_is_named_is_trusted(settings: ConnectionSettings, authority: Authority) -> None:
    tls = ssl_context(authority.ca_file, None, None, {})
    async with Loopback(Scripted([answer(200)]), authority.server()) as server:
        assert answered(await post(replace(settings, tls=tls), server.url)).status == 200


async def test_a_certificate_for_another_host_is_a_certificate_failure(
    settings: ConnectionSettings, authority: Authority
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.ca.issue_cert("other.example").configure_cert(context)
    tls = ssl_context(authority.ca_file, None, None, {})
    async with Loopback(Scripted([answer(200)]), context) as server:
        assert failure(await post(replace(settings, tls=tls), server.url)).kind is FailureKind.CERTIFICATE


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate_is_shown_when_there_is_one(
    settings: ConnectionSettings, authority: Authority, version: ssl.TLSVersion
) -> None:
    with_certificate = replace(settings, tls=ssl_context(authority.ca_file, authority.client_file, None, {}))
    without = replace(settings, tls=ssl_context(authority.ca_file, None, None, {}))
    async with Loopback(Scripted([answer(200)]), authority.server(asks_client=True, version=version)) as server:
        assert answered(await post(with_certificate, server.url)).status == 200
        # Under TLS 1.3 the client learns only after its handshake that the server wanted a certificate.
        assert failure(await post(without, server.url)).kind in (
            FailureKind.TLS,
            FailureKind.RESET,
            FailureKind.CONNECT,
        )


async def test_a_server_without_tls_is_a_failure_that_delivered_nothing(settings: ConnectionSettings) -> None:
    async def plain(reader: Reader, writer: Writer) -> None:
        await reader.read(100)
        writer.write(answer(400))
        await writer.drain()

    async with Loopback(plain) as server:
        outcome = failure(await post(settings, server.url.replace("http:", "https:")))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.TLS, False)


async def test_a_handshake_without_an_answer_is_a_timeout_that_delivered_nothing(settings: ConnectionSettings) -> None:
    async with Loopback(silent) as server:
        outcome = failure(await post(hasty(settings), server.url.replace("http:", "https:")))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.TIMEOUT, False)


USER, PASSWORD = "user", "p%40ss"  # of the proxy, as in an address
BASIC = "Basic " + base64.b64encode(b"user:p@ss").decode()


@pytest.mark.parametrize("authorization", [None, BASIC])
async def test_https_goes_through_a_tunnel_of_the_proxy(
    settings: ConnectionSettings, authority: Authority, authorization: str | None
) -> None:
    script = Scripted([answer(200)])
    async with Loopback(script, authority.server()) as server:
        handler = Proxy(server.port, authorization)
        async with Loopback(handler) as proxy:
            credentials = f"{USER}:{PASSWORD}@" if authorization else ""
            through = replace(
                settings,
                tls=ssl_context(authority.ca_file, None, None, {}),
                proxy=f"http://{credentials}127.0.0.1:{proxy.port}",
            )
            assert answered(await post(through, "https://heap.invalid/hook")).status == 200
    (tunnel,) = handler.requests
    assert tunnel.line == "CONNECT heap.invalid:443 HTTP/1.1"
    assert tunnel.headers.get("proxy-authorization") == authorization
    assert "authorization" not in tunnel.headers
    assert "proxy-authorization" not in script.requests[0].headers
    assert script.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_plain_http_is_forwarded_by_the_proxy(settings: ConnectionSettings) -> None:
    script = Scripted([answer(200)])
    async with Loopback(script) as server:
        handler = Proxy(server.port, BASIC)
        async with Loopback(handler) as proxy:
            through = replace(settings, proxy=f"http://{USER}:{PASSWORD}@127.0.0.1:{proxy.port}")
            assert answered(await post(through, "http://heap.invalid/hook")).status == 200
    assert handler.requests[0].line == "POST http://heap.invalid/hook HTTP/1.1"
    assert script.requests[0].line == "POST /hook HTTP/1.1"


async def hangs_up(reader: Reader, writer: Writer) -> None:
    await read_request(reader)


@pytest.mark.parametrize(
    ("handler", "kinds"),
    [
        (once(answer(407, b"")), {FailureKind.PROXY}),
        (once(answer(502, b"")), {FailureKind.PROXY}),
        (once(b"HTTP/1.1 407 Acc\xe8s\r\nContent-Length: 0\r\n\r\n"), {FailureKind.PROXY}),
        (silent, {FailureKind.TIMEOUT}),
        (hangs_up, {FailureKind.RESET, FailureKind.PROXY}),
    ],
    ids=["wants credentials", "finds no way", "writes Latin-1", "says nothing", "hangs up"],
)
async def test_a_proxy_that_gives_no_tunnel_is_a_failure_without_its_password(
    settings: ConnectionSettings, handler: Handler, kinds: set[FailureKind]
) -> None:
    async with Loopback(handler) as proxy:
        through = replace(hasty(settings), proxy=f"http://{USER}:{PASSWORD}@127.0.0.1:{proxy.port}")
        outcome = failure(await post(through, "https://heap.invalid/hook"))
    assert outcome.kind in kinds
    assert PASSWORD not in repr(outcome)
    assert outcome.detail.encode("utf-8") is not None


async def test_a_proxy_that_is_not_there_is_a_proxy_failure(settings: ConnectionSettings) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        outcome = failure(await post(replace(settings, proxy=f"http://127.0.0.1:{port}"), "https://heap.invalid/"))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.PROXY, False)


async def test_a_proxy_of_unknown_name_is_named(settings: ConnectionSettings) -> None:
    outcome = failure(await post(replace(settings, proxy="http://proxy.invalid:3128"), "https://heap.invalid/"))
    assert "proxy.invalid" in outcome.detail


def test_settings_do_not_show_the_proxys_password(settings: ConnectionSettings) -> None:
    assert PASSWORD not in repr(replace(settings, proxy=f"http://{USER}:{PASSWORD}@proxy.example"))


SetEnvironment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> SetEnvironment:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def set_variables(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_variables


URL = "https://heap.example:8443/hook"


def test_without_proxy_variables_requests_go_directly(environment: SetEnvironment) -> None:
    assert choose_proxy(URL, None) is None
    assert choose_proxy(URL, "") is None


def test_the_variable_of_the_scheme_names_the_proxy(environment: SetEnvironment) -> None:
    environment(HTTPS_PROXY="http://secure:1", HTTP_PROXY="http://plain:2", ALL_PROXY="http://all:3")
    assert choose_proxy(URL, None) == "http://secure:1"
    assert choose_proxy("http://heap.example/", None) == "http://plain:2"


def test_a_proxy_for_all_serves_where_there_is_no_other(environment: SetEnvironment) -> None:
    environment(ALL_PROXY="proxy.example:3128", HTTP_PROXY="http://plain:2")
    assert choose_proxy(URL, None) == "http://proxy.example:3128"


def test_the_configured_proxy_wins(environment: SetEnvironment) -> None:
    environment(HTTPS_PROXY="http://variable:1", NO_PROXY="*")
    assert choose_proxy(URL, "http://configured:2") == "http://configured:2"


@pytest.mark.parametrize("no_proxy", ["heap.example", ".example", "a.example,heap.example", "*", "heap.example:8443"])
def test_no_proxy_is_obeyed(environment: SetEnvironment, no_proxy: str) -> None:
    environment(HTTPS_PROXY="http://proxy:1", NO_PROXY=no_proxy)
    assert choose_proxy(URL, None) is None


@pytest.mark.parametrize("no_proxy", ["other.example", "heap", "heap.example:1", "eap.example", ""])
def test_no_proxy_is_for_the_hosts_that_it_names(environment: SetEnvironment, no_proxy: str) -> None:
    environment(HTTPS_PROXY="http://proxy:1", NO_PROXY=no_proxy)
    assert choose_proxy(URL, None) == "http://proxy:1"


@pytest.mark.parametrize("proxy", ["socks5://user:secret@proxy:1080", "socks5h://proxy", "ftp://proxy"])
def test_a_proxy_of_another_kind_is_a_usage_error(environment: SetEnvironment, proxy: str) -> None:
    environment(ALL_PROXY=proxy)
    for configured in (None, proxy):
        with pytest.raises(UsageError) as caught:
            choose_proxy(URL, configured)
        assert "secret" not in caught.value.message
        assert caught.value.remedy
