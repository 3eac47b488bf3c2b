"""Wires one run together; owns start, drain and stop."""

import asyncio
from collections.abc import Sequence

from heap_tui.clock import Clock
from heap_tui.delivery.batch import Caps
from heap_tui.delivery.outbox import Outbox
from heap_tui.delivery.policy import describe, remedy
from heap_tui.delivery.sender import Destination, Sender, SenderSettings
from heap_tui.errors import StateError
from heap_tui.i18n import _
from heap_tui.pipeline.filereading import FileReader
from heap_tui.pipeline.intake import Desk, Quota
from heap_tui.pipeline.pace import Pace
from heap_tui.pipeline.plan import Plan, Result, RunOutcome
from heap_tui.pipeline.queueing import QueueReader
from heap_tui.sources.uri import FilesUri, SampleUri, SourceUri
from heap_tui.spool import queue
from heap_tui.spool.items import Item
from heap_tui.spool.ledger import Ledger
from heap_tui.spool.queue import DamagedRowError
from heap_tui.spool.store import Store
from heap_tui.status import Noticed, State, Status

_DAY_S = 86_400.0


class Run:
    """One run of a plan.

    Args:
        plan: what to do.
        store: the open state of the profile.
        destination: where batches go.
        status: told what happens.
        clock: time.
    """

    def __init__(self, plan: Plan, store: Store, destination: Destination, status: Status, clock: Clock) -> None:
        self._plan = plan
        self._store = store
        self._status = status
        delivery = plan.delivery
        with store.database_errors():
            scope = store.scope(plan.destination_key)
            seen = store.seen(scope, delivery.dedup_window_days * _DAY_S, replay=plan.replay)
            self._ledger = Ledger(store, scope, seen, clock.time)
            status.counts.pending_before = queue.pending(store.connection)[0]
        learned = self._ledger.learned.max_body_bytes
        body_bytes = min(delivery.max_batch_bytes, learned or delivery.max_batch_bytes)
        caps = Caps(delivery.batch_size, body_bytes, destination.overhead)
        self._leased = 0  # number of the last row of the queue that is under way or done
        self._drained_at = -1  # when the queue was last seen empty, in appends
        self._outbox = Outbox(caps, delivery.max_batch_age_s, self._supply, enough=delivery.max_in_flight + 4)
        settings = SenderSettings(delivery.max_in_flight, delivery.rate, delivery.drain_timeout_s)
        self._sender = Sender(destination, self._outbox, self._ledger, caps, settings, status, clock)
        desk = Desk(plan.selection, Quota(plan.limit), self._ledger, self._outbox, status, clock)
        self._pace = Pace(desk)
        self._files = FileReader(desk, self._pace, store, scope, follow=plan.follow, replay=plan.replay)
        self._queue = QueueReader(desk, self._pace, delivery.spool_max_bytes)
        self._reading: asyncio.Task[None] | None = None
        self._stopped = False

    def stop(self) -> None:
        """Drain: stop reading, start no new request, await what is under way."""
        if not self._stopped:
            self._stopped = True
            self._status.enter(State.DRAINING)
            self._end_reading()
            self._sender.stop()

    def _end_reading(self) -> None:
        self._pace.stop()
        if self._reading is None or not self._reading.done():
            self._queue.stop()

    async def execute(self) -> Result:
        """Run until everything is delivered, the endpoint halts it, or `stop`; never raises a `StateError`."""
        self._status.enter(State.RUNNING)
        failure: StateError | None = None
        try:
            with self._store.database_errors():
                await self._read_and_send()
        except StateError as error:
            failure = error
            counts = self._status.counts
            # What standard input or samples gave when the disk failed was never accepted: it does not count as read.
            counts.read = counts.rejected + counts.skipped + counts.duplicates + counts.accepted
        try:
            await self._give_back()
        except StateError as error:
            failure = failure or error
        self._status.enter(State.STOPPED)
        return self._result(failure)

    async def _read_and_send(self) -> None:
        reading = self._reading = asyncio.create_task(self._read(self._plan.sources))
        sending = asyncio.create_task(self._sender.run())
        waking = asyncio.create_task(self._wake_sender())
        try:
            await asyncio.wait((reading, sending), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():  # halted, stopped or failed: nothing more is to be read
                self._end_reading()
            await reading
            self._outbox.closed = True
            self._sender.wake()
            await sending
        except BaseException:
            # Reading failed: what was accepted is kept, and the sender ends in order.
            self._end_reading()
            self._sender.stop()
            await asyncio.gather(reading, sending, return_exceptions=True)
            raise
        finally:
            waking.cancel()
            self._files.decoders.close()

    async def _read(self, sources: Sequence[SourceUri]) -> None:
        try:
            async with asyncio.TaskGroup() as readers:
                for source in sources:
                    readers.create_task(self._read_one(source))
        except BaseExceptionGroup as faults:
            # One fault ends the run; if there are several, the one that was expected says best what happened.
            expected, _unexpected = faults.split(StateError)
            raise (expected or faults).exceptions[0] from None

    async def _read_one(self, source: SourceUri) -> None:
        if isinstance(source, SampleUri):
            await self._queue.samples(source)
        elif isinstance(source, FilesUri):
            await self._files.read(source.pattern)
        else:
            await self._queue.standard_input()

    async def _wake_sender(self) -> None:
        """Tell the sender when a reader has something for it."""
        while True:
            await self._pace.progressed.wait()
            self._pace.progressed.clear()
            self._sender.wake()

    def _supply(self) -> list[Item] | None:
        """The next events of the durable queue; damaged rows are put aside and told."""
        while self._drained_at != self._ledger.appends:
            appends = self._ledger.appends
            try:
                row = queue.lease(self._store.reader, self._leased)
            except DamagedRowError as damage:
                self._leased = damage.seq
                self._ledger.put_aside(damage)
                self._status.counts.pending_before -= damage.count
                text = _("{count} queued events cannot be read ({reason}); they were put aside.")
                self._status.publish(Noticed(text.format(count=damage.count, reason=damage.reason), warning=True))
                continue
            if row is None:
                self._drained_at = appends
                break
            self._leased = row.seq
            return list(row.items())
        return None

    async def _give_back(self) -> None:
        """Return to files what has no fate; it is not counted as read."""
        events, duplicates = self._ledger.give_back()
        counts = self._status.counts
        counts.read -= events + duplicates
        counts.accepted -= events
        counts.duplicates -= duplicates
        counts.given_back += events + duplicates
        await self._ledger.commit()

    def _result(self, failure: StateError | None) -> Result:
        counts = self._status.counts
        left = counts.pending > 0 or counts.given_back > 0 or self._unread
        if failure is not None:
            return Result(RunOutcome.FAILED, counts, failure.message, failure.remedy, self._unread)
        if (halted := self._sender.halted) is not None:
            reason, what_to_do = describe(halted), remedy(halted)
            if self._sender.refused_all:
                reason = _("{what}: every event of the first batch was refused by itself").format(what=reason)
                what_to_do = _("Check the endpoint's address and what Heap expects there; nothing was dropped.")
            return Result(RunOutcome.HALTED, counts, reason, what_to_do, self._unread)
        stopped = self._stopped and left
        return Result(RunOutcome.INTERRUPTED if stopped else RunOutcome.COMPLETE, counts, unread=self._unread)

    @property
    def _unread(self) -> bool:
        """A source was left before its end, for another reason than the limit."""
        return self._pace.unread and self._pace.stopping.is_set()
