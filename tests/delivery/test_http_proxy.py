import base64
import socket
from dataclasses import replace

import pytest

from heap_tui.delivery.answers import FailureKind
from heap_tui.delivery.tls import ssl_context
from tests.fakes.authority import Authority
from tests.fakes.exchange import HASTY, SETTINGS, TOKEN, Reader, Writer, answered, failure, once, post, silent
from tests.fakes.loopback import Handler, Loopback, Proxy, Scripted, answer, read_request

pytestmark = pytest.mark.usefixtures("nothing_leaks")


USER, PASSWORD = "user", "p%40ss"  # of the proxy, as in an address
BASIC = "Basic " + base64.b64encode(b"user:p@ss").decode()


@pytest.mark.parametrize("authorization", [None, BASIC])
async def test_https_goes_through_a_tunnel_of_the_proxy(authority: Authority, authorization: str | None) -> None:
    script = Scripted([answer(200)])
    async with Loopback(script, authority.server()) as server:
        handler = Proxy(server.port, authorization)
        async with Loopback(handler) as proxy:
            credentials = f"{USER}:{PASSWORD}@" if authorization else ""
            through = replace(
                SETTINGS,
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


async def test_plain_http_is_forwarded_by_the_proxy() -> None:
    script = Scripted([answer(200)])
    async with Loopback(script) as server:
        handler = Proxy(server.port, BASIC)
        async with Loopback(handler) as proxy:
            through = replace(SETTINGS, proxy=f"http://{USER}:{PASSWORD}@127.0.0.1:{proxy.port}")
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
    handler: Handler, kinds: set[FailureKind]
) -> None:
    async with Loopback(handler) as proxy:
        through = replace(HASTY, proxy=f"http://{USER}:{PASSWORD}@127.0.0.1:{proxy.port}")
        outcome = failure(await post(through, "https://heap.invalid/hook"))
    assert outcome.kind in kinds
    assert PASSWORD not in repr(outcome)
    assert outcome.detail.encode("utf-8") is not None


async def test_a_proxy_that_is_not_there_is_a_proxy_failure() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        outcome = failure(await post(replace(SETTINGS, proxy=f"http://127.0.0.1:{port}"), "https://heap.invalid/"))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.PROXY, False)


async def test_a_proxy_of_unknown_name_is_named() -> None:
    outcome = failure(await post(replace(SETTINGS, proxy="http://proxy.invalid:3128"), "https://heap.invalid/"))
    assert "proxy.invalid" in outcome.detail


def test_settings_do_not_show_the_proxys_password() -> None:
    assert PASSWORD not in repr(replace(SETTINGS, proxy=f"http://{USER}:{PASSWORD}@proxy.example"))
