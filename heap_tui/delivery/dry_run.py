"""A destination that shows what would be sent and sends nothing."""

from collections.abc import Callable

from heap_tui.delivery.answers import Answer, Outcome
from heap_tui.delivery.webhook import WebhookBodies, shown_headers, webhook_headers
from heap_tui.redact import redact_url

ShownRequest = Callable[[str, dict[str, str], bytes], None]


class DryRun(WebhookBodies):
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

    async def send(self, body: bytes) -> Outcome:
        """Show the request and take it as accepted."""
        self._show(self._url, self._headers, body)
        return Answer(200)
