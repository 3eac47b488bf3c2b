"""From a profile's settings to an open destination: TLS, proxy, pool."""

import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from heap_tui.config.endpoint import Endpoint
from heap_tui.config.model import DeliverySettings
from heap_tui.delivery.http import Connection, ConnectionSettings, choose_proxy
from heap_tui.delivery.tls import ssl_context
from heap_tui.delivery.webhook import Webhook
from heap_tui.redact import register_secret


def proxy_for(endpoint: Endpoint, settings: DeliverySettings) -> str | None:
    """The proxy that requests to `endpoint` take: the profile's, else the environment's, else None.

    The environment's is not asked about this machine itself, which no proxy elsewhere could reach.

    Raises:
        UsageError: the proxy is of a kind that is not supported.
    """
    if endpoint.is_loopback and settings.proxy is None:
        return None
    return choose_proxy(endpoint.url, settings.proxy)


def connection_settings(
    endpoint: Endpoint, settings: DeliverySettings, environ: Mapping[str, str]
) -> ConnectionSettings:
    """How to connect to `endpoint`, by the profile's delivery table and the environment.

    Raises:
        UsageError: a certificate file or the proxy cannot be used.
    """
    proxy = proxy_for(endpoint, settings)
    return ConnectionSettings(
        tls=_tls(endpoint, proxy, settings, environ),
        max_connections=settings.max_in_flight,
        timeout_s=settings.timeout_s,
        connect_timeout_s=settings.connect_timeout_s,
        proxy=proxy,
    )


def _tls(
    endpoint: Endpoint, proxy: str | None, settings: DeliverySettings, environ: Mapping[str, str]
) -> ssl.SSLContext:
    named = (settings.ca_file, settings.client_cert, settings.client_key)
    if endpoint.scheme == "http" and not (proxy or any(named)):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used; loading the system's store takes a while
    ca_file, client_cert, client_key = (_expanded(name) for name in named)
    return ssl_context(ca_file, client_cert, client_key, environ)


@asynccontextmanager
async def open_webhook(
    endpoint: Endpoint, token: str | None, settings: DeliverySettings, environ: Mapping[str, str]
) -> AsyncIterator[Webhook]:
    """A webhook with an open connection pool; the token is hidden from all output from here on.

    Args:
        endpoint: where requests go.
        token: bearer token, or None.
        settings: the profile's delivery table; its `max_in_flight` is the size of the pool.
        environ: asked for ``SSL_CERT_FILE``.

    Raises:
        UsageError: a certificate file or the proxy cannot be used.
    """
    register_secret(token or "")
    async with Connection(connection_settings(endpoint, settings, environ)) as connection:
        yield Webhook(connection, endpoint.url, token)


def _expanded(path: str | None) -> str | None:
    # Not by pathlib, which fails on a "~name" that is no user's.
    return None if path is None else os.path.expanduser(path)  # noqa: PTH111
