"""The loop that sends: takes batches from the outbox, keeps requests under way, records the fate of each event.

    outbox --next--> request --outcome--> verdict --> ledger (accepted, dead letter)
       ^                                     |
       +------- put back (retry, parts) -----+

An event leaves the loop only with its fate, or undelivered when the loop ends. Requests under way plus batches whose
fate is not yet committed never exceed the limit.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from heap_tui.clock import Clock
from heap_tui.delivery.answers import Answer, Failure, Outcome
from heap_tui.delivery.batch import Batch, Caps, Refusal
from heap_tui.delivery.outbox import Outbox
from heap_tui.delivery.pacing import Concurrency, Gate, RateLimit, full_jitter
from heap_tui.delivery.policy import Verdict, classify, describe, remedy
from heap_tui.i18n import _
from heap_tui.spool.dead import REFUSED
from heap_tui.spool.items import DeadLetter, Item
from heap_tui.spool.ledger import Ledger
from heap_tui.status import BatchSent, EventDeadLettered, State, Status

_GROUP_S = 0.002  # how long a fate waits for others to be committed with it


class Destination(Protocol):
    """Where batches go."""

    @property
    def overhead(self) -> int:
        """Bytes of a body without events."""

    def body(self, events: list[bytes]) -> bytes:
        """The request body for `events`."""

    async def send(self, body: bytes) -> Outcome:
        """Send `body` once."""


@dataclass(frozen=True, slots=True)
class SenderSettings:
    """How to send.

    Args:
        max_in_flight: requests under way at most.
        rate: events a second at most, None without a limit.
        drain_timeout_s: seconds that requests under way are awaited when stopping.
        chance: gives numbers from 0 to 1, for jitter.
    """

    max_in_flight: int
    rate: float | None
    drain_timeout_s: float
    chance: Callable[[], float] = random.random


class Sender:
    """Sends until the outbox is closed and empty, the endpoint halts it, or it is told to stop."""

    def __init__(
        self,
        destination: Destination,
        outbox: Outbox,
        ledger: Ledger,
        caps: Caps,
        settings: SenderSettings,
        status: Status,
        clock: Clock,
    ) -> None:
        self._destination = destination
        self._outbox = outbox
        self._ledger = ledger
        self._caps = caps
        self._settings = settings
        self._status = status
        self._clock = clock
        now = clock.monotonic()
        wait = max(0.0, ledger.learned.retry_at - clock.time())
        self._gate = Gate(settings.chance, now + wait)
        self._concurrency = Concurrency(settings.max_in_flight)
        self._rate = RateLimit(settings.rate, now)
        self._too_large_from: int | None = None
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._uncommitted = 0
        self._open_families = 0
        self._stopping = False
        self._fault: BaseException | None = None
        self.halted: Outcome | None = None
        self.refused_all = False  # halted because every event of the first batch was refused by itself

    def wake(self) -> None:
        """Have a look: something was put into the outbox, or it was closed."""
        self._wake.set()

    def stop(self) -> None:
        """Start no further request; `run` ends when those under way have ended, or the drain time is over."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Send until there is nothing left, a halt, or `stop`; every fate is committed on return.

        Raises:
            StateError: the fates could not be written; what was delivered may be sent again.
        """
        committer = asyncio.create_task(self._commit_fates())
        committer.add_done_callback(self._committer_ended)
        try:
            while not self._is_done():
                self._wake.clear()
                self._start_requests()
                if self._is_done():
                    break
                await self._clock.wait(self._wake, self._next_moment())
            await self._drain()
        finally:
            committer.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(committer, *self._tasks, return_exceptions=True)
        if self._fault is not None:
            raise self._fault
        await self._ledger.commit()

    def _is_done(self) -> bool:
        if self._stopping or self.halted is not None or self._fault is not None:
            return True
        idle = not self._tasks and not self._uncommitted
        return idle and self._outbox.closed and self._outbox.is_empty(self._clock.monotonic())

    def _start_requests(self) -> None:
        now = self._clock.monotonic()
        while len(self._tasks) + self._uncommitted < self._concurrency.limit:
            if self._stopping or not self._gate.is_open(now) or self._rate.wait_s(now) > 0:
                return
            batch = self._outbox.next(now, returned_only=self._returned_only)
            if batch is None:
                return
            if not batch.attempts and not batch.refused_before and len(batch.items) == batch.family.size:
                self._open_families += 1
            self._rate.took(len(batch.items), now)
            task = asyncio.create_task(self._deliver(batch))
            self._tasks.add(task)
            self._status.in_flight = len(self._tasks)

    @property
    def _returned_only(self) -> bool:
        """Nothing new may be taken."""
        # Until something was accepted, one family at a time: all of it refused means a wrong endpoint.
        alone = not self._ledger.learned.accepted and self._open_families > 0
        # While many batches wait for their next try, nothing new is taken: memory stays bounded in an outage.
        return alone or self._outbox.returned >= max(2, self._concurrency.limit)

    def _next_moment(self) -> float | None:
        """Seconds until the loop must look again by itself; None: only when it is woken."""
        if len(self._tasks) + self._uncommitted >= self._concurrency.limit:
            return None
        now = self._clock.monotonic()
        if not self._gate.is_open(now):
            return self._gate.opens_at - now
        if wait := self._rate.wait_s(now):
            return wait
        return self._outbox.next_moment(now, returned_only=self._returned_only)

    async def _deliver(self, batch: Batch) -> None:
        try:
            body = self._destination.body([item.raw for item in batch.items])
            counts = self._status.counts
            counts.requests += 1
            counts.bytes_sent += len(body)
            counts.retries += 1 if batch.attempts else 0
            batch.attempts += 1
            batch.started = self._clock.monotonic()
            outcome = await self._destination.send(body)
            self._judge(batch, outcome, len(body))
        except Exception as error:  # noqa: BLE001 - a fault of our own must end the run, not one request
            self._fault = error
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.discard(task)
            self._status.in_flight = len(self._tasks)
            self._wake.set()

    def _judge(self, batch: Batch, outcome: Outcome, size: int) -> None:
        verdict = classify(outcome)
        status = outcome.status if isinstance(outcome, Answer) else 0
        self._status.answers[status] += 1
        retry_in_s: float | None = None
        if verdict is Verdict.ACCEPTED:
            self._accepted(batch, outcome, size)
        elif verdict is Verdict.REFUSED:
            self._refused(batch, outcome)
        elif verdict is Verdict.TOO_LARGE:
            self._too_large(batch, outcome, size)
        elif verdict is Verdict.HALT:
            self._halt(batch, outcome)
        else:
            retry_in_s = self._retry(batch, outcome)
        warning = outcome.refused if isinstance(outcome, Answer) else ""
        self._status.publish(
            BatchSent(
                events=len(batch.items),
                bytes=size,
                status=status,
                outcome=describe(outcome),
                elapsed_s=outcome.elapsed_s,
                verdict=verdict.value,
                retry_in_s=retry_in_s,
                warning=warning,
                remedy="" if verdict is Verdict.ACCEPTED else remedy(outcome),
            )
        )

    def _accepted(self, batch: Batch, outcome: Outcome, size: int) -> None:
        self._gate.succeeded()
        self._concurrency.succeeded(len(self._tasks) + self._uncommitted, outcome.elapsed_s)
        self._status.latencies_s.append(outcome.elapsed_s)
        self._status.counts.delivered += len(batch.items)
        self._status.delivered_by_type.update([item.type for item in batch.items])
        self._enter(State.RUNNING)
        self._ledger.learn(accepted=True)
        if self._too_large_from is not None and (size > (self._ledger.learned.max_body_bytes or 0)):
            # Not `size` alone: the first body to fit may be a small one by chance.
            self._caps.body_bytes = max(self._caps.body_bytes, size)
            self._ledger.learn(max_body_bytes=self._caps.body_bytes)
        self._close(batch, len(batch.items))
        self._settle(batch.items)

    def _refused(self, batch: Batch, outcome: Outcome) -> None:
        """400 and 422: bisect; refused alone, an event becomes a dead letter."""
        assert isinstance(outcome, Answer)
        if len(batch.items) > 1:
            batch.refused_before = True
            for part in batch.halves():
                self._outbox.put_back(part)
        elif not batch.refused_before:
            # It was never in a refused batch: sent alone once more, so that one odd answer is not its fate.
            batch.refused_before = True
            self._outbox.put_back(batch)
        else:
            refusal = Refusal(batch.items[0], outcome.status, outcome.body, batch.attempts)
            if self._ledger.learned.accepted:
                self._bury([refusal], describe(outcome))
            else:
                batch.family.held.append(refusal)
            self._close(batch, 1, outcome)

    def _too_large(self, batch: Batch, outcome: Outcome, size: int) -> None:
        """413: halve; the size is remembered once something fitted."""
        assert isinstance(outcome, Answer)
        if len(batch.items) == 1:
            self._bury([Refusal(batch.items[0], outcome.status, outcome.body, batch.attempts)], describe(outcome))
            self._close(batch, 1)
            return
        self._too_large_from = min(size, self._too_large_from or size)
        if (self._ledger.learned.max_body_bytes or 0) >= self._too_large_from:
            self._ledger.learned.max_body_bytes = None
        self._caps.body_bytes = min(self._caps.body_bytes, max(size // 2, 1))
        for part in batch.halves():
            self._outbox.put_back(part)

    def _retry(self, batch: Batch, outcome: Outcome) -> float:
        """Everything else: the batch waits, and for a moment so does the endpoint as a whole."""
        now = self._clock.monotonic()
        batch.failures += 1
        asked = outcome.retry_after_s if isinstance(outcome, Answer) else None
        delay = max(full_jitter(batch.failures, self._settings.chance), asked or 0.0)
        batch.due = now + delay
        self._gate.failed(batch.started, now, asked)
        if self._gate.failures > self._concurrency.limit:
            self._concurrency.outage()
        else:
            self._concurrency.pushed_back(now)
        if asked:
            # The latest moment counts: another answer that asks for less, or a late 2xx, does not take it back.
            self._ledger.learn(retry_at=max(self._ledger.learned.retry_at, self._clock.time() + asked))
            self._settled.set()
        if isinstance(outcome, Failure) and outcome.maybe_delivered:
            self._status.counts.unknown += 1
        self._enter(State.RETRYING)
        self._outbox.put_back(batch)
        return max(batch.due, self._gate.opens_at) - now

    def _enter(self, state: State) -> None:
        """Go into `state`, unless the end has begun: what was still under way then changes nothing."""
        if not self._stopping and self.halted is None:
            self._status.enter(state)

    def _halt(self, batch: Batch, outcome: Outcome) -> None:
        self._outbox.put_back(batch)
        if self.halted is None:
            self.halted = outcome
            self._status.enter(State.HALTED)

    def _close(self, batch: Batch, events: int, refusal: Answer | None = None) -> None:
        """Note that `events` of the batch's family have an outcome, and decide about those held back."""
        family = batch.family
        family.open -= events
        if not family.held or (family.open and not self._ledger.learned.accepted):
            self._open_families -= 0 if family.open else 1
            return
        if not self._ledger.learned.accepted and len(family.held) == family.size >= 2:
            assert refusal is not None
            self.halted, self.refused_all = refusal, True
            self._status.enter(State.HALTED)
            return
        held, family.held = family.held, []
        self._bury(held, "")
        self._open_families -= 0 if family.open else 1

    def _bury(self, refusals: list[Refusal], reason: str) -> None:
        """Make dead letters of refused events."""
        for refusal in refusals:
            item = refusal.item
            words = reason or describe(Answer(refusal.status))
            self._ledger.keep(self._letter(item, refusal, words))
            self._status.publish(EventDeadLettered(item.id, item.type, words))
        self._status.counts.dead_lettered += len(refusals)
        self._settle([refusal.item for refusal in refusals])

    def _letter(self, item: Item, refusal: Refusal, reason: str) -> DeadLetter:
        replayable = item.origin.replayable
        return DeadLetter(
            kind=REFUSED,
            event_id=item.id,
            event_type=item.type,
            source=item.origin.name,
            position=item.start if replayable else -1,
            place=_("position {n}").format(n=item.start) if replayable else "",
            reason=reason,
            status=refusal.status,
            answer=refusal.answer,
            attempts=refusal.attempts,
            payload=item.raw,
            at=self._clock.time(),
        )

    def _settle(self, items: list[Item]) -> None:
        self._ledger.settle(items)
        self._uncommitted += 1
        self._settled.set()

    async def _commit_fates(self) -> None:
        """Commit fates in groups, so that many batches share one transaction."""
        while True:
            await self._settled.wait()
            self._settled.clear()
            if self._uncommitted < self._concurrency.limit // 2 and self._tasks:
                await asyncio.sleep(_GROUP_S)
                self._settled.clear()
            committed = self._uncommitted
            await self._ledger.commit()
            self._uncommitted -= committed
            self._wake.set()

    def _committer_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._fault = error
            self._wake.set()

    async def _drain(self) -> None:
        """Await what is under way, at most the drain time."""
        if self._tasks and self._fault is None:
            await asyncio.wait(list(self._tasks), timeout=self._settings.drain_timeout_s)
