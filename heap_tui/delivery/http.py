"""One HTTP connection pool, and the translation of its failures; nothing here knows what is sent.

httpx with the aiohttp transport: the same API, three times the requests a second of httpx's own transport.
"""

import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from heap_tui import __version__
from heap_tui.delivery.answers import (
    Answer,
    Failure,
    FailureKind,
    Outcome,
    body_excerpt,
    parse_retry_after,
    refusals_in,
)
from heap_tui.errors import UsageError
from heap_tui.i18n import _
from heap_tui.redact import redact, redact_url

MAX_ANSWER_BYTES = 64 * 1024  # an answer is read up to here; the rest is of no use and may be endless


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How to connect.

    Args:
        tls: whom we trust and who we are.
        max_connections: size of the pool; at least the number of concurrent requests, so that none waits.
        timeout_s: seconds without a byte of an answer until a request has failed.
        connect_timeout_s: seconds until connecting has failed.
        proxy: proxy URL, or None to go directly.
    """

    tls: ssl.SSLContext
    max_connections: int
    timeout_s: float
    connect_timeout_s: float
    proxy: str | None


def choose_proxy(url: str, configured: str | None) -> str | None:
    """The proxy for `url`: the configured one, else that of the environment (``HTTPS_PROXY``, ``NO_PROXY``).

    Raises:
        UsageError: the proxy is of a kind that is not supported.
    """
    parts = urlsplit(url)
    proxy = configured
    if proxy is None and not proxy_bypass(parts.hostname or ""):
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


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and what caused it, the cause of a connector's error included."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "os_error", None)]


def _failure_kind(error: BaseException) -> FailureKind:
    chain = list(_chain(error))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(link, kinds) for link in chain)

    rows: tuple[tuple[tuple[type[BaseException], ...], FailureKind], ...] = (
        ((ssl.SSLCertVerificationError, aiohttp.ClientConnectorCertificateError), FailureKind.CERTIFICATE),
        ((aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError), FailureKind.PROXY),
        ((aiohttp.ClientConnectorDNSError,), FailureKind.DNS),
        ((aiohttp.ServerTimeoutError, TimeoutError), FailureKind.TIMEOUT),
        ((aiohttp.ClientConnectorSSLError, ssl.SSLError), FailureKind.TLS),
        ((aiohttp.ClientConnectorError, ConnectionRefusedError), FailureKind.CONNECT),
    )
    return next((kind for kinds, kind in rows if has(*kinds)), FailureKind.RESET)


def failure_from(error: BaseException, elapsed_s: float) -> Failure:
    """The `Failure` that an exception of the transport stands for."""
    kind = _failure_kind(error)
    root = next((link for link in _chain(error) if isinstance(link, OSError)), error)
    reason = getattr(root, "verify_message", "") or getattr(root, "strerror", "") or str(root) or type(root).__name__
    sent = kind in (FailureKind.RESET, FailureKind.TIMEOUT) and not isinstance(error, httpx.ConnectError)
    return Failure(kind, redact(str(reason)), elapsed_s, maybe_delivered=sent)


class Connection:
    """An open pool; use it as an async context manager, inside one event loop."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._timeout = {"connect": settings.connect_timeout_s, "read": settings.timeout_s, "pool": None}
        self._transport = AiohttpTransport(
            verify=settings.tls,
            client=self._session,
            proxy=httpx.Proxy(settings.proxy) if settings.proxy else None,
        )

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self._settings.tls, limit=self._settings.max_connections)
        # No cookies: an answer must not change what the next request looks like.
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """POST `body` and read the answer; redirects are not followed, failures are returned, not raised."""
        request = httpx.Request(
            "POST",
            url,
            headers={**headers, "User-Agent": f"heap-tui/{__version__}", "Accept": "application/json"},
            content=body,
            extensions={"timeout": self._timeout},
        )
        started = time.monotonic()
        try:
            response = await self._transport.handle_async_request(request)
            content = await _read_some(response)
        except (httpx.TransportError, aiohttp.ClientError, OSError, TimeoutError) as error:
            return failure_from(error, time.monotonic() - started)
        return _answer(response, content, time.monotonic() - started)


async def _read_some(response: httpx.Response) -> bytes:
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    content = b""
    try:
        async for chunk in stream:
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                break
    finally:
        await stream.aclose()
    return content


def _answer(response: httpx.Response, content: bytes, elapsed_s: float) -> Answer:
    status = response.status_code
    accepted = 200 <= status < 300
    return Answer(
        status=status,
        retry_after_s=parse_retry_after(response.headers.get("retry-after"), time.time()),
        body=body_excerpt(content) if content else "",
        elapsed_s=elapsed_s,
        refused=refusals_in(content) if accepted else "",
        location=redact_url(response.headers.get("location", "")) if 300 <= status < 400 else "",
    )
