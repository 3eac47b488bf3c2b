"""What an exception of the transport means, in the words of `Failure`."""

import os
import socket
import ssl
from collections.abc import Iterator

import aiohttp

from heap_tui.delivery.answers import Failure, FailureKind
from heap_tui.redact import redact


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
        ((aiohttp.ClientConnectorDNSError, socket.gaierror), FailureKind.DNS),
        ((aiohttp.ServerTimeoutError, TimeoutError), FailureKind.TIMEOUT),
        ((aiohttp.ClientConnectorSSLError, ssl.SSLError), FailureKind.TLS),
        ((aiohttp.ClientConnectorError, ConnectionRefusedError), FailureKind.CONNECT),
    )
    return next((kind for kinds, kind in rows if has(*kinds)), FailureKind.RESET)


def failure_from(error: BaseException, elapsed_s: float) -> Failure:
    """The `Failure` that an exception of the transport stands for."""
    kind = _failure_kind(error)
    sent = kind in (FailureKind.RESET, FailureKind.TIMEOUT, FailureKind.TLS)
    unsent = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
    maybe_delivered = sent and not any(isinstance(link, unsent) for link in _chain(error))
    return Failure(kind, _detail(error), elapsed_s, maybe_delivered)


def _detail(error: BaseException) -> str:
    """The reason in words, as far as there are any, secrets redacted."""
    root = next((link for link in _chain(error) if isinstance(link, OSError)), error)
    reason = str(getattr(root, "verify_message", "") or getattr(root, "strerror", "") or root)
    if isinstance(root, aiohttp.ClientConnectorDNSError):
        reason = f"{root.host}: {reason}"  # it may be the proxy's
    elif reason.startswith("Connect call failed") and isinstance(root, OSError) and root.errno:
        reason = os.strerror(root.errno)  # asyncio's own words show a tuple instead
    if not reason and not isinstance(root, TimeoutError):
        reason = type(root).__name__
    return redact(reason.encode("utf-8", "replace").decode())
