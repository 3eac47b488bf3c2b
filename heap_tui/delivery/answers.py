"""What came back from one request: an answer of the endpoint, or the failure to get one (pure)."""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

from heap_tui.redact import redact

MAX_BODY_KEPT = 2_000  # characters of an answer's body that are kept and shown
_MAX_BODY_SEARCHED = 64 * 1024  # bytes of it that are searched for secrets; what is kept is far from their end
_MAX_RETRY_AFTER_S = 10 * 365 * 86_400.0  # keeps arithmetic on clocks finite; no real endpoint asks for more
_REFUSAL_KEYS = ("errors", "error", "failed", "failures", "rejected", "refused", "invalid", "invalid_events")


class FailureKind(StrEnum):
    """Why there was no answer."""

    DNS = "dns"
    CONNECT = "connect"
    TIMEOUT = "timeout"
    RESET = "reset"
    TLS = "tls"
    CERTIFICATE = "certificate"
    PROXY = "proxy"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer.

    Args:
        status: the status code.
        retry_after_s: seconds to wait that ``Retry-After`` asks for, None when it is absent or unreadable.
        body: the start of the body, at most `MAX_BODY_KEPT` characters, secrets redacted.
        elapsed_s: seconds from the first byte sent to the last byte read.
        refused: what a 2xx answer's body says about refused events, else empty.
        location: the ``Location`` header of a redirect, redacted.
    """

    status: int
    retry_after_s: float | None = None
    body: str = ""
    elapsed_s: float = 0.0
    refused: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer.

    Args:
        kind: what went wrong.
        detail: the reason in words, secrets redacted.
        elapsed_s: seconds until it was known.
        maybe_delivered: the request had been sent, so its outcome is unknown.
    """

    kind: FailureKind
    detail: str = ""
    elapsed_s: float = 0.0
    maybe_delivered: bool = field(default=False)


Outcome = Answer | Failure


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (RFC 9110, 10.2.3), never negative.

    Args:
        value: the header: seconds or an HTTP date.
        now: the current Unix time in seconds.
    """
    if not value:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(float(text), _MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, moment.timestamp() - now), _MAX_RETRY_AFTER_S)


def body_excerpt(body: bytes) -> str:
    """The start of an answer's body as printable text, the token redacted before it is kept."""
    text = redact(body[:_MAX_BODY_SEARCHED].decode("utf-8", "replace"))
    printable = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    return printable[:MAX_BODY_KEPT]


def refusals_in(body: bytes) -> str:
    """What the body of a 2xx answer says about refused events, redacted; empty when it says nothing.

    Heap's answers are not public (protocol.md section 1), so any of the customary keys counts.
    """
    if not body or b"{" not in body[:16]:
        return ""
    try:
        # The standard parser, because an answer may quote what a stricter one refuses, such as lone surrogates.
        content = json.loads(body.decode("utf-8", "replace"))
        if not isinstance(content, dict):
            return ""
        told = {key: content[key] for key in _REFUSAL_KEYS if content.get(key)}
        if content.get("success") is False:
            told["success"] = False
        return body_excerpt(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")) if told else ""
    except (ValueError, RecursionError):
        return ""
