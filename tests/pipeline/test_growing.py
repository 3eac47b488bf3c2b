"""Files that grow, move, shrink or are rewritten, between runs and during one."""

import asyncio
import gzip
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from heap_tui.pipeline import filereading
from heap_tui.pipeline.run import Run
from heap_tui.pipeline.selection import Selection
from heap_tui.status import Status
from tests.fakes import avro_files
from tests.pipeline.rig import CLICK, SENT, Ran, Recording, Rig, line, lines, numbered, until


def looked_at_since(status: Status, bytes_total: int) -> bool:
    """Whether files have been looked at since that many bytes were known."""
    return status.bytes_total > bytes_total


Steps = Callable[[Recording, Status], Awaitable[None]]


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


class TestBetweenRuns:
    @pytest.fixture(autouse=True)
    async def _first(self, rig: Rig, folder: Path) -> None:
        self.path = folder / "x.ndjson"
        self.path.write_text(lines(*numbered(20)))
        assert (await rig.go(folder)).ids == numbered(20)

    async def test_only_what_was_appended_is_read(self, rig: Rig, folder: Path) -> None:
        append(self.path, lines(*numbered(5, 20)))
        run = await rig.go(folder)
        assert (run.ids, run.counts.read) == (numbered(5, 20), 5)

    async def test_a_renamed_file_is_the_same(self, rig: Rig, folder: Path) -> None:
        self.path.rename(folder / "y.ndjson")
        assert (await rig.go(folder)).counted() == {}

    async def test_a_rotated_file_and_its_successor_are_told_apart(self, rig: Rig, folder: Path) -> None:
        append(self.path, line("last of the old"))
        self.path.rename(folder / "x-1.ndjson")
        self.path.write_text(line("first of the new"))
        run = await rig.go(folder)
        assert run.ids == ["first of the new", "last of the old"]
        assert run.counts.read == 2

    async def test_a_file_moved_in_is_read_whatever_its_time(self, rig: Rig, folder: Path) -> None:
        elsewhere = folder.parent / "old.ndjson"
        elsewhere.write_text(line("old"))
        os.utime(elsewhere, (1, 1))
        elsewhere.rename(folder / "old.ndjson")
        assert (await rig.go(folder)).ids == ["old"]

    async def test_a_copy_is_another_file_with_the_same_events(self, rig: Rig, folder: Path) -> None:
        (folder / "copy.ndjson").write_bytes(self.path.read_bytes())
        assert (await rig.go(folder)).counted() == {"read": 20, "duplicates": 20}

    @pytest.mark.parametrize("kept", [0, 3])
    async def test_a_file_that_shrank_is_read_again(self, rig: Rig, folder: Path, kept: int) -> None:
        self.path.write_text(lines(*numbered(kept), "new"))
        run = await rig.go(folder)
        assert (run.ids, run.counts.read, run.counts.duplicates) == (["new"], kept + 1, kept)

    async def test_a_file_rewritten_in_place_is_read_again(self, rig: Rig, folder: Path) -> None:
        self.path.write_text(lines(*[f"rewritten-{n}" for n in range(30)]))
        assert len((await rig.go(folder)).ids) == 30

    async def test_a_file_that_was_only_touched_is_not_sent_again(self, rig: Rig, folder: Path) -> None:
        self.path.touch()
        assert (await rig.go(folder)).counted() == {}

    async def test_lines_after_one_without_its_end_are_read_once(self, rig: Rig, folder: Path) -> None:
        append(self.path, line("no end").rstrip("\n"))
        assert (await rig.go(folder)).ids == ["no end"]
        append(self.path, "\n" + line("next"))
        assert (await rig.go(folder)).ids == ["next"]

    async def test_an_unfinished_last_line_is_rejected_and_read_again(self, rig: Rig, folder: Path) -> None:
        text = line("late")
        append(self.path, line("whole", SENT) + text[:10])
        for read in (2, 1):  # the line before it is not read a second time
            run = await rig.go(folder, selection=Selection(exclude=(SENT,)))
            assert (run.counts.read, run.counts.rejected, run.exit_code) == (read, 1, 1)
        assert len(rig.letters()) == 1
        append(self.path, text[10:])
        assert (await rig.go(folder)).ids == ["late"]


async def test_formats_that_count_items_go_on_where_they_were_left(rig: Rig, folder: Path) -> None:
    (folder / "a.avro").write_bytes(avro_files.avro(avro_files.records("a1", "a2"), a_block=1))
    (folder / "b.json").write_text(f"[{line('b1')},{line('b2')}")
    (folder / "c.ndjson.gz").write_bytes(gzip.compress(lines("c1", "c2").encode()))
    first = await rig.go(folder)
    assert first.ids == ["a1", "a2", "b1", "b2", "c1", "c2"]
    assert first.counts.rejected == 1, "the array has no end yet"
    (folder / "a.avro").write_bytes(avro_files.avro(avro_files.records("a1", "a2", "a3"), a_block=1))
    append(folder / "b.json", f",{line('b3')}]")
    with (folder / "c.ndjson.gz").open("ab") as file:
        file.write(gzip.compress(lines("c3").encode()))
    second = await rig.go(folder)
    assert second.ids == ["a3", "b3", "c3"]
    assert (second.counts.read, second.exit_code) == (3, 0)


class TestFollowing:
    @pytest.fixture(autouse=True)
    def _places(self, rig: Rig, folder: Path) -> None:
        self.rig, self.folder = rig, folder

    async def follow(self, steps: Steps, pattern: str = "", **options: object) -> Ran:
        """A run that follows while `steps` are taken, then is stopped."""
        destination = Recording()

        async def during(run: Run, status: Status) -> None:
            try:
                await steps(destination, status)
            finally:
                run.stop()

        return await self.rig.go(
            self.folder / pattern,
            to=destination,
            during=during,
            follow=True,
            **options,  # type: ignore[arg-type]
        )

    async def test_what_is_appended_is_delivered_and_stopping_is_complete(self) -> None:
        path = self.folder / "x.ndjson"
        path.write_text(lines("a"))

        async def steps(destination: Recording, _status: Status) -> None:
            await until(lambda: destination.ids == ["a"])
            append(path, line("b"))
            await until(lambda: destination.ids == ["a", "b"])
            append(path, line("c"))
            await until(lambda: "c" in destination.ids)

        run = await self.follow(steps)
        assert run.counted() == {"read": 3, "accepted": 3, "delivered": 3}
        assert run.exit_code == 0
        assert (await self.rig.go(self.folder)).counted() == {}

    async def test_an_unfinished_last_line_waits_and_nothing_before_it_is_counted_twice(self) -> None:
        path = self.folder / "x.ndjson"
        text = line("late")
        path.write_text(line("a") + line("skipped", SENT) + text[:20])

        async def steps(destination: Recording, status: Status) -> None:
            await until(lambda: destination.ids == ["a"])
            append(path, text[20:30])
            await until(lambda: status.bytes_total > len(line("a")) * 4)  # it has been looked at again
            append(path, text[30:])
            await until(lambda: "late" in destination.ids)

        run = await self.follow(steps, selection=Selection(include=(CLICK,)))
        assert run.counted() == {"read": 3, "skipped": 1, "accepted": 2, "delivered": 2}

    async def test_stopping_while_a_line_is_unfinished_leaves_it_for_the_next_run(self) -> None:
        path = self.folder / "x.ndjson"
        path.write_text(line("a") + line("late")[:20])

        async def steps(destination: Recording, _status: Status) -> None:
            await until(lambda: destination.ids == ["a"])

        run = await self.follow(steps)
        assert (run.counted(), run.exit_code) == ({"read": 1, "accepted": 1, "delivered": 1}, 0)
        append(path, line("late")[20:])
        assert (await self.rig.go(self.folder)).ids == ["late"]

    async def test_new_moved_and_rotated_files_are_found(self) -> None:
        elsewhere = self.folder.parent / "made.ndjson"
        elsewhere.write_text(line("moved in"))

        async def steps(destination: Recording, _status: Status) -> None:
            await until(lambda: self.rig.noting.notices)
            path = self.folder / "sub" / "x.ndjson"
            path.parent.mkdir()
            path.write_text(line("new"))
            await until(lambda: "new" in destination.ids)
            elsewhere.rename(self.folder / "moved.ndjson")
            await until(lambda: "moved in" in destination.ids)
            path.rename(self.folder / "sub" / "x-1.ndjson")
            path.write_text(line("after rotation"))
            await until(lambda: "after rotation" in destination.ids)

        run = await self.follow(steps)
        assert run.counted() == {"read": 3, "accepted": 3, "delivered": 3}

    @pytest.mark.parametrize("tail", ["", "x" * 500])
    async def test_a_file_that_is_emptied_and_written_anew_is_read_again(self, tail: str) -> None:
        path = self.folder / "x.ndjson"
        path.write_text(lines("a1", "a2"))

        async def steps(destination: Recording, _status: Status) -> None:
            await until(lambda: len(destination.ids) == 2)
            path.write_text(line("b1", properties={"tail": tail}))
            await until(lambda: "b1" in destination.ids)
            append(path, line("b2"))
            await until(lambda: "b2" in destination.ids)

        assert (await self.follow(steps)).ids == ["a1", "a2", "b1", "b2"]

    async def test_a_file_rewritten_while_its_events_are_under_way_is_read_from_its_beginning(self) -> None:
        path = self.folder / "x.ndjson"
        path.write_text(lines(*numbered(10)))
        going_on = asyncio.Event()

        async def hold() -> int:
            await going_on.wait()
            return 200

        destination = Recording(lambda _number, _ids: hold())

        async def during(run: Run, status: Status) -> None:
            await until(lambda: destination.bodies)
            path.write_text(lines(*[f"rewritten-{n}" for n in range(40)]))
            await until(lambda: status.counts.accepted == 50)
            going_on.set()
            await until(lambda: len(destination.ids) == 50)
            run.stop()

        run = await self.rig.go(self.folder, to=destination, during=during, follow=True)
        assert run.counted() == {"read": 50, "accepted": 50, "delivered": 50}
        assert (await self.rig.go(self.folder)).counted() == {}

    @pytest.mark.parametrize("name", ["x.avro", "x.ndjson.gz", "x.json", "x.avro.gz"])
    async def test_a_file_that_is_being_copied_is_waited_for(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setattr("heap_tui.sources.watch._LOOK_EVERY_S", 0.05)
        ids = numbered(50)
        content = {
            "x.avro": avro_files.avro(avro_files.records(*ids), a_block=5),
            "x.ndjson.gz": gzip.compress(lines(*ids).encode(), 0),
            "x.json": f"[{','.join(map(line, ids))}]".encode(),
            "x.avro.gz": gzip.compress(avro_files.avro(avro_files.records(*ids), a_block=5), 0),
        }[name]

        async def steps(destination: Recording, status: Status) -> None:
            with (self.folder / name).open("wb") as file:
                for part in (content[:3], content[3 : len(content) // 2], content[len(content) // 2 :]):
                    file.write(part)
                    file.flush()
                    await until(partial(looked_at_since, status, status.bytes_total))
            await until(lambda: len(destination.ids) == 50)

        run = await self.follow(steps)
        assert (run.ids, run.counts.rejected, run.exit_code) == (ids, 0, 0)

    async def test_a_file_that_stays_broken_is_rejected_once_it_has_settled(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("heap_tui.sources.watch._LOOK_EVERY_S", 0.05)
        monkeypatch.setattr(filereading, "_SETTLED_AFTER_S", 0.5)
        whole = avro_files.avro(avro_files.records(*numbered(20)))
        (self.folder / "x.avro").write_bytes(whole[:-30])

        async def steps(_destination: Recording, status: Status) -> None:
            await until(lambda: status.counts.delivered == 10)
            assert status.counts.rejected == 0
            await until(lambda: status.counts.rejected)
            for _look in range(5):
                await asyncio.sleep(0.06)

        run = await self.follow(steps)
        assert (run.counts.read, run.counts.rejected, run.exit_code) == (11, 1, 1)
        assert "cut off" in self.rig.letters()[0].reason

    async def test_a_file_that_vanishes_while_it_is_followed_ends_nothing(self) -> None:
        path = self.folder / "x.ndjson"
        path.write_text(line("a"))

        async def steps(destination: Recording, _status: Status) -> None:
            await until(lambda: destination.ids == ["a"])
            path.unlink()
            (self.folder / "y.ndjson").write_text(line("b"))
            await until(lambda: "b" in destination.ids)

        assert (await self.follow(steps)).exit_code == 0

    async def test_the_limit_ends_following(self) -> None:
        (self.folder / "x.ndjson").write_text(lines(*numbered(10)))
        run = await self.rig.go(self.folder, follow=True, limit=4)
        assert (run.counts.delivered, run.exit_code) == (4, 0)

    async def test_files_that_are_complete_are_left_to_their_cursors(self) -> None:
        """Following for weeks, memory must not grow with every file."""
        for n in range(30):
            (self.folder / f"{n}.avro").write_bytes(avro_files.avro(avro_files.records(f"e{n}")))
        destination = Recording()

        async def during(run: Run, _status: Status) -> None:
            await until(lambda: len(destination.ids) == 30)
            await until(lambda: all(stream.complete for stream, _position in run._files._read.values()))
            (self.folder / "grown.ndjson").write_text(line("a") + line("half")[:10])
            await until(lambda: "a" in destination.ids)
            assert len(run._files._read) == 1
            append(self.folder / "grown.ndjson", line("half")[10:])
            (self.folder / "0.avro").write_bytes(avro_files.avro(avro_files.records("e0", "more"), a_block=1))
            await until(lambda: {"half", "more"} <= set(destination.ids))
            run.stop()

        run = await self.rig.go(self.folder, to=destination, during=during, follow=True)
        assert run.exit_code == 0
        assert len(run.ids) == 33


async def test_rejected_items_are_written_while_nothing_is_delivered(rig: Rig, folder: Path) -> None:
    """A large file of which nothing is an event must not be held in memory until the end."""
    path = folder / "x.ndjson"
    path.write_text("".join(f"broken {n}\n" for n in range(2_000)))

    async def during(run: Run, _status: Status) -> None:
        await until((rig.directory / "spool.db").exists)
        await until(lambda: len(rig.letters()) == 2_000)
        run.stop()

    run = await rig.go(folder, during=during, follow=True)
    assert (run.counts.rejected, run.exit_code) == (2_000, 1)


async def test_cursors_are_written_while_nothing_is_delivered(
    rig: Rig, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filereading, "_COMMIT_EVERY", 5)
    for n in range(20):
        (folder / f"{n}.ndjson").write_text(line(f"e{n}", SENT))
    most = 0

    async def during(run: Run, status: Status) -> None:
        nonlocal most
        while status.counts.skipped < 20:
            most = max(most, len(run._ledger._touched))
            await asyncio.sleep(0)

    run = await rig.go(folder, during=during, selection=Selection(exclude=(SENT,)))
    assert run.counted() == {"read": 20, "skipped": 20}
    assert most <= 6
