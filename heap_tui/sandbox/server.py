"""The sandbox as an object: a server in a thread of its own, for the command line and for tests."""

import asyncio
import contextlib
import errno
import os
import socket
import threading
import time
from types import TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from heap_tui.errors import StateError, UsageError
from heap_tui.i18n import _
from heap_tui.sandbox.app import TRANSPORT, SandboxApp
from heap_tui.sandbox.options import Answer, SandboxOptions
from heap_tui.sandbox.record import RecordFile
from heap_tui.sandbox.tally import LastEvent, SandboxReport, Tally

__all__ = ["Answer", "LastEvent", "SandboxOptions", "SandboxReport", "SandboxServer"]

KEEP_ALIVE_S = 75  # longer than a sender's pause between batches
_START_LIMIT_S = 10.0
_STOP_LIMIT_S = 10.0
_PATIENCE_S = 0.1


class _Protocol(HttpToolsProtocol):
    """HTTP/1.1 that shows its transport to the application, which may hang up on purpose."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]


class _Server(uvicorn.Server):
    """A server that says when it is ready and stops without waiting for its clients."""

    def __init__(self, config: uvicorn.Config, app: SandboxApp) -> None:
        super().__init__(config)
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None
        self.ready = threading.Event()

    def stop(self) -> None:
        """End the server from another thread; delayed answers go out now."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._app.stopping.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    async def main_loop(self) -> None:
        """Keep the Date header right; woken by `stop` instead of looking for it ten times a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._app.stopping.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything; only requests that are about to be answered are waited for."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._tasks_end()
        for connection in list(self.server_state.connections):
            transport = connection.transport
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
        await self._tasks_end()

    async def _tasks_end(self) -> None:
        if tasks := list(self.server_state.tasks):
            await asyncio.wait(tasks, timeout=_PATIENCE_S)


class SandboxServer:
    """A running sandbox; a context manager that can be entered once.

    Args:
        options: address, token and switches; by default a free port on loopback and no token.

    Raises:
        UsageError: on entering, when the address or the record file cannot be used.
        StateError: on entering, when the server does not come up.
    """

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self._options = options or SandboxOptions()
        self._tally = Tally(self._options.id_cap)
        self._record: RecordFile | None = None
        self._failure: OSError | None = None
        self.url = ""

    def __enter__(self) -> Self:
        """Bind, start the thread and return when connections are accepted."""
        listener = _bind(self._options.host, self._options.port)
        try:
            self._record = RecordFile(self._options.record) if self._options.record else None
        except UsageError:
            listener.close()
            raise
        self.url = _url(listener)
        app = SandboxApp(self._options, self._tally, self._record, time.monotonic)
        self._server = _Server(_config(app), app)
        self._thread = threading.Thread(target=self._serve, args=[listener], name="sandbox", daemon=True)
        self._thread.start()
        if not self._server.ready.wait(_START_LIMIT_S) or self._failure:
            self.__exit__(None, None, None)
            raise StateError(_("The sandbox did not start: {reason}.").format(reason=self._failure or "timeout"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop at once; requests without an answer get none."""
        self._server.stop()
        self._thread.join(_STOP_LIMIT_S)
        if self._record is not None:
            self._record.close()
            self._record = None

    def report(self) -> SandboxReport:
        """What arrived so far; from any thread, also after the end."""
        return self._tally.report()

    def _serve(self, listener: socket.socket) -> None:
        try:
            self._server.run(sockets=[listener])
        except OSError as error:
            self._failure = error
        finally:
            listener.close()
            self._server.ready.set()


def _config(app: SandboxApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=_Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket, so that the port is ours before anything else is made."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise UsageError(
            _("--host: {host} is not an address of this machine.").format(host=host),
            _("Use 127.0.0.1, or an address that this machine has."),
        ) from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(
            _("Port {port} on {host} is in use.").format(port=port, host=host),
            _("Give another one with --port, or 0 for a free one."),
        )
    reason = os.strerror(error.errno or 0)
    return UsageError(
        _("Cannot listen on port {port} of {host} ({reason}).").format(port=port, host=host, reason=reason),
        _("Give another address with --host, or another port with --port (0: a free one)."),
    )


def _url(listener: socket.socket) -> str:
    """Where this machine reaches the listener; every address (0.0.0.0) is reached by loopback."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
