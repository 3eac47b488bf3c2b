"""What the sandbox is asked to do: its address, its token and the rehearsal switches."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from heap_tui.errors import UsageError
from heap_tui.i18n import _

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8484  # what `heap-tui sandbox` listens on when nothing is said
DEFAULT_MAX_BYTES = 10 * 1024 * 1024  # protocol.md section 2: body over the limit, default 10 MB
DEFAULT_RETRY_AFTER_S = 1
# 16 bytes an id; with what Python adds, five million take about 430 MB of memory.
DEFAULT_ID_CAP = 5_000_000

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750 section 2.1


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to an event-carrying request; a 2xx counts the events as accepted.

    Args:
        status: the HTTP status, 200 to 599.
        headers: sent as they are.
        body: sent as it is.
        lost: close the connection instead of answering (the events of a 2xx still count).
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    lost: bool = False

    @property
    def accepts(self) -> bool:
        """Whether the events of the request are kept."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """All switches of the sandbox; they can be combined.

    Args:
        host: the address to listen on.
        port: the port to listen on; 0 is a free one.
        token: the bearer token that is asked for; None asks for none.
        fail_rate: share (0 to 1) of event-carrying requests answered 503.
        status: the answer to every event-carrying request; None is the normal one.
        latency_ms: how long every POST waits for its answer.
        drop_reply_rate: share (0 to 1) of accepted requests whose connection is closed without an answer.
        max_bytes: bodies above it are answered 413 and not kept.
        rate_limit: events a second; more are answered 429. None is no limit.
        retry_after_s: seconds in the ``Retry-After`` of the 429s and 503s that were asked for.
        record: accepted events are appended to this file, one a line.
        seed: makes `fail_rate` and `drop_reply_rate` repeatable.
        script: answers to the first event-carrying requests, one each; the switches rule after them.
        id_cap: how many ids are remembered to recognise duplicates.

    Raises:
        UsageError: a value out of its range; the message names the switch.
    """

    host: str = DEFAULT_HOST
    port: int = 0
    token: str | None = field(default=None, repr=False)
    fail_rate: float = 0.0
    status: int | None = None
    latency_ms: int = 0
    drop_reply_rate: float = 0.0
    max_bytes: int = DEFAULT_MAX_BYTES
    rate_limit: float | None = None
    retry_after_s: int = DEFAULT_RETRY_AFTER_S
    record: Path | None = None
    seed: int | None = None
    script: tuple[Answer, ...] = ()
    id_cap: int = DEFAULT_ID_CAP

    def __post_init__(self) -> None:
        """Refuse what cannot be served, before anything is opened."""
        object.__setattr__(self, "script", tuple(self.script))
        _check("--port", self.port, 0, 65535)
        _check("--fail-rate", self.fail_rate, 0, 1)
        _check("--drop-reply-rate", self.drop_reply_rate, 0, 1)
        _check("--latency-ms", self.latency_ms, 0, 3_600_000)
        _check("--max-bytes", self.max_bytes, 1, None)
        _check("--retry-after", self.retry_after_s, 0, 86_400)
        for status in [self.status, *(answer.status for answer in self.script)]:
            _check("--status", 200 if status is None else status, 200, 599)
        if self.rate_limit is not None and not self.rate_limit > 0:
            raise UsageError(_("--rate-limit is events a second and above 0."))
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise UsageError(
                _("The sandbox's token holds characters that a bearer token cannot have."),
                _("Letters, digits and -._~+/ are allowed, and = at its end (RFC 6750)."),
            )


def _check(switch: str, value: float, low: int, high: int | None) -> None:
    if value >= low and (high is None or value <= high):  # also refuses NaN
        return
    if high is None:
        raise UsageError(_("{switch} is at least {low}.").format(switch=switch, low=low))
    raise UsageError(_("{switch} is from {low} to {high}.").format(switch=switch, low=low, high=high))
