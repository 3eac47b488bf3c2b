"""How fast to go: backoff, the endpoint's gate, concurrency and rate (pure; clock and chance are passed in)."""

import math
from collections.abc import Callable

BACKOFF_BASE_S = 0.5
BACKOFF_CAP_S = 60.0


def full_jitter(failures: int, chance: Callable[[], float]) -> float:
    """Seconds to wait after `failures` failures in a row: anything up to an exponentially growing bound.

    Args:
        failures: at least 1.
        chance: gives numbers from 0 to 1.
    """
    return chance() * min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(failures - 1, 30))


class Gate:
    """One gate for the whole endpoint: while it is closed nobody sends.

    Args:
        chance: gives numbers from 0 to 1.
        opens_at: monotonic time from which it is open.
    """

    def __init__(self, chance: Callable[[], float], opens_at: float = 0.0) -> None:
        self._chance = chance
        self.opens_at = opens_at
        self.failures = 0  # requests that failed in a row
        self._rounds = 0  # the same, those that were under way together counted once
        self._failed_at = -math.inf

    def is_open(self, now: float) -> bool:
        """Whether requests may start."""
        return now >= self.opens_at

    def succeeded(self) -> None:
        """The endpoint took something."""
        self.failures = self._rounds = 0

    def failed(self, started: float, now: float, retry_after_s: float | None) -> None:
        """The endpoint as a whole pushes back: wait the longer of what it asks for and the backoff.

        Args:
            started: monotonic time at which the request began; one that was under way already when another failed
                says nothing new.
            now: monotonic time.
            retry_after_s: what the endpoint asks for.
        """
        self.failures += 1
        wait = retry_after_s or 0.0
        if started > self._failed_at:
            self._rounds += 1
            self._failed_at = now
            wait = max(wait, full_jitter(self._rounds, self._chance))
        self.opens_at = max(self.opens_at, now + wait)


class Concurrency:
    """How many requests may be under way: doubling at first, then one more at a time, less when pushed back.

    While the endpoint has not accepted anything, one. More only when the limit was reached and the round trips
    have not become slow, since a queue at the endpoint helps nobody.

    Args:
        highest: the most that is ever allowed.
    """

    def __init__(self, highest: int) -> None:
        self._highest = highest
        self._limit = 1.0
        self._doubling = True
        self._fastest_s: float | None = None
        self._held_until = 0.0

    @property
    def limit(self) -> int:
        """Requests that may be under way now."""
        return int(self._limit)

    def succeeded(self, in_flight: int, elapsed_s: float) -> None:
        """A request was accepted after `elapsed_s` seconds, with `in_flight` under way (itself included)."""
        self._fastest_s = min(self._fastest_s or elapsed_s, elapsed_s)
        slow = elapsed_s > 4 * self._fastest_s + 0.25
        if slow or in_flight < self.limit:
            return
        step = 1.0 if self._doubling else 1.0 / self._limit
        self._limit = min(float(self._highest), self._limit + step)

    def pushed_back(self, now: float) -> None:
        """Overload: halve, but once for all requests that were under way together."""
        self._doubling = False
        if now < self._held_until:
            return
        self._held_until = now + (self._fastest_s or 0.1)
        self._limit = max(1.0, self._limit / 2)

    def outage(self) -> None:
        """Nothing gets through: begin again with one request, then double."""
        self._limit = 1.0
        self._doubling = True


class RateLimit:
    """At most so many events a second, as a bucket that holds a tenth of a second's worth.

    Args:
        events_per_s: None is no limit.
        now: monotonic time.
    """

    def __init__(self, events_per_s: float | None, now: float) -> None:
        self._rate = events_per_s
        self._free_at = now

    def wait_s(self, now: float) -> float:
        """Seconds until the next batch may start."""
        return 0.0 if self._rate is None else max(0.0, self._free_at - now)

    def took(self, events: int, now: float) -> None:
        """A batch of `events` started; the next one waits until they are paid for."""
        if self._rate is not None:
            self._free_at = max(self._free_at, now - 0.1) + events / self._rate
