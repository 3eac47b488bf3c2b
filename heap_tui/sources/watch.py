"""Says when to look again at files and directories."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from watchfiles import awatch

from heap_tui.sources.discovery import is_flat, roots

# Changes that the operating system does not tell of (network file systems) are found at the latest after this.
_LOOK_EVERY_S = 5.0


async def changes(pattern: str, stopping: asyncio.Event, *, follow: bool) -> AsyncGenerator[None, None]:
    """Yield at once, and with `follow` again whenever something changed below `pattern`, until `stopping` is set."""
    yield
    if not follow:
        return
    try:
        async for _changes in awatch(
            *(path for path in roots(pattern) if path.exists()),
            stop_event=stopping,
            debounce=100,
            step=20,
            rust_timeout=int(_LOOK_EVERY_S * 1000),
            yield_on_timeout=True,
            ignore_permission_denied=True,
            watch_filter=None,
            recursive=not is_flat(pattern),
        ):
            if stopping.is_set():
                return
            yield
    except (OSError, RuntimeError, UnicodeError, ExceptionGroup):
        # No watch is to be had: the system's limit is reached, or a name is not UTF-8. Looking now and then does, too.
        while not await _is_set_within(stopping, _LOOK_EVERY_S):
            yield


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
