"""Servers on the loopback interface that answer as they are told, byte for byte, and a proxy."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """A request as it arrived; names of headers are lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


async def read_request(reader: asyncio.StreamReader, *, body: bool = True) -> Request:
    """The next request on a connection; raises IncompleteReadError when there is none."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (entry.partition(":") for entry in rest)}
    length = int(headers.get("content-length", "0")) if body else 0
    return Request(line, headers, await reader.readexactly(length))


def answer(status: int = 200, body: bytes = b"{}", *headers: str) -> bytes:
    """An answer with a body of known length."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Loopback:
    """A server that handles each connection with `handler`; an async context manager that leaves nothing open."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._handler = handler
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """The server's address."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/hook"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await self._handler(reader, writer)
        finally:
            writer.transport.abort()


@dataclass
class Scripted:
    """Answers requests, whichever connection they come on, with `answers` in order; then with the last one."""

    answers: list[bytes]
    requests: list[Request] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self.requests.append(await read_request(reader))
            writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            await writer.drain()


@dataclass
class Proxy:
    """An HTTP proxy to one server, whatever host is asked for; wants `authorization` when that is given."""

    port: int
    authorization: str | None = None
    requests: list[Request] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        self.requests.append(request)
        if self.authorization and request.headers.get("proxy-authorization") != self.authorization:
            writer.write(answer(407, b""))
            await writer.drain()
            return
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            if request.line.startswith("CONNECT "):
                writer.write(b"HTTP/1.1 200 Established\r\n\r\n")
            else:
                method, target, version = request.line.split(" ")
                path = "/" + target.split("/", 3)[3]
                headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
                onward_writer.write(f"{method} {path} {version}\r\n{headers}\r\n".encode() + request.body)
            await asyncio.gather(_pipe(reader, onward_writer), _pipe(onward_reader, writer))
        finally:
            onward_writer.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while portion := await reader.read(65_536):
        writer.write(portion)
        await writer.drain()
    writer.close()
