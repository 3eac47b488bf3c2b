"""An endpoint on the loopback interface that answers as it is told, and remembers every body before it answers."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_PATIENCE_S = 30.0


@dataclass(slots=True)
class Received:
    """A request as it arrived; `status` is that of its answer, 0 while or when there is none.

    Args:
        number: its place in the order of arrival, from 0.
        path: of the request.
        headers: names in lower case.
        ids: of its events, in order.
        size: bytes of its body.
    """

    number: int
    path: str
    headers: dict[str, str]
    ids: list[str]
    size: int
    status: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Args:
        status: the HTTP status.
        headers: further headers.
        body: sent as it is.
        lost: close the connection instead of answering.
        after: wait until this is set before answering.
        delay_s: seconds until the answer.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    lost: bool = False
    after: threading.Event | None = None
    delay_s: float = 0.0


Rule = Callable[[Received], Reply]


class Endpoint:
    """A running endpoint; a context manager.

    Args:
        rule: gives the answer to each request.
        port: the port to listen on; 0 is a free one.
        tls: makes it an https endpoint.
    """

    def __init__(
        self, rule: Rule = lambda _request: Reply(), *, port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.rule = rule
        self.received: list[Received] = []
        self.closing = threading.Event()
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.endpoint = self
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/events"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_PATIENCE_S)

    def note(self, path: str, headers: Mapping[str, str], body: bytes) -> Received:
        """Remember a request; from the handlers."""
        ids = [event["id"] for event in json.loads(body)["events"]] if body else []
        lowered = {name.lower(): value for name, value in headers.items()}
        with self._changed:
            request = Received(len(self.received), path, lowered, ids, len(body))
            self.received.append(request)
            self._changed.notify_all()
        return request

    def wait_for(self, reached: Callable[[], bool], timeout_s: float = _PATIENCE_S) -> None:
        """Wait until `reached` holds, looked at with every request.

        Raises:
            AssertionError: it does not in that time.
        """
        with self._changed:
            assert self._changed.wait_for(reached, timeout_s), f"not reached with {len(self.received)} requests"

    def wait_for_requests(self, number: int, timeout_s: float = _PATIENCE_S) -> None:
        """Wait until that many requests have arrived, counted from the beginning."""
        self.wait_for(lambda: len(self.received) >= number, timeout_s)

    @property
    def ids(self) -> list[str]:
        """Ids of all events that arrived, however they were answered."""
        return [name for request in list(self.received) for name in request.ids]

    @property
    def accepted(self) -> list[str]:
        """Ids of the events that were answered 2xx."""
        return [name for request in list(self.received) if 200 <= request.status < 300 for name in request.ids]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    endpoint: Endpoint

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: clients that are killed break their connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        endpoint = self.server.endpoint
        request = endpoint.note(self.path, dict(self.headers), body)
        reply = endpoint.rule(request)
        if reply.after is not None:
            _wait_for_either(reply.after, endpoint.closing)
        endpoint.closing.wait(reply.delay_s)
        if reply.lost:
            self.close_connection = True
            return
        request.status = reply.status
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_words: object) -> None:
        """Nothing."""


def _wait_for_either(one: threading.Event, other: threading.Event) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not one.wait(0.02) and not other.is_set() and time.monotonic() < end:
        pass
