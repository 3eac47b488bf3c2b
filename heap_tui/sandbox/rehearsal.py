"""Which answer an event-carrying request gets: the script first, then the switches."""

import json
import math
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from heap_tui.sandbox.options import Answer, SandboxOptions

# A name that never resolves (RFC 6761): a client that follows a redirect with its token takes it nowhere.
REDIRECT_TARGET = "https://redirected.invalid/"
_JSON = {"content-type": "application/json"}


def json_answer(status: int, content: dict[str, Any], **headers: str) -> Answer:
    """An answer with a JSON body; underscores in the names of `headers` become hyphens."""
    # ASCII escapes, because ids and types may hold lone surrogates, which UTF-8 cannot carry.
    body = json.dumps(content).encode("ascii")
    return Answer(status, _JSON | {name.replace("_", "-"): text for name, text in headers.items()}, body)


class RateLimit:
    """At most `rate` events a second, a second's worth at once.

    A request larger than that passes when nothing passed lately, and the next ones wait for it.

    Args:
        rate: events a second, above 0.
        clock: seconds, never going back.
    """

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._allowance = max(rate, 1.0)
        self._burst = self._allowance
        self._then = clock()

    def wait_s(self, count: int) -> float:
        """Take `count` events and return 0, or take none and return the seconds until they would pass."""
        now = self._clock()
        self._allowance = min(self._burst, self._allowance + (now - self._then) * self._rate)
        self._then = now
        missing = min(count, self._burst) - self._allowance
        if missing > 0:
            return missing / self._rate
        self._allowance -= count
        return 0.0


class Rehearsal:
    """Decides the answers of one sandbox.

    Args:
        options: script and switches.
        clock: seconds for the rate limit, never going back.
    """

    def __init__(self, options: SandboxOptions, clock: Callable[[], float]) -> None:
        self._options = options
        self._script = deque(options.script)
        self._random = Random(options.seed)  # noqa: S311 - a rehearsal, not a secret
        self._limit = RateLimit(options.rate_limit, clock) if options.rate_limit is not None else None

    def answer(self, count: int) -> Answer:
        """The answer to the next request, which carries `count` events (1 or more)."""
        if self._script:
            return self._script.popleft()
        # Both are drawn each time, so that one switch does not change the other's sequence.
        fails = self._random.random() < self._options.fail_rate
        lost = self._random.random() < self._options.drop_reply_rate
        answer = self._refusal(count, fails=fails) or json_answer(200, {"accepted": count})
        return Answer(answer.status, answer.headers, answer.body, lost=lost and answer.accepts)

    def _refusal(self, count: int, *, fails: bool) -> Answer | None:
        if self._options.status is not None:
            return self._forced(self._options.status, count)
        if fails:
            return self._forced(503, count)
        if self._limit is not None and (wait_s := self._limit.wait_s(count)) > 0:
            return json_answer(429, {"error": "rate limit"}, retry_after=str(max(1, math.ceil(wait_s))))
        return None

    def _forced(self, status: int, count: int) -> Answer:
        if status in {204, 205, 304}:  # these have no body (RFC 9110)
            return Answer(status)
        if status < 300:
            return json_answer(status, {"accepted": count})
        content = {"error": f"rehearsal: this sandbox answers {status}"}
        if status < 400:
            return json_answer(status, content, location=REDIRECT_TARGET)
        if status in {429, 503}:
            return json_answer(status, content, retry_after=str(self._options.retry_after_s))
        return json_answer(status, content)
