"""Sources that cannot give their events again: standard input and samples."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from heap_tui.clock import SystemClock
from heap_tui.pipeline import queueing
from heap_tui.pipeline.plan import RunOutcome
from heap_tui.pipeline.run import Run
from heap_tui.pipeline.selection import Selection
from heap_tui.sources.stdin import StdinReader
from heap_tui.spool.store import reading, status
from heap_tui.status import Status
from tests.fakes.letters import queued_events
from tests.pipeline.rig import SENT, Recording, Rig, event, line, lines, numbered, until


class Pipe:
    """What another program writes and this one reads as standard input."""

    def __init__(self) -> None:
        self.read_end, self._write_end = os.pipe()

    def write(self, text: str | bytes) -> None:
        os.write(self._write_end, text.encode() if isinstance(text, str) else text)

    def end(self) -> None:
        os.close(self._write_end)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    made = Pipe()
    monkeypatch.setattr(queueing, "StdinReader", lambda: StdinReader(made.read_end))
    yield made
    os.close(made.read_end)


class TestStandardInput:
    async def test_it_is_delivered_to_its_end(self, rig: Rig, pipe: Pipe) -> None:
        pipe.write(lines(*numbered(50)))
        pipe.end()
        run = await rig.go("-")
        assert run.ids == numbered(50)
        assert run.counted() == {"read": 50, "accepted": 50, "delivered": 50}
        assert run.exit_code == 0

    async def test_the_last_line_needs_no_end(self, rig: Rig, pipe: Pipe) -> None:
        pipe.write(line("a") + "\r\n\n" + line("b").rstrip("\n"))
        pipe.end()
        run = await rig.go("-")
        assert (run.ids, run.counts.read) == (["a", "b"], 2)

    async def test_what_is_no_event_is_kept_with_its_line(self, rig: Rig, pipe: Pipe) -> None:
        pipe.write(line("a").encode() + b"{broken\n\n" + b'{"x":"\xff"}\n' + line("b").encode() + b'{"cut')
        pipe.end()
        run = await rig.go("-")
        assert (run.ids, run.counts.read, run.counts.rejected, run.exit_code) == (["a", "b"], 5, 3, 1)
        kept = [(letter.source, letter.place, letter.payload) for letter in rig.letters()]
        assert kept == [
            ("standard input", "line 2", b"{broken"),
            ("standard input", "line 4", b'{"x":"\xff"}'),
            ("standard input", "line 6", b'{"cut'),
        ]

    async def test_a_failure_to_read_is_told_and_what_was_read_is_delivered(
        self, rig: Rig, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parts = [line("a").encode()]

        def read(_reader: StdinReader, _size: int) -> bytes:
            if not parts:
                raise OSError(5, "Input/output error")
            return parts.pop()

        assert pipe
        monkeypatch.setattr(StdinReader, "read", read)
        run = await rig.go("-")
        assert (run.ids, run.counts.rejected, run.exit_code) == (["a"], 1, 1)
        assert "Input/output error" in rig.letters()[0].reason

    async def test_duplicates_and_what_is_not_wanted_are_left_out(self, rig: Rig, pipe: Pipe) -> None:
        pipe.write(lines("a", "b", "a") + line("c", SENT) + line("b"))
        pipe.end()
        run = await rig.go("-", selection=Selection(exclude=(SENT,)))
        assert run.counted() == {"read": 5, "skipped": 1, "duplicates": 2, "accepted": 2, "delivered": 2}

    async def test_duplicates_of_files_are_recognised_and_the_other_way_round(
        self, rig: Rig, folder: Path, pipe: Pipe
    ) -> None:
        (folder / "x.ndjson").write_text(lines("a"))
        await rig.go(folder)
        pipe.write(lines("a", "b"))
        pipe.end()
        assert (await rig.go("-")).ids == ["b"]
        (folder / "y.ndjson").write_text(lines("b", "c"))
        assert (await rig.go(folder)).ids == ["c"]

    async def test_what_was_read_when_it_is_stopped_is_kept_for_the_next_run(self, rig: Rig, pipe: Pipe) -> None:
        names = numbered(40)
        pipe.write(lines(*names))

        async def unavailable() -> int:
            return 503

        async def during(run: Run, state: Status) -> None:
            await until(lambda: state.counts.accepted == 40)
            run.stop()

        stopped = await rig.go("-", to=Recording(lambda _number, _ids: unavailable()), during=during)
        assert (stopped.result.outcome, stopped.exit_code) == (RunOutcome.INTERRUPTED, 4)
        assert (stopped.counts.read, stopped.counts.pending, stopped.counts.given_back) == (40, 40, 0)
        rest = await rig.go()
        assert (rest.ids, rest.counts.pending_before, rest.counts.read) == (names, 40, 0)

    async def test_a_stop_takes_even_what_was_read_but_not_yet_accepted(self, rig: Rig, pipe: Pipe) -> None:
        pipe.write(lines(*numbered(40)) + line("half")[:12])

        async def during(run: Run, state: Status) -> None:
            await until(lambda: state.counts.accepted)
            run.stop()

        stopped = await rig.go("-", during=during)
        assert (stopped.exit_code, stopped.result.unread) == (4, True)
        assert stopped.counts.accepted == 40
        assert stopped.counts.rejected == 1, "half a line cannot be read again, so it is kept as it is"
        rest = await rig.go()
        assert sorted(stopped.ids + rest.ids) == numbered(40)

    async def test_stopping_does_not_wait_for_input_that_never_comes(self, rig: Rig, pipe: Pipe) -> None:
        async def during(run: Run, _state: Status) -> None:
            await asyncio.sleep(0.05)
            run.stop()

        assert pipe
        assert (await rig.go("-", during=during)).exit_code == 4

    async def test_the_limit_ends_it_without_waiting_for_more(self, rig: Rig, pipe: Pipe) -> None:
        pipe.write(lines(*numbered(10)))
        run = await rig.go("-", limit=4)
        assert (run.ids, run.exit_code) == (numbered(4), 0)

    async def test_the_limit_is_over_all_sources(self, rig: Rig, folder: Path, pipe: Pipe) -> None:
        (folder / "x.ndjson").write_text(lines(*numbered(10)))
        assert pipe, "nothing comes, and its end neither"
        run = await rig.go("-", folder, limit=4)
        assert (run.counts.accepted, run.exit_code) == (4, 0)
        rest = await rig.go(folder)
        assert rest.counts.accepted == 6

    async def test_a_full_queue_makes_it_wait_and_loses_nothing(self, rig: Rig, pipe: Pipe) -> None:
        padding = "x" * 10_000
        names = numbered(300)
        open_now = asyncio.Event()

        async def answer() -> int:
            await open_now.wait()
            return 200

        async def during(_run: Run, state: Status) -> None:
            written = 0
            while not rig.noting.notices:
                if written < len(names):
                    await asyncio.to_thread(pipe.write, line(names[written], properties={"padding": padding}))
                    written += 1
                await asyncio.sleep(0)
            held = state.counts.accepted
            assert held < 300
            open_now.set()
            for name in names[written:]:
                await asyncio.to_thread(pipe.write, line(name, properties={"padding": padding}))
            pipe.end()

        run = await rig.go(
            "-", to=Recording(lambda _number, _ids: answer()), during=during, settings={"spool_max_bytes": 1 << 20}
        )
        assert run.ids == names
        assert "full" in rig.noting.notices[0]


class Stopped(SystemClock):
    """A clock that always shows the same time; what waits is not held up."""

    def time(self) -> float:
        return 1_800_000_000.0


class TestSamples:
    async def test_the_same_seed_makes_the_same_events(self, rig: Rig, tmp_path: Path) -> None:
        rig.clock = Stopped()
        first = await rig.go("sample:?count=150&seed=7&users=5")
        rig.directory = tmp_path / "other"
        second = await rig.go("sample:?count=150&seed=7&users=5")
        assert first.destination.accepted == second.destination.accepted
        assert len(first.ids) == first.counts.read == 150
        rig.directory = tmp_path / "third"
        other = await rig.go("sample:?count=150&seed=8&users=5")
        assert set(other.ids).isdisjoint(first.ids)

    async def test_without_a_seed_a_fresh_one_is_told(self, rig: Rig) -> None:
        await rig.go("sample:?count=5")
        assert any("seed=" in text for text in rig.noting.notices)

    async def test_types_can_be_chosen(self, rig: Rig) -> None:
        run = await rig.go("sample:?count=20&seed=1&types=users.messages.email.*")
        assert len(run.ids) == 20
        assert all(one["event_type"].startswith("users.messages.email.") for one in run.destination.accepted)

    async def test_an_endless_one_is_ended_by_a_stop_and_what_was_made_is_kept(self, rig: Rig) -> None:
        async def during(run: Run, state: Status) -> None:
            await until(lambda: state.counts.delivered >= 100)
            run.stop()

        stopped = await rig.go("sample:?count=0&seed=1", during=during)
        rest = await rig.go()
        assert stopped.counts.accepted == stopped.counts.delivered + rest.counts.delivered
        assert not stopped.result.unread

    async def test_a_stop_before_all_were_made_leaves_the_source_unread(self, rig: Rig) -> None:
        async def during(run: Run, state: Status) -> None:
            await until(lambda: state.counts.delivered >= 10)
            run.stop()

        stopped = await rig.go("sample:?count=1000&seed=1&rate=400", during=during)
        assert (stopped.result.unread, stopped.exit_code) == (True, 4)

    async def test_the_rate_is_kept(self, rig: Rig) -> None:
        begin = rig.clock.monotonic()
        await rig.go("sample:?count=40&seed=1&rate=100")
        assert 0.25 < rig.clock.monotonic() - begin < 5

    async def test_the_limit_ends_it(self, rig: Rig) -> None:
        run = await rig.go("sample:?count=0&seed=1", limit=7)
        assert (run.counts.delivered, run.exit_code) == (7, 0)


async def test_pending_events_go_first_and_once(rig: Rig, folder: Path, pipe: Pipe) -> None:
    pipe.write(lines("early"))
    pipe.end()
    await rig.go("-", to=Recording(lambda _number, _ids: 401))
    assert status(rig.directory).pending == 1
    with reading(rig.directory) as connection:
        assert connection is not None
        assert [json.loads(raw) for raw in queued_events(connection)] == [event("early")]
    (folder / "x.ndjson").write_text(lines("late"))
    run = await rig.go(folder)
    assert run.destination.ids == ["early", "late"]
    assert status(rig.directory).pending == 0
