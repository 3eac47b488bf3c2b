"""Says when to look again at files and directories."""

import asyncio
from collections.abc import AsyncGenerator

from watchfiles import awatch

from heap_tui.sources.discovery import roots

# Changes that the operating system does not tell of (network file systems) are found at the latest after this.
_LOOK_EVERY_MS = 5_000


async def changes(pattern: str, stopping: asyncio.Event, *, follow: bool) -> AsyncGenerator[None, None]:
    """Yield at once, and with `follow` again whenever something changed below `pattern`, until `stopping` is set."""
    yield
    if not follow:
        return
    watched = [str(path) for path in roots(pattern) if path.exists()]
    async for _changes in awatch(
        *watched,
        stop_event=stopping,
        debounce=100,
        step=20,
        rust_timeout=_LOOK_EVERY_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
        watch_filter=None,
    ):
        if stopping.is_set():
            return
        yield
