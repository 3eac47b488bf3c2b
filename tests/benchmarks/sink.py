"""The endpoint under the benchmark: answers 200 and counts, as cheaply as plain Python can.

One process, one thread, epoll. Of a request only Content-Length is parsed. Events are counted by a character
that stands exactly once in each (`events.MARKER`). It prints its port, then serves until it is ended:

- ``POST <any path>``: counted, answered after the latency that is set
- ``GET /reset?latency_ms=N&keep=0|1``: forget the counts; `keep` holds the bodies, so that ids can be counted
- ``GET /stats``: the counts as JSON; with `keep` also the number of different ids

No pipelining and no chunked bodies: none of the programs under test uses them.
"""

import heapq
import json
import re
import resource
import select
import socket
import time
import urllib.parse
from dataclasses import dataclass, field

from tests.benchmarks.events import MARKER

_BUFFER_BYTES = 1 << 18
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ID = re.compile(rb'"(?:id|messageId)": ?"([0-9a-f]{8}-[0-9a-f-]{27})"')
_ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@dataclass(slots=True)
class Counts:
    """What arrived since the last reset; times are of `time.monotonic`, which all processes share."""

    requests: int = 0
    bytes: int = 0
    events: int = 0
    connections: int = 0
    first_s: float = 0.0
    last_s: float = 0.0


@dataclass(slots=True)
class Connection:
    """One client and how far its present request has come."""

    socket: socket.socket
    head: bytes = b""
    body_left: int = 0
    chunks: list[bytes] = field(default_factory=list)


class Sink:
    """The server's state; `serve` never returns."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._latency_s = 0.0
        self._keep = False
        self._bodies: list[bytes] = []
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._connections: dict[int, Connection] = {}
        self._due: list[tuple[float, int, Connection]] = []
        self._epoll = select.epoll()

    def serve(self, listener: socket.socket) -> None:
        """Accept, read and answer for ever."""
        self._epoll.register(listener.fileno(), select.EPOLLIN)
        while True:
            wait_s = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            for fd, _mask in self._epoll.poll(wait_s):
                if fd == listener.fileno():
                    self._accept(listener)
                else:
                    self._read(fd)
            while self._due and self._due[0][0] <= time.monotonic():
                self._answer(heapq.heappop(self._due)[2])

    def _accept(self, listener: socket.socket) -> None:
        client, _address = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[client.fileno()] = Connection(client)
        self._epoll.register(client.fileno(), select.EPOLLIN)
        self.counts.connections += 1

    def _read(self, fd: int) -> None:
        connection = self._connections[fd]
        try:
            size = connection.socket.recv_into(self._view)
        except ConnectionError:
            size = 0
        if not size:
            self._close(fd)
        elif connection.body_left:
            self._body(connection, 0, size)
        else:
            self._head(connection, size)

    def _close(self, fd: int) -> None:
        self._epoll.unregister(fd)
        self._connections.pop(fd).socket.close()

    def _head(self, connection: Connection, size: int) -> None:
        before = len(connection.head)
        head = connection.head + self._buffer[: min(size, 65_536)]
        end = head.find(b"\r\n\r\n") + 4
        if end < 4:
            connection.head = head
            return
        connection.head = b""
        if head.startswith(b"GET "):
            self._control(connection, head[4:end].split(b" ", 1)[0].decode())
            return
        self.counts.first_s = self.counts.first_s or time.monotonic()
        length = _LENGTH.search(head, 0, end)
        assert length is not None, f"a request without Content-Length: {head[:end]!r}"
        connection.body_left = int(length[1])
        self._body(connection, end - before, size)

    def _body(self, connection: Connection, start: int, end: int) -> None:
        self.counts.events += self._buffer.count(MARKER, start, end)
        self.counts.bytes += end - start
        if self._keep:
            connection.chunks.append(bytes(self._view[start:end]))
        connection.body_left -= end - start
        if connection.body_left:
            return
        self.counts.requests += 1
        if self._keep:
            self._bodies.append(b"".join(connection.chunks))
            connection.chunks.clear()
        if self._latency_s:
            heapq.heappush(self._due, (time.monotonic() + self._latency_s, self.counts.requests, connection))
        else:
            self._answer(connection)

    def _answer(self, connection: Connection, answer: bytes = _ACCEPTED) -> None:
        try:
            connection.socket.send(answer)
        except OSError:
            return  # it went away; its own read will find the end and close
        self.counts.last_s = time.monotonic()

    def _control(self, connection: Connection, target: str) -> None:
        url = urllib.parse.urlsplit(target)
        body = json.dumps(self._stats()).encode()
        if url.path == "/reset":
            asked = urllib.parse.parse_qs(url.query)
            self._latency_s = float(asked["latency_ms"][0]) / 1000
            self._keep = asked["keep"][0] == "1"
            self._bodies.clear()
            self.counts = Counts()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.socket.sendall(head.encode() + body)

    def _stats(self) -> dict[str, float | None]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        counts = self.counts
        return {
            "requests": counts.requests,
            "bytes": counts.bytes,
            "events": counts.events,
            "connections": counts.connections,
            "first_s": counts.first_s,
            "last_s": counts.last_s,
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "unique_ids": len({found for body in self._bodies for found in _ID.findall(body)}) if self._keep else None,
        }


def main() -> None:
    """Listen on a free port of the loopback, print it, serve."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    Sink().serve(listener)


if __name__ == "__main__":
    main()
