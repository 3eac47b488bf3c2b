"""A small HTTPS (or HTTP) endpoint in a thread of its own, for what the sandbox does not do."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme


def server_context(authority: trustme.CA, name: str = "localhost", not_after: datetime | None = None) -> ssl.SSLContext:
    """A certificate for `name` that ends at `not_after`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=not_after).configure_cert(context)
    return context


@contextmanager
def endpoint(
    status: int = 200,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    empty_status: int | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[str]:
    """Answer every POST and HEAD alike; gives the URL.

    Args:
        status: the status of every answer.
        body: the body of every answer to a POST.
        headers: further headers; ``Date`` replaces the true one, an empty value leaves it out.
        empty_status: the status for an empty batch, when it is another one.
        tls: the server's certificate; None is plain HTTP.
    """
    more = dict(headers or {})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            got = self.rfile.read(int(self.headers["Content-Length"]))
            empty = got == b'{"events":[]}' and empty_status is not None
            self._answer(empty_status if empty and empty_status else status, b"" if empty else body)

        def do_HEAD(self) -> None:
            self._answer(status, b"")

        def _answer(self, code: int, content: bytes) -> None:
            self.send_response_only(code)
            for name, value in ({"Date": self.date_time_string()} | more).items():
                if value:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_unused: None  # type: ignore[method-assign]  # a client that hangs up is expected
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://localhost:{server.server_address[1]}/hook"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
