"""Time that moves only when everything waits, and then at once to the next moment that somebody waits for."""

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_TURNS_AT_ONE_MOMENT = 200_000  # more than any test needs; a loop that spins without waiting needs more
_STUCK_AFTER_S = 10.0


class FakeClock:
    """A clock for whatever waits by `asyncio`, in coroutines that are run by `run`.

    Args:
        unix_s: the Unix time at the beginning.
    """

    def __init__(self, unix_s: float = 1_800_000_000.0) -> None:
        self._unix_s = unix_s
        self.elapsed_s = 0.0

    def time(self) -> float:
        return self._unix_s + self.elapsed_s

    def monotonic(self) -> float:
        return self.elapsed_s

    async def wait(self, event: asyncio.Event, timeout_s: float | None) -> None:
        if event.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await event.wait()

    def advance(self, seconds: float) -> None:
        """Let time pass, at least a little."""
        self.elapsed_s = max(self.elapsed_s + seconds, math.nextafter(self.elapsed_s, math.inf))

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main` in an event loop that lives by this clock; what it leaves behind is cancelled."""
        with asyncio.Runner(loop_factory=lambda: _Loop(self)) as runner:
            return runner.run(main)


class _Selector(selectors.DefaultSelector):
    """Instead of waiting for the next timer it moves the clock there."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self._turns = 0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        self._turns += 1
        if self._turns == _TURNS_AT_ONE_MOMENT:  # once, so that what spins can still be cancelled
            raise AssertionError("something spins instead of waiting")
        if ready or timeout == 0:
            return ready
        if timeout is None:
            ready = super().select(_STUCK_AFTER_S)
            assert ready, "everything waits, and nothing will ever happen"
            return ready
        self._turns = 0
        self._clock.advance(timeout)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: FakeClock) -> None:
        super().__init__(_Selector(clock))
        self._fake = clock

    def time(self) -> float:
        return self._fake.monotonic()

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> "asyncio.Future[T]":
        """Call `func` here and now: a thread would work while the clock runs away."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to whoever awaits
            future.set_exception(error)
        return future
