"""A run that ends early, and the next one that goes on where it was left."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.pipeline.plan import RunOutcome
from heap_tui.pipeline.run import Run
from heap_tui.pipeline.selection import Selection
from heap_tui.status import Status
from tests.fakes import avro_files
from tests.pipeline.rig import CLICK, SENT, Recording, Rig, line, lines, numbered, once, until

IDS = numbered(400)
CONTENT = {
    "x.ndjson": lines(*IDS).encode(),
    "x.ndjson.gz": gzip.compress(lines(*IDS).encode()),
    "x.json": json.dumps({"events": [json.loads(line(name)) for name in IDS]}).encode(),
    "x.avro": avro_files.avro(avro_files.records(*IDS), "deflate", a_block=70),
}


@pytest.mark.parametrize("name", CONTENT)
async def test_after_a_stop_the_next_run_delivers_exactly_the_rest(rig: Rig, folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(CONTENT[name])
    first = Recording()
    stopped = await rig.go(path, to=first, stop_at=5)
    assert (stopped.result.outcome, stopped.exit_code) == (RunOutcome.INTERRUPTED, 4)
    assert 0 < len(first.ids) < len(IDS)
    assert stopped.counts.read == stopped.counts.delivered == len(first.ids)
    assert stopped.counts.given_back > 0
    rest = await rig.go(path)
    assert rest.counted() == dict.fromkeys(("read", "accepted", "delivered"), len(IDS) - len(first.ids))
    assert sorted([*first.ids, *rest.ids]) == IDS


async def test_what_was_in_flight_is_given_back_when_it_is_not_answered_in_time(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(lines(*numbered(100)))
    never = asyncio.Event()

    async def answer(number: int) -> int:
        if number in (1, 2):
            await never.wait()
        return 200

    first = Recording(lambda number, _ids: answer(number))
    stopped = await rig.go(folder, to=first, stop_at=3, settings={"drain_timeout_s": 0.05})
    assert stopped.exit_code == 4
    assert stopped.counts.delivered == len(first.ids) > 0
    held = {one["id"] for body in first.bodies[1:3] for one in body}
    assert held.isdisjoint(first.ids)
    rest = await rig.go(folder)
    assert sorted([*first.ids, *rest.ids]) == numbered(100)
    assert held <= set(rest.ids)


async def test_many_stops_in_a_row_lose_and_repeat_nothing(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text("".join(line(name, CLICK if n % 7 else SENT) for n, name in enumerate(IDS)))
    only_clicks = Selection(exclude=(SENT,))
    delivered: list[str] = []
    totals: dict[str, int] = {}
    for _run in range(100):
        destination = Recording()
        run = await rig.go(folder, to=destination, stop_at=3, selection=only_clicks)
        delivered += destination.ids
        for name, count in run.counted().items():
            totals[name] = totals.get(name, 0) + count
        if run.exit_code == 0:
            break
    assert once(delivered)
    assert len(delivered) == totals["accepted"] == sum(n % 7 > 0 for n in range(len(IDS)))
    assert totals["read"] == len(IDS)
    assert totals["skipped"] == len(IDS) - len(delivered)


rows = st.lists(
    st.tuples(
        st.sampled_from(["event", "event", "event", "again", "other", "null", "broken", "blank", "no-id"]),
        st.integers(0, 60),
    ),
    min_size=1,
    max_size=60,
)


def written(kind: str, n: int) -> str:
    name = f"event-{n:05}"
    return {
        "event": line(name),
        "again": line(f"event-{n % 5:05}"),
        "other": line(f"other-{n}", SENT),
        "null": line(name, properties={"x": None}),
        "broken": f'{{"id": "{name}"\n',
        "blank": "\n",
        "no-id": '{"event_type": "x", "time": 1, "user": {}}\n',
    }[kind]


@given(rows, st.integers(1, 4), st.sampled_from([3, 10, 250]))
@settings(max_examples=40)
def test_whatever_is_in_a_file_and_wherever_runs_stop_the_sums_are_right(
    tmp_path_factory: pytest.TempPathFactory, content: list[tuple[str, int]], requests: int, batch_size: int
) -> None:
    place = tmp_path_factory.mktemp("run")
    path = place / "x.ndjson"
    path.write_text("".join(written(kind, n) for kind, n in content))
    rig = Rig(place / "state", batch_size=batch_size)
    kinds = [kind for kind, _n in content]
    wanted = {json.loads(written(kind, n))["id"] for kind, n in content if kind in ("event", "again", "null")}

    async def runs() -> tuple[list[str], dict[str, int]]:
        delivered: list[str] = []
        totals = dict.fromkeys(("read", "rejected", "skipped", "duplicates", "accepted"), 0)
        for number in range(100):
            destination = Recording()
            selection = Selection(exclude=(SENT,))
            stop_at = requests if number < 20 else None
            run = await rig.go(path, to=destination, stop_at=stop_at, selection=selection)
            delivered += destination.ids
            for name in totals:
                totals[name] += getattr(run.counts, name)
            if run.exit_code in (0, 1) and not run.result.unread:
                return delivered, totals
        raise AssertionError("it does not come to an end")

    delivered, totals = asyncio.run(runs())
    assert once(delivered)
    assert set(delivered) == wanted
    assert totals == {
        "read": sum(kind != "blank" for kind in kinds),
        "rejected": sum(kind in ("broken", "no-id") for kind in kinds),
        "skipped": kinds.count("other"),
        "accepted": len(wanted),
        "duplicates": sum(kind in ("event", "again", "null") for kind in kinds) - len(wanted),
    }
    assert len(rig.letters()) == totals["rejected"]


async def test_a_halt_keeps_everything_for_the_next_run(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(lines(*numbered(60)))
    halted = await rig.go(folder, to=Recording(lambda number, _ids: 200 if number < 2 else 401))
    assert (halted.result.outcome, halted.exit_code) == (RunOutcome.HALTED, 3)
    assert halted.counts.read == halted.counts.delivered
    rest = await rig.go(folder)
    assert sorted(halted.ids + rest.ids) == numbered(60)


async def test_the_limit_stops_after_so_many_accepted_and_the_next_run_goes_on(rig: Rig, folder: Path) -> None:
    mixed = [line("x", SENT), "broken\n", *(line(name) for name in numbered(30)), line("event-00003")]
    (folder / "a.ndjson").write_text("".join(mixed))
    (folder / "b.ndjson").write_text(lines(*numbered(10, 30)))
    selection = Selection(exclude=(SENT,))
    first = await rig.go(folder, limit=12, selection=selection)
    assert (first.result.outcome, first.exit_code) == (RunOutcome.COMPLETE, 1)
    assert first.counted() == {"read": 14, "rejected": 1, "skipped": 1, "accepted": 12, "delivered": 12}
    second = await rig.go(folder, limit=20, selection=selection)
    assert second.counted() == {"read": 21, "duplicates": 1, "accepted": 20, "delivered": 20}
    assert second.exit_code == 0
    third = await rig.go(folder, limit=100, selection=selection)
    assert third.counted() == {"read": 8, "accepted": 8, "delivered": 8}
    assert first.ids + second.ids + third.ids == numbered(40)


@pytest.mark.parametrize("name", CONTENT)
async def test_the_limit_goes_on_exactly_in_every_format(rig: Rig, folder: Path, name: str) -> None:
    (folder / name).write_bytes(CONTENT[name])
    found: list[str] = []
    for expected in (150, 150, 100, 0):
        run = await rig.go(folder, limit=150)
        assert (run.counts.accepted, run.exit_code) == (expected, 0)
        found += run.ids
    assert found == IDS


async def test_a_limit_that_is_the_number_of_events_is_complete(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(lines(*numbered(20)))
    assert (await rig.go(folder, limit=20)).exit_code == 0
    assert (await rig.go(folder)).counted() == {}


async def test_a_file_that_did_not_change_is_not_sent_again(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(lines(*numbered(20)))
    (folder / "y.avro").write_bytes(avro_files.avro(avro_files.records("a", "b")))
    assert (await rig.go(folder)).counts.delivered == 22
    again = await rig.go(folder)
    assert (again.counted(), again.destination.bodies) == ({}, [])


async def test_a_replay_sends_all_again_but_each_event_once(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(lines(*numbered(30), *numbered(5)))
    (folder / "y.avro").write_bytes(avro_files.avro(avro_files.records("a", "b")))
    everything = sorted([*numbered(30), "a", "b"])
    for replay in (False, True, True):
        run = await rig.go(folder, replay=replay)
        assert run.ids == everything
        assert run.counted() == {"read": 37, "duplicates": 5, "accepted": 32, "delivered": 32}
    assert (await rig.go(folder)).counted() == {}


async def test_a_replay_that_is_stopped_begins_anew_when_it_is_asked_for_again(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(lines(*numbered(100)))
    await rig.go(folder)
    first = Recording()
    await rig.go(folder, replay=True, to=first, stop_at=3)
    assert 0 < len(first.ids) < 100
    assert (await rig.go(folder, replay=True)).ids == numbered(100)


async def test_after_a_replay_that_is_stopped_nothing_is_sent_again_unasked(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(lines(*numbered(100)))
    await rig.go(folder)
    first = Recording()
    await rig.go(folder, replay=True, to=first, stop_at=3)
    rest = await rig.go(folder)
    assert rest.counted() == {"read": 100 - len(first.ids), "duplicates": 100 - len(first.ids)}


async def test_a_stop_before_anything_was_read_leaves_the_source_unread(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(lines(*numbered(10)))

    async def at_once(run: Run, _status: Status) -> None:
        run.stop()

    run = await rig.go(folder, during=at_once)
    assert (run.counted(), run.exit_code, run.result.unread) == ({}, 4, True)
    assert (await rig.go(folder)).ids == numbered(10)


async def test_a_stop_after_everything_was_delivered_is_complete(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(lines(*numbered(10)))
    destination = Recording()

    async def later(run: Run, _status: Status) -> None:
        await until(lambda: len(destination.ids) == 10)
        run.stop()

    run = await rig.go(folder, to=destination, during=later, follow=True)
    assert (run.result.outcome, run.exit_code) == (RunOutcome.COMPLETE, 0)
