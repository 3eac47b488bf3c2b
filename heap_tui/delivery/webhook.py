"""Requests to the webhook: bodies, headers, one POST (protocol.md section 1)."""

from collections.abc import Iterable, Mapping

from heap_tui.delivery.answers import Outcome
from heap_tui.delivery.http import Connection

BODY_OVERHEAD = len(b'{"events":[]}')
EMPTY_BODY = b'{"events":[]}'


def webhook_body(events: Iterable[bytes]) -> bytes:
    """``{"events": [...]}`` around events that are JSON already; they are spliced, not encoded again."""
    return b'{"events":[' + b",".join(events) + b"]}"


def webhook_headers(token: str | None) -> dict[str, str]:
    """The headers of protocol.md section 1; `token` is a bearer token (RFC 6750) or None."""
    headers = {"Content-Type": "application/json", "Braze-Currents-Version": "1"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return headers


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """`headers` as they may be shown: the token is not among them."""
    return {k: "Bearer [token]" if k == "Authorization" else v for k, v in headers.items()}


class WebhookBodies:
    """What every destination of the webhook's kind has in common: the form of its bodies."""

    @property
    def overhead(self) -> int:
        """Bytes of a body without events."""
        return BODY_OVERHEAD

    def body(self, events: Iterable[bytes]) -> bytes:
        """The request body for `events`."""
        return webhook_body(events)


class Webhook(WebhookBodies):
    """The webhook as a destination.

    Args:
        connection: an open `Connection`.
        url: the endpoint.
        token: bearer token or None.
    """

    def __init__(self, connection: Connection, url: str, token: str | None) -> None:
        self._connection = connection
        self._url = url
        self._headers = webhook_headers(token)

    async def send(self, body: bytes) -> Outcome:
        """POST `body` once; a network failure is an outcome, not an exception."""
        return await self._connection.post(self._url, self._headers, body)

    async def probe(self) -> Outcome:
        """Check endpoint and credentials with an empty batch, which creates no data."""
        return await self.send(EMPTY_BODY)
