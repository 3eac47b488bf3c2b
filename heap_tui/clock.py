"""Time, passed in wherever something waits, so that tests move it by hand."""

import asyncio
import time
from contextlib import suppress
from typing import Protocol


class Clock(Protocol):
    """What waits needs to know."""

    def time(self) -> float:
        """Unix time in seconds."""

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""

    async def wait(self, event: asyncio.Event, timeout_s: float | None) -> None:
        """Wait until `event` is set, at most `timeout_s` seconds (None: for ever)."""


class SystemClock:
    """The machine's own clock."""

    def time(self) -> float:
        """Unix time in seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, timeout_s: float | None) -> None:
        """Wait until `event` is set, at most `timeout_s` seconds (None: for ever)."""
        if event.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await event.wait()
