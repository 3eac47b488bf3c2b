"""Whatever the endpoint answers, wherever runs end or crash: every event has one fate, and the sums are right."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from heap_tui.config.model import DeliverySettings
from heap_tui.delivery.answers import Answer, Outcome
from heap_tui.pipeline.plan import Plan, Result, RunOutcome
from heap_tui.pipeline.run import Run
from heap_tui.pipeline.selection import Selection
from heap_tui.sources.uri import parse_source
from heap_tui.spool import dead, queue
from heap_tui.spool.ledger import Ledger
from heap_tui.spool.seen import key_of
from heap_tui.spool.store import Store
from heap_tui.status import Counts, Status
from tests.fakes.clock import FakeClock
from tests.fakes.delivery import EVENT_TYPE, event_json, names
from tests.fakes.destination import LOST, OK, REFUSED_CONNECTION, Request, ScriptedDestination

ENDPOINT = "http://endpoint.example/"
UNWANTED = 60  # numbers of events from here on are of a type that is not selected
TROUBLE: Sequence[Outcome] = (
    Answer(503),
    Answer(500),
    Answer(429, retry_after_s=20),
    Answer(503, retry_after_s=3),
    REFUSED_CONNECTION,
    LOST,
    Answer(401),
)


@dataclass(frozen=True)
class World:
    """One example.

    Args:
        lines: numbers of the events in the file, in order; repeated ones are duplicates, negative ones no events.
        queued: events in the durable queue.
        poison: numbers of events that the endpoint refuses.
        limit: bytes that it takes.
        trouble: share of requests that are answered otherwise.
        seed: of that.
        ends: seconds after which runs end, and whether by a crash.
        settings: how to deliver.
    """

    lines: list[int]
    queued: int
    poison: frozenset[int]
    limit: int
    trouble: float
    seed: int
    ends: list[tuple[float, bool]]
    settings: DeliverySettings

    def name(self, number: int) -> str:
        return f"f{number:03}"

    @property
    def events(self) -> set[str]:
        return {self.name(n) for n in self.lines if 0 <= n < UNWANTED} | set(names(self.queued, "q"))

    @property
    def refused(self) -> set[str]:
        return self.events & ({self.name(n) for n in self.poison} | {f"q{n:04}" for n in self.poison})


worlds = st.builds(
    World,
    lines=st.lists(st.integers(-3, 70), max_size=90),
    queued=st.integers(0, 40),
    poison=st.frozensets(st.integers(0, 70), max_size=4),
    limit=st.sampled_from([700, 2_000, 1_000_000]),
    trouble=st.sampled_from([0.0, 0.1, 0.5]),
    seed=st.integers(0, 1_000),
    ends=st.lists(st.tuples(st.floats(0.01, 5), st.booleans()), max_size=4),
    settings=st.builds(
        DeliverySettings,
        batch_size=st.integers(1, 20),
        max_in_flight=st.integers(1, 6),
        max_batch_bytes=st.sampled_from([1_000, 1_000_000]),
        drain_timeout_s=st.sampled_from([0.0, 0.1, 8.0]),
    ),
)


class Endpoint:
    """Refuses poison and what is too large, always; and in trouble, now and then, anything."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = Random(world.seed)
        self.in_trouble = True

    def rule(self, request: Request) -> Outcome:
        if self.in_trouble and self._random.random() < self._world.trouble:
            return self._random.choice(TROUBLE)
        if request.size > self._world.limit:
            return Answer(413)
        return Answer(400) if self._world.refused & set(request.ids) else OK


class Runs:
    """Runs one after another on one state, one clock and one endpoint."""

    def __init__(self, directory: Path, world: World) -> None:
        self.world = world
        self.state = directory / "state"
        self.file = directory / "events.ndjson"
        self.file.write_bytes(b"".join(self._line(n) + b"\n" for n in world.lines))
        self.clock = FakeClock()
        self.endpoint = Endpoint(world)
        self.destination = ScriptedDestination(self.clock, rule=self.endpoint.rule, latency_s=0.2)
        self.finished: list[Counts] = []
        self.crashes = 0
        self.clock.run(self._fill_queue())

    def _line(self, number: int) -> bytes:
        if number < 0:
            return b'{"id": 1}'
        event = event_json(self.world.name(number))
        return event if number < UNWANTED else event.replace(b"messages.email", b"unheard.of")

    async def _fill_queue(self) -> None:
        ids = names(self.world.queued, "q")
        with Store(self.state, self.clock.time) as store:
            scope = store.scope(ENDPOINT)
            ledger = Ledger(store, scope, store.seen(scope, 1e9), self.clock.time)
            for begin in range(0, len(ids), 7):
                some = ids[begin : begin + 7]
                await ledger.append([(n, EVENT_TYPE, event_json(n)) for n in some], [key_of(n) for n in some], [])

    def run(self, end_s: float, *, crash: bool) -> Result | None:
        """One run, ended by a signal or a crash (then without a result) if it does not end before."""
        selection = Selection(include=("users.messages.*",))
        plan = Plan((parse_source(str(self.file)),), ENDPOINT, selection, self.world.settings)
        with Store(self.state, self.clock.time) as store:
            run = Run(plan, store, self.destination, Status(), self.clock)
            result = self.clock.run(self._bounded(run, store, end_s, crash=crash))
            if result is None:
                self.crashes += 1
                return None
            self._check(store, result)
            return result

    async def _bounded(self, run: Run, store: Store, end_s: float, *, crash: bool) -> Result | None:
        running = asyncio.create_task(run.execute())
        await asyncio.wait([running], timeout=end_s)
        if running.done() or not crash:
            run.stop()
            return await running
        # Nothing that happens from now on reaches the disk, as after kill -9.
        store.connection.close()
        store.reader.close()
        running.cancel()
        await asyncio.wait([running])
        return None

    def _check(self, store: Store, result: Result) -> None:
        counts = result.counts
        assert counts.read == counts.rejected + counts.skipped + counts.duplicates + counts.accepted
        assert counts.pending == queue.pending(store.connection)[0]
        assert result.outcome is not RunOutcome.FAILED
        if result.outcome is RunOutcome.COMPLETE:
            assert (counts.pending, counts.given_back) == (0, 0)
        self.finished.append(counts)

    def dead(self, kind: str) -> Counter[str]:
        with Store(self.state, self.clock.time) as store:
            return Counter(kept.letter.event_id for kept in dead.read(store.connection, kind=kind))


def example_world(**changes: Any) -> World:
    quiet = World([], 0, frozenset(), 1_000_000, 0.0, 0, [], DeliverySettings(batch_size=1, drain_timeout_s=0.0))
    return replace(quiet, **changes)


@example(example_world(lines=[UNWANTED, 0], ends=[(0.125, False)]))  # what was passed over is not counted again
@example(example_world(lines=[0, 1, 2, 0, -1, 2], ends=[(0.3, True)]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds)
def test_every_event_has_exactly_one_fate(tmp_path_factory: pytest.TempPathFactory, world: World) -> None:
    runs = Runs(tmp_path_factory.mktemp("model"), world)
    for end_s, crash in world.ends:
        runs.run(end_s, crash=crash)
        runs.clock.advance(1)
    runs.endpoint.in_trouble = False
    last = runs.run(1e6, crash=False)
    assert last is not None
    delivered, buried = Counter(runs.destination.delivered), runs.dead(dead.REFUSED)
    assert set(delivered) | set(buried) <= world.events
    assert set(delivered) & set(buried) == set()
    assert max(buried.values(), default=0) <= 1
    if last.outcome is RunOutcome.HALTED:  # nothing was ever accepted, and the first batch is all poison
        assert delivered == Counter()
        assert buried == Counter()
        assert last.counts.pending + last.counts.given_back > 0
        return
    assert set(delivered) | set(buried) == world.events
    if world.limit == 1_000_000:
        assert set(buried) == world.refused
    check_sums(runs, delivered)


def check_sums(runs: Runs, delivered: Counter[str]) -> None:
    """Nothing is read twice, and repeats come of crashes, abandoned requests and nothing else."""
    world, finished = runs.world, runs.finished
    rejected = sum(n < 0 for n in world.lines)
    assert sum(runs.dead(dead.REJECTED).values()) == rejected
    abandoned = [r for r in runs.destination.requests if r.outcome is None]
    assert sum(delivered.values()) - len(delivered) <= runs.crashes * (
        world.settings.max_in_flight * world.settings.batch_size
    )
    if runs.crashes:
        return
    assert abandoned == [] or world.settings.drain_timeout_s < 8
    assert sum(counts.read for counts in finished) == len(world.lines)
    assert sum(counts.rejected for counts in finished) == rejected
    assert sum(counts.skipped for counts in finished) == sum(n >= UNWANTED for n in world.lines)
    assert sum(counts.accepted for counts in finished) == len({n for n in world.lines if 0 <= n < UNWANTED})
    assert sum(counts.delivered for counts in finished) == len(delivered)
