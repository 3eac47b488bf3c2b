"""The same event more than once: recognised across files, sources and runs."""

import asyncio
from pathlib import Path

from heap_tui.clock import SystemClock
from heap_tui.pipeline.run import Run
from heap_tui.status import Status
from tests.fakes import avro_files
from tests.pipeline.rig import Recording, Rig, line, lines, numbered, once, until

DAY_S = 86_400.0


async def test_the_same_event_in_two_files_is_sent_once(rig: Rig, folder: Path) -> None:
    (folder / "a.ndjson").write_text(lines(*numbered(20)))
    (folder / "b.ndjson").write_text(lines(*numbered(20, 10)))
    run = await rig.go(folder)
    assert run.ids == numbered(30)
    assert run.counted() == {"read": 40, "duplicates": 10, "accepted": 30, "delivered": 30}


async def test_the_same_event_in_two_formats_and_sources_is_sent_once(rig: Rig, folder: Path) -> None:
    (folder / "a.ndjson").write_text(lines("x", "y"))
    (folder / "b.avro").write_bytes(avro_files.avro(avro_files.records("y", "z")))
    run = await rig.go(folder / "a.ndjson", folder / "b.avro", folder / "*.ndjson")
    assert run.ids == ["x", "y", "z"]
    assert run.counts.read == run.counts.duplicates + 3


async def test_duplicates_are_recognised_across_runs(rig: Rig, folder: Path) -> None:
    (folder / "a.ndjson").write_text(lines(*numbered(20)))
    await rig.go(folder)
    (folder / "b.ndjson").write_text(lines(*numbered(20), "new"))
    assert (await rig.go(folder)).ids == ["new"]


async def test_a_duplicate_has_its_fate_only_with_its_original(rig: Rig, folder: Path) -> None:
    """While the original may still fail, the cursor of the duplicate's file must not move over it."""
    (folder / "a.ndjson").write_text(lines(*numbered(12)))
    (folder / "b.ndjson").write_text(line("event-00011") + lines("b1"))
    never = asyncio.Event()

    async def answer(ids: list[str]) -> int:
        if "event-00011" in ids:
            await never.wait()
        return 200

    first = Recording(lambda _number, ids: answer(ids))

    async def during(run: Run, status: Status) -> None:
        await until(lambda: len(first.bodies) >= 2 and status.counts.duplicates == 1)
        run.stop()

    stopped = await rig.go(folder, to=first, during=during, settings={"drain_timeout_s": 0.05})
    assert stopped.exit_code == 4
    (folder / "a.ndjson").unlink()
    assert "event-00011" in (await rig.go(folder)).ids


async def test_a_duplicate_of_a_refused_event_is_refused_with_it(rig: Rig, folder: Path) -> None:
    (folder / "a.ndjson").write_text(lines("good", "bad"))
    (folder / "b.ndjson").write_text(lines("bad"))
    destination = Recording(lambda _number, ids: 400 if "bad" in ids else 200)
    run = await rig.go(folder, to=destination)
    assert (run.ids, run.counts.dead_lettered, run.counts.duplicates, run.exit_code) == (["good"], 1, 1, 1)
    again = await rig.go(folder)
    assert (again.counted(), again.exit_code) == ({}, 0)


async def test_a_rehearsal_elsewhere_does_not_mark_events_as_sent(rig: Rig, folder: Path) -> None:
    (folder / "a.ndjson").write_text(lines(*numbered(5)))
    rig.endpoint = "http://rehearsal/"
    assert (await rig.go(folder)).ids == numbered(5)
    rig.endpoint = "http://real/"
    assert (await rig.go(folder)).ids == numbered(5)
    rig.endpoint = "http://rehearsal/"
    assert (await rig.go(folder)).counted() == {}


class Calendar(SystemClock):
    """A clock whose days are turned by hand."""

    days = 0.0

    def time(self) -> float:
        return super().time() + self.days * DAY_S


async def test_an_event_older_than_the_window_counts_again(rig: Rig, folder: Path) -> None:
    rig.clock = calendar = Calendar()
    window = {"dedup_window_days": 2.0}
    for day, sent in [(0.0, ["x"]), (1.0, []), (1.9, []), (2.1, ["x"]), (4.0, [])]:
        calendar.days = day
        (folder / f"day-{day}.ndjson").write_text(lines("x"))
        assert (await rig.go(folder, settings=window)).ids == sent, f"day {day}"


async def test_duplicates_that_arrive_while_others_are_sent_are_sent_once(rig: Rig, folder: Path) -> None:
    """At whatever moment of its original's way a duplicate is read."""
    names = numbered(300)
    for copy in range(6):
        (folder / f"{copy}.ndjson").write_text(lines(*names[copy * 20 :], *names[: copy * 20]))
    run = await rig.go(*(folder / f"{copy}.ndjson" for copy in range(6)))
    assert once(run.destination.ids)
    assert run.ids == names
    assert run.counted() == {"read": 1800, "duplicates": 1500, "accepted": 300, "delivered": 300}


async def test_sources_that_overlap_deliver_each_event_once_wherever_runs_stop(rig: Rig, folder: Path) -> None:
    path = folder / "x.ndjson"
    path.write_text(lines(*numbered(200)))
    delivered: list[str] = []
    for number in range(60):
        run = await rig.go(folder, path, folder / "*.ndjson", stop_at=3 if number < 5 else None)
        delivered += run.destination.ids
        if run.exit_code == 0:
            break
    assert sorted(delivered) == numbered(200)
