"""Reads the sources that cannot give their events again, into the durable queue."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING

import msgspec

from heap_tui.currents.globs import compile_globs
from heap_tui.i18n import _
from heap_tui.pipeline.intake import Desk
from heap_tui.pipeline.pace import Pace, in_thread
from heap_tui.pipeline.queue_intake import QueueIntake
from heap_tui.sources import ndjson
from heap_tui.sources.base import Broken, Chunk, Raw
from heap_tui.sources.stdin import StdinReader
from heap_tui.sources.uri import SampleUri
from heap_tui.status import Noticed

if TYPE_CHECKING:
    from heap_tui.currents.samples import SampleSpec

_SAMPLES_AT_ONCE = 200


class QueueReader:
    """Reads standard input and made-up events.

    Args:
        desk: what the run shares.
        pace: what the readers share.
        cap_bytes: size of the queue at which its sources wait.
    """

    def __init__(self, desk: Desk, pace: Pace, cap_bytes: int) -> None:
        self._desk = desk
        self._pace = pace
        self._cap_bytes = cap_bytes
        self._stdin: StdinReader | None = None

    def stop(self) -> None:
        """Let a read that waits for input end."""
        if self._stdin is not None:
            self._stdin.stop()

    async def standard_input(self) -> None:
        """Read standard input to its end; when stopped, everything read so far is still accepted.

        Raises:
            StateError: the queue cannot be written.
        """
        intake = QueueIntake(self._desk, _("standard input"), numbered=True)
        with StdinReader() as stdin:
            self._stdin = stdin
            if self._pace.stopping.is_set():
                stdin.stop()
            ending = asyncio.create_task(self._stop_when_over())
            try:
                async with aclosing(in_thread(_lines(stdin))) as portions:
                    async for chunk in portions:
                        await self._append(intake, chunk)
                        if self._pace.quota.is_used_up:
                            stdin.stop()
                            break
            finally:
                ending.cancel()
            self._pace.unread |= self._pace.is_over
            self._stdin = None

    async def _stop_when_over(self) -> None:
        """Let standard input end when another source reaches the limit."""
        await self._pace.over.wait()
        self.stop()

    async def samples(self, uri: SampleUri) -> None:
        """Make events as `uri` asks.

        Raises:
            StateError: the queue cannot be written.
        """
        from heap_tui.currents.samples import SampleSpec

        seed = uri.seed if uri.seed is not None else secrets.randbelow(1_000_000)
        if uri.seed is None:
            self._desk.status.publish(Noticed(_("Sample events with seed={seed}.").format(seed=seed)))
        types = compile_globs(uri.types) if uri.types else None
        spec = SampleSpec(count=uri.count, seed=seed, users=uri.users, types=types)
        intake = QueueIntake(self._desk, "sample:", numbered=False)
        clock = self._desk.clock
        began, made = clock.monotonic(), 0
        for chunk in _sample_chunks(spec, int(clock.time()), uri.rate):
            if self._pace.is_over:
                self._pace.unread |= uri.count > 0
                return
            made += len(chunk.items)
            await self._append(intake, chunk)
            if uri.rate is not None:
                ahead_s = began + made / uri.rate - clock.monotonic()
                await clock.wait(self._pace.over, max(0.0, ahead_s))

    async def _append(self, intake: QueueIntake, chunk: Chunk) -> None:
        await self._wait_for_space()
        await intake.take(chunk)
        self._pace.took()

    async def _wait_for_space(self) -> None:
        """At its cap the queue makes its sources wait; nothing is dropped."""
        told = False
        while self._desk.ledger.queue_bytes >= self._cap_bytes and not self._pace.stopping.is_set():
            if not told:
                told = True
                text = _("The queue on disk is full ({size} bytes); reading waits until the endpoint takes some.")
                self._desk.status.publish(Noticed(text.format(size=self._cap_bytes), warning=True))
            await self._desk.clock.wait(self._pace.stopping, 0.1)


def _lines(stdin: StdinReader) -> Iterator[Chunk]:
    """The lines of standard input; a failure to read is its last item."""
    try:
        yield from ndjson.lines(stdin.read)
    except OSError as error:
        yield Chunk([Broken(_("reading failed ({reason})").format(reason=error.strerror or error))], 0, [])


def _sample_chunks(spec: "SampleSpec", start_time: int, rate: float | None) -> Iterator[Chunk]:
    """Portions of made-up events; with a rate, portions of about a tenth of a second."""
    from heap_tui.currents.samples import journeys

    most = _SAMPLES_AT_ONCE if rate is None else max(1, min(_SAMPLES_AT_ONCE, int(rate / 10)))
    encode = msgspec.json.Encoder().encode
    items: list[Raw] = []
    for event in journeys(spec, start_time=start_time):
        items.append(encode(event))
        if len(items) >= most:
            yield Chunk(items, 0, [], nulls=False)
            items = []
    if items:
        yield Chunk(items, 0, [], nulls=False)
