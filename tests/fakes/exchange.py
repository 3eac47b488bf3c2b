"""One request over a pool of its own, to a server that does what a test says."""

import asyncio
from dataclasses import replace

from heap_tui.delivery.answers import Answer, Failure, Outcome
from heap_tui.delivery.http import Connection, ConnectionSettings
from heap_tui.delivery.policy import describe
from heap_tui.delivery.tls import ssl_context
from tests.fakes.loopback import Handler, Loopback, read_request

TOKEN = "token-that-nobody-may-see"
HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
SETTINGS = ConnectionSettings(
    tls=ssl_context(None, None, None, {}), max_connections=4, timeout_s=5, connect_timeout_s=5, proxy=None
)
HASTY = replace(SETTINGS, timeout_s=0.2, connect_timeout_s=0.2)
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


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
