"""How far this machine's clock is from the endpoint's: events carry times, and tokens and certificates expire."""

import time
from email.utils import parsedate_to_datetime

import httpx

from heap_tui.config.endpoint import Endpoint
from heap_tui.delivery.http import ConnectionSettings

_TIMEOUT_S = 10.0


async def clock_skew_s(endpoint: Endpoint, connection: ConnectionSettings) -> float | None:
    """Seconds that this clock is ahead of the endpoint's; None when the endpoint does not tell its time.

    Any answer to a HEAD request has a ``Date`` (RFC 9110, 6.6.1), also a refusal, so no token is sent.

    Raises:
        httpx.HTTPError: there is no answer.
    """
    async with httpx.AsyncClient(
        verify=connection.tls, proxy=connection.proxy, trust_env=False, timeout=_TIMEOUT_S
    ) as client:
        before = time.time()
        response = await client.head(endpoint.url)
        after = time.time()
    there = _unix_time(response.headers.get("date"))
    # A Date has no fractions, so on average its moment was half a second later.
    return None if there is None else (before + after) / 2 - (there + 0.5)


def _unix_time(date: str | None) -> float | None:
    try:
        return None if date is None else parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
