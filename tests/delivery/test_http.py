import asyncio
import json

import pytest

from heap_tui.delivery.http import Connection
from tests.fakes.exchange import (
    HEADERS,
    SETTINGS,
    TOKEN,
    Reader,
    Writer,
    answered,
    once,
    outcome_of,
    post,
)
from tests.fakes.loopback import Loopback, Scripted, answer, read_request

pytestmark = pytest.mark.usefixtures("nothing_leaks")


async def test_a_request_arrives_as_it_was_made() -> None:
    script = Scripted([answer(202, b'{"ok":true}')])
    async with Loopback(script) as server:
        outcome = answered(await post(SETTINGS, server.url + "?a=b%2Bc%26&d=1", b'{"events":[]}'))
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


async def test_a_connection_is_used_again() -> None:
    script = Scripted([answer(200), answer(503), answer(400, b"no"), answer(204, b"")])
    async with Loopback(script) as server, Connection(SETTINGS) as connection:
        statuses = [answered(await connection.post(server.url, HEADERS, b"{}")).status for _ in range(4)]
        assert server.connections == 1
    assert statuses == [200, 503, 400, 204]


async def test_as_many_requests_as_the_pool_is_large_run_at_once() -> None:
    all_there = asyncio.Barrier(4)

    async def handle(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        await all_there.wait()
        writer.write(answer(200))
        await writer.drain()

    async with Loopback(handle) as server, Connection(SETTINGS) as connection:
        outcomes = await asyncio.gather(*(connection.post(server.url, HEADERS, b"{}") for _ in range(4)))
    assert [answered(outcome).status for outcome in outcomes] == [200] * 4


async def test_cookies_are_not_kept() -> None:
    script = Scripted([answer(200, b"{}", "Set-Cookie: a=b; Path=/")])
    async with Loopback(script) as server, Connection(SETTINGS) as connection:
        for _ in range(2):
            await connection.post(server.url, HEADERS, b"{}")
    assert "cookie" not in script.requests[1].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    elsewhere = Scripted([answer(200)])
    async with Loopback(elsewhere) as other:
        script = Scripted([answer(status, b"", f"Location: {other.url}?key=secret")])
        async with Loopback(script) as server:
            outcome = answered(await post(SETTINGS, server.url))
        assert outcome.status == status
        assert outcome.location == f"{other.url}?key=[token]"
        assert other.connections == 0


async def test_retry_after_and_refused_events_are_read_from_the_answer() -> None:
    outcome = answered(await outcome_of(SETTINGS, once(answer(429, b"slow down", "Retry-After: 7"))))
    assert (outcome.retry_after_s, outcome.body, outcome.refused) == (7.0, "slow down", "")
    outcome = answered(await outcome_of(SETTINGS, once(answer(201, b'{"failed":2}'))))
    assert json.loads(outcome.refused) == {"failed": 2}
    outcome = answered(await outcome_of(SETTINGS, once(answer(400, b'{"errors":["x"]}'))))
    assert outcome.refused == ""


async def test_an_answer_that_names_every_refused_event_is_read_to_its_end() -> None:
    body = json.dumps({"errors": [{"event": "x" * 900, "reason": "bad"}] * 100}).encode()
    assert answered(await outcome_of(SETTINGS, once(answer(200, body)))).refused.startswith('{"errors"')


async def test_a_token_in_an_answer_is_redacted() -> None:
    body = json.dumps({"errors": [f"Authorization: Bearer {TOKEN}"]}).encode()
    outcome = answered(await outcome_of(SETTINGS, once(answer(200, body, f"Location: /?token={TOKEN}"))))
    assert outcome.refused
    redirect = once(answer(302, f"Bearer {TOKEN}".encode(), f"Location: /?token={TOKEN}"))
    assert answered(await outcome_of(SETTINGS, redirect)).location == "/?token=[token]"


async def test_a_large_body_is_sent_whole() -> None:
    script = Scripted([answer(200)])
    body = bytes(range(256)) * 12_345
    async with Loopback(script) as server:
        assert answered(await post(SETTINGS, server.url, body)).status == 200
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
async def test_an_odd_answer_is_an_answer(name: str) -> None:
    text, status = ODD_ANSWERS[name]
    assert answered(await outcome_of(SETTINGS, once(text))).status == status
