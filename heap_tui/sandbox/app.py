"""The endpoint itself: one ASGI application that answers as protocol.md sections 1 and 2 say."""

import asyncio
import contextlib
import hmac
from collections.abc import Callable, Iterator

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from heap_tui.i18n import _
from heap_tui.sandbox.body import BodyError, Received, holds_null, read_events
from heap_tui.sandbox.options import Answer, SandboxOptions
from heap_tui.sandbox.record import RecordFile
from heap_tui.sandbox.rehearsal import Rehearsal, json_answer
from heap_tui.sandbox.tally import Tally, Warned

# Where the server's protocol leaves its transport in the scope: the only way to end a connection unanswered.
TRANSPORT = "heap_tui.transport"
LINGER_S = 1.0

_READABLE = {"GET": {"/", "/stats", "/healthz"}, "HEAD": {"/", "/stats", "/healthz"}}


class _TooLargeError(Exception):
    """The body is over the limit; what came of it is not kept."""


class SandboxApp:
    """Answers requests; one instance serves one event loop.

    Args:
        options: token, limits and switches.
        tally: where everything is counted.
        record: where accepted events are written; None is nowhere.
        clock: seconds for the rate limit, never going back.
    """

    def __init__(
        self, options: SandboxOptions, tally: Tally, record: RecordFile | None, clock: Callable[[], float]
    ) -> None:
        self._options = options
        self._tally = tally
        self._record = record
        self._rehearsal = Rehearsal(options, clock)
        self._expected = None if options.token is None else options.token.encode("ascii")
        self.stopping = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        if request.url.path in _READABLE.get(request.method, ()):
            await _respond(self._readable(request.url.path), scope, receive, send)
        elif request.method != "POST":
            self._tally.answered(405)
            await _respond(_not_allowed(request), scope, receive, send)
        else:
            await self._post(request, send)

    def _readable(self, path: str) -> Answer:
        if path == "/healthz":
            return json_answer(200, {"status": "ok"})
        return json_answer(200, self._tally.report().as_dict())

    async def _post(self, request: Request, send: Send) -> None:
        body = b""
        try:
            if not self._authorized(request):
                answer = json_answer(401, {"error": _("wrong or missing token")}, www_authenticate="Bearer")
            else:
                body = await self._read(request)
                answer = self._judge(request, body)
        except ClientDisconnect:
            self._tally.answered(None)
            return
        except _TooLargeError:
            await self._refuse_large(request, send)
            return
        self._tally.answered(None if answer.lost else answer.status, len(body))
        await self._wait()
        if answer.lost:
            await _hang_up(request)
        else:
            await _respond(answer, request.scope, request.receive, send)

    def _authorized(self, request: Request) -> bool:
        if self._expected is None:
            return True
        scheme, _space, token = request.headers.get("authorization", "").partition(" ")
        # Constant time: how long the comparison takes tells nothing about the token.
        same = hmac.compare_digest(token.strip().encode("latin-1"), self._expected)
        return same and scheme.lower() == "bearer"

    async def _read(self, request: Request) -> bytes:
        """The body; stops at the first byte over the limit."""
        length = request.headers.get("content-length", "0")
        if int(length) > self._options.max_bytes:
            raise _TooLargeError
        chunks, size = [], 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > self._options.max_bytes:
                raise _TooLargeError
            chunks.append(chunk)
        return b"".join(chunks)

    def _judge(self, request: Request, body: bytes) -> Answer:
        """Read the events, choose the answer, and keep the events when it accepts them."""
        try:
            events = read_events(body)
        except BodyError as refusal:
            reason = {"error": refusal.reason, "index": refusal.index, "field": refusal.field}
            return json_answer(400, {name: value for name, value in reason.items() if value is not None})
        if not events:
            return json_answer(200, {"accepted": 0})
        self._tally.warn(_warnings(request, body))
        answer = self._rehearsal.answer(len(events))
        return self._keep(events, answer) if answer.accepts else answer

    def _keep(self, events: list[Received], answer: Answer) -> Answer:
        if self._record is not None:
            try:
                self._record.append(event.raw for event in events)
            except OSError:
                # A fault of our own is never a 4xx (protocol.md section 2): the sender tries again.
                self._tally.warn([Warned.RECORD_FAILED])
                content = {"error": _("the record file cannot be written")}
                return json_answer(503, content, retry_after=str(self._options.retry_after_s))
        self._tally.accept(events)
        return answer

    async def _refuse_large(self, request: Request, send: Send) -> None:
        """Answer 413 at once, then let the sender finish for a moment.

        Closing while bytes are still coming resets the connection, and the answer can be lost with it.
        """
        content = {"error": _("the body is too large"), "max_bytes": self._options.max_bytes}
        answer = json_answer(413, content, connection="close")
        self._tally.answered(413)
        await self._wait()
        head = [(b"content-length", b"%d" % len(answer.body)), *_raw_headers(answer)]
        await send({"type": "http.response.start", "status": 413, "headers": head})
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while (message := await request.receive())["type"] == "http.request" and message["more_body"]:
                    continue
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _wait(self) -> None:
        """The latency that was asked for, cut short when the sandbox stops."""
        if self._options.latency_ms:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), self._options.latency_ms / 1000)


def _warnings(request: Request, body: bytes) -> Iterator[Warned]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        yield Warned.CONTENT_TYPE
    if request.headers.get("braze-currents-version") != "1":
        yield Warned.VERSION_HEADER
    if holds_null(body):
        yield Warned.NULLS


def _not_allowed(request: Request) -> Answer:
    allowed = "GET, HEAD, POST" if request.url.path in _READABLE["GET"] else "POST"
    return json_answer(405, {"error": _("events are sent by POST")}, allow=allowed)


def _raw_headers(answer: Answer) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), text.encode("latin-1")) for name, text in answer.headers.items()]


async def _respond(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    response = Response(answer.body, answer.status, dict(answer.headers))
    await response(scope, receive, send)


async def _hang_up(request: Request) -> None:
    """Close the connection without a byte of answer and wait until it is gone."""
    request.scope["extensions"][TRANSPORT].close()
    while (await request.receive())["type"] != "http.disconnect":
        continue
