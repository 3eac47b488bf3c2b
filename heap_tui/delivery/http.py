"""One HTTP connection pool; nothing here knows what is sent.

aiohttp by itself: events need nothing of httpx's API, whose objects alone cost more than twice the time of a request.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from heap_tui import __version__
from heap_tui.delivery.answers import Answer, Outcome, body_excerpt, parse_retry_after, refusals_in
from heap_tui.delivery.failures import failure_from
from heap_tui.errors import UsageError
from heap_tui.i18n import _
from heap_tui.redact import redact_url

__all__ = ["Connection", "ConnectionSettings", "choose_proxy", "failure_from"]

# An answer is read up to here; it may be endless, but one that names every refused event must fit.
MAX_ANSWER_BYTES = 1024 * 1024
_MAX_HEADER_BYTES = 64 * 1024  # of one line of an answer's head
_SLOWEST_UPLOAD_BYTES_S = 16 * 1024  # an upload that is slower than this has stalled
_SLICE_BYTES = 256 * 1024  # a larger body is written in slices, so that the loop has its turn between them
_FAULTS = (aiohttp.ClientError, OSError, TimeoutError)

_OUR_HEADERS = {
    "User-Agent": f"heap-tui/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # what an answer says about refused events must be readable
}


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How to connect.

    Args:
        tls: whom we trust and who we are.
        max_connections: size of the pool; at least the number of concurrent requests, so that none waits.
        timeout_s: seconds without a byte of an answer until a request has failed; also the most that the body of an
            answer may take altogether.
        connect_timeout_s: seconds until connecting has failed.
        proxy: proxy URL, or None to go directly; may hold a password.
    """

    tls: ssl.SSLContext
    max_connections: int
    timeout_s: float
    connect_timeout_s: float
    proxy: str | None = field(repr=False)


def choose_proxy(url: str, configured: str | None) -> str | None:
    """The proxy for `url`: the configured one, else that of the environment (``HTTPS_PROXY``, ``NO_PROXY``).

    Raises:
        UsageError: the proxy is of a kind that is not supported.
    """
    parts = urlsplit(url)
    proxy = configured
    if proxy is None and not _goes_directly(parts.hostname or "", parts.port):
        proxies = getproxies()
        proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy:
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise UsageError(
            _("The proxy {proxy} is not an HTTP proxy.").format(proxy=redact_url(proxy)),
            _("Set proxy in the profile, or HTTPS_PROXY, to an http:// address, or list the host in NO_PROXY."),
        )
    return proxy


def _goes_directly(host: str, port: int | None) -> bool:
    """Whether ``NO_PROXY`` names the host, by itself or with the port."""
    return bool(proxy_bypass(host) or (port and proxy_bypass(f"{host}:{port}")))


class Connection:
    """An open pool; use it as an async context manager, inside one event loop."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._timeout = aiohttp.ClientTimeout(sock_connect=settings.connect_timeout_s, sock_read=settings.timeout_s)
        self._proxy = URL(settings.proxy) if settings.proxy else None
        self._opened: aiohttp.ClientSession | None = None

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            connector = aiohttp.TCPConnector(ssl=self._settings.tls, limit=self._settings.max_connections)
            # No cookies: an answer must not change what the next request looks like.
            self._opened = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_OUR_HEADERS,
                timeout=self._timeout,
                auto_decompress=False,
                max_line_size=_MAX_HEADER_BYTES,
                max_field_size=_MAX_HEADER_BYTES,
            )
        return self._opened

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """POST `body` and read the answer; redirects are not followed, failures are returned, not raised.

        An answer that breaks off counts by its status, but a 2xx one does not: nobody knows what it would have said.
        """
        started = time.monotonic()
        try:
            # The transport has a limit for each silence, but none for a proxy's, or for one that does not read.
            async with asyncio.timeout(self._patience_s(len(body))):
                response = await self._send(url, headers, body)
            content, broken = await self._read(response)
        except _FAULTS as error:
            return failure_from(error, time.monotonic() - started)
        if broken is not None and 200 <= response.status < 300:
            return failure_from(broken, time.monotonic() - started)
        return _answer(response, content, time.monotonic() - started)

    def _patience_s(self, size: int) -> float:
        """Seconds in which a body of that size must be on its way and the head of an answer there."""
        settings = self._settings
        return settings.connect_timeout_s + settings.timeout_s + size / _SLOWEST_UPLOAD_BYTES_S

    async def _send(self, url: str, headers: Mapping[str, str], body: bytes) -> aiohttp.ClientResponse:
        return await self._session.post(
            URL(url, encoded=True),  # as it was given, byte for byte
            headers={**headers, "Content-Length": str(len(body))},
            data=body if len(body) <= _SLICE_BYTES else _slices(body),
            allow_redirects=False,
            proxy=self._proxy,
        )

    async def _read(self, response: aiohttp.ClientResponse) -> tuple[bytes, BaseException | None]:
        """What came of the body, up to the limit, and what ended it early."""
        content, broken = bytearray(), None
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                async for chunk in response.content.iter_any():
                    content += chunk
                    if len(content) > MAX_ANSWER_BYTES:
                        break
        except _FAULTS as error:
            broken = error
        finally:
            response.release()
        return bytes(content), broken


async def _slices(body: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(body), _SLICE_BYTES):
        yield body[begin : begin + _SLICE_BYTES]


def _answer(response: aiohttp.ClientResponse, content: bytes, elapsed_s: float) -> Answer:
    status = response.status
    accepted = 200 <= status < 300
    return Answer(
        status=status,
        retry_after_s=parse_retry_after(response.headers.get("retry-after"), time.time()),
        body=body_excerpt(content) if content else "",
        elapsed_s=elapsed_s,
        refused=refusals_in(content) if accepted else "",
        location=redact_url(response.headers.get("location", "")) if 300 <= status < 400 else "",
    )
