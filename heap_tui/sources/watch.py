"""Says when to look again at files and directories."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from heap_tui.sources.discovery import is_flat, roots

# Changes that the operating system does not tell of (network file systems) are found at the latest after this.
_LOOK_EVERY_S = 5.0


async def changes(pattern: str, stopping: asyncio.Event, *, follow: bool) -> AsyncGenerator[None, None]:
    """Yield at once, and with `follow` again whenever something changed below `pattern`, until `stopping` is set."""
    if not follow:
        yield
        return
    watch = _watch(pattern, stopping)
    ahead = asyncio.create_task(_is_woken(watch))
    await asyncio.sleep(0)  # the watch begins before the first look, so that nothing falls between them
    try:
        yield
        while await ahead and not stopping.is_set():
            ahead = asyncio.create_task(_is_woken(watch))
            yield
    except (OSError, RuntimeError, UnicodeError, ExceptionGroup):
        # No watch is to be had: the system's limit is reached, or a name is not UTF-8. Looking now and then does, too.
        while not await _is_set_within(stopping, _LOOK_EVERY_S):
            yield
    finally:
        ahead.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await ahead
        await watch.aclose()


async def _watch(pattern: str, stopping: asyncio.Event) -> AsyncGenerator[None, None]:
    """Yield when the system tells of a change, and now and then."""
    from watchfiles import awatch  # takes a moment to load, which only those who follow need to wait for

    woken = awatch(
        *(path for path in roots(pattern) if path.exists()),
        stop_event=stopping,
        debounce=100,
        step=20,
        rust_timeout=int(_LOOK_EVERY_S * 1000),
        yield_on_timeout=True,
        ignore_permission_denied=True,
        watch_filter=None,
        recursive=not is_flat(pattern),
    )
    async with aclosing(woken):
        async for _changes in woken:
            yield


async def _is_woken(watch: AsyncGenerator[None, None]) -> bool:
    """Wait for the next change; False when there will be none."""
    return await anext(watch, True) is None


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
