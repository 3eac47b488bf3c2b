import asyncio
import socket

import pytest

from heap_tui.delivery import http
from heap_tui.delivery.answers import Failure, FailureKind
from heap_tui.delivery.http import Connection
from tests.fakes.exchange import (
    HASTY,
    HEADERS,
    SETTINGS,
    Reader,
    Writer,
    answered,
    failure,
    once,
    outcome_of,
    post,
    silent,
)
from tests.fakes.loopback import Handler, Loopback, Scripted, answer, read_request

pytestmark = pytest.mark.usefixtures("nothing_leaks")


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
async def test_what_is_no_whole_answer_is_a_reset_that_may_have_delivered(name: str) -> None:
    outcome = failure(await outcome_of(SETTINGS, once(NO_ANSWERS[name])))
    assert outcome.kind is FailureKind.RESET
    assert outcome.maybe_delivered
    assert outcome.detail.encode("utf-8")


@pytest.mark.parametrize("status", [302, 400, 401, 413, 429, 500])
async def test_a_refusal_counts_even_when_its_body_breaks_off(status: int) -> None:
    text = b"HTTP/1.1 %d X\r\nContent-Length: 1000\r\n\r\nbecause" % status
    outcome = answered(await outcome_of(SETTINGS, once(text)))
    assert (outcome.status, outcome.body) == (status, "because")


async def test_a_reset_after_the_request_may_have_delivered() -> None:
    async def reset(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    outcome = failure(await outcome_of(SETTINGS, reset))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.RESET, True)


@pytest.mark.parametrize("stays", [True, False], ids=["stays open", "is closed"])
async def test_a_body_refused_before_it_was_read_has_its_answer(stays: bool) -> None:
    async def refuse(reader: Reader, writer: Writer) -> None:
        await read_request(reader, body=False)
        writer.write(answer(413, b""))
        await writer.drain()
        if stays:
            await asyncio.Event().wait()

    async with Loopback(refuse) as server, Connection(SETTINGS) as connection:
        for _ in range(2):
            outcome = await connection.post(server.url, HEADERS, b"x" * 20_000_000)
            assert answered(outcome).status == 413
        assert server.connections == 2


async def test_an_endless_answer_is_read_up_to_a_limit() -> None:
    async def endless(reader: Reader, writer: Writer) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with Loopback(endless) as server, Connection(SETTINGS) as connection:
        for _ in range(2):
            assert answered(await connection.post(server.url, HEADERS, b"{}")).status == 200
        assert server.connections == 2


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
async def test_a_server_that_is_too_slow_is_a_timeout_that_may_have_delivered(handler: Handler) -> None:
    outcome = failure(await outcome_of(HASTY, handler))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.TIMEOUT, True)
    assert 0.15 < outcome.elapsed_s < 5


async def test_a_refusal_counts_even_when_its_body_never_ends() -> None:
    handler = trickle(b"HTTP/1.1 401 X\r\nContent-Length: 9999\r\n\r\n")
    assert answered(await outcome_of(HASTY, handler)).status == 401


async def test_an_upload_that_stalls_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_SLOWEST_UPLOAD_BYTES_S", 1_000_000_000)
    outcome = failure(await outcome_of(HASTY, silent, b"x" * 20_000_000))
    assert outcome.kind is FailureKind.TIMEOUT


async def test_an_upload_has_time_by_its_size() -> None:
    async def slow(reader: Reader, writer: Writer) -> None:
        await read_request(reader, body=False)
        for _ in range(30):
            await reader.read(1_000_000)
            await asyncio.sleep(0.03)
        while len(await reader.read(1_000_000)) == 1_000_000:
            pass
        writer.write(answer(200))
        await writer.drain()

    assert answered(await outcome_of(HASTY, slow, b"x" * 20_000_000)).status == 200


async def test_a_closed_port_is_no_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = failure(await post(SETTINGS, f"http://127.0.0.1:{unused.getsockname()[1]}/"))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.CONNECT, False)


async def test_an_unknown_host_is_named() -> None:
    outcome = failure(await post(SETTINGS, "http://heap.invalid/"))
    assert (outcome.kind, outcome.maybe_delivered) == (FailureKind.DNS, False)
    assert "heap.invalid" in outcome.detail


async def test_a_pool_goes_on_after_a_failure_and_a_cancelled_request() -> None:
    script = Scripted([b"garbage\r\n\r\n", answer(200)])
    async with Loopback(script) as server, Loopback(silent) as mute, Connection(SETTINGS) as connection:
        assert isinstance(await connection.post(server.url, HEADERS, b"{}"), Failure)
        hanging = asyncio.create_task(connection.post(mute.url, HEADERS, b"{}"))
        while not mute.connections:
            await asyncio.sleep(0)
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        assert answered(await connection.post(server.url, HEADERS, b"{}")).status == 200
