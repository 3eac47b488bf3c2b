"""How the readers of a run keep step with what comes after them."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress

from heap_tui.pipeline.intake import Desk, Quota
from heap_tui.sources.base import Chunk


class Pace:
    """Shared by all readers of a run.

    Args:
        desk: what the run shares.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.stopping = asyncio.Event()
        self.over = asyncio.Event()  # set when `is_over` becomes true, for readers that wait
        self.progressed = asyncio.Event()  # something was given to the queue, the outbox or the ledger
        self.unread = False  # a source was left before its end

    @property
    def quota(self) -> Quota:
        """How many events may still be accepted."""
        return self._desk.quota

    @property
    def is_over(self) -> bool:
        """No more is to be read."""
        return self.stopping.is_set() or self.quota.is_used_up

    def stop(self) -> None:
        """Read no further."""
        self.stopping.set()
        self.over.set()
        self._desk.outbox.room.set()

    def took(self) -> None:
        """Something was taken from a source."""
        self.progressed.set()
        if self.quota.is_used_up:
            self.over.set()

    async def let_others_work(self) -> None:
        """Give way to the sender; wait while enough batches are ready."""
        self.took()
        await asyncio.sleep(0)
        while not self._desk.outbox.room.is_set():
            await self._desk.outbox.room.wait()


async def in_thread(chunks: Iterator[Chunk]) -> AsyncGenerator[Chunk, None]:
    """The portions of a blocking reader, one read ahead in a thread; close it with `contextlib.aclosing`."""
    loop = asyncio.get_running_loop()
    ahead = loop.run_in_executor(None, next, chunks, None)
    try:
        while (chunk := await ahead) is not None:
            ahead = loop.run_in_executor(None, next, chunks, None)
            yield chunk
    finally:
        # The reader must be idle before its file is closed; what it read ahead is read again another time.
        with suppress(Exception):
            await ahead
