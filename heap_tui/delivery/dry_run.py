"""A destination that shows what would be sent and sends nothing."""

from collections.abc import Callable, Iterable

from heap_tui.delivery.answers import Answer, Outcome
from heap_tui.delivery.webhook import BODY_OVERHEAD, shown_headers, webhook_body, webhook_headers
from heap_tui.redact import redact_url

ShownRequest = Callable[[str, dict[str, str], bytes], None]


class DryRun:
    """Hands each request to `show` as it would be made: address and headers redacted, body untouched.

    Args:
        url: the endpoint.
        token: bearer token or None.
        show: gets address, headers and body.
    """

    def __init__(self, url: str, token: str | None, show: ShownRequest) -> None:
        self._url = redact_url(url)
        self._headers = shown_headers(webhook_headers(token))
        self._show = show

    @property
    def overhead(self) -> int:
        """Bytes of a body without events."""
        return BODY_OVERHEAD

    def body(self, events: Iterable[bytes]) -> bytes:
        """The request body for `events`."""
        return webhook_body(events)

    async def send(self, body: bytes) -> Outcome:
        """Show the request and take it as accepted."""
        self._show(self._url, self._headers, body)
        return Answer(200)
