"""What cannot be an event, and files that cannot be read: told, counted and kept; the rest is delivered."""

import gzip
import json
from pathlib import Path

import pytest

from heap_tui.currents.event import MAX_EVENT_BYTES
from heap_tui.sources.discovery import Listing, discover
from heap_tui.spool.items import DeadLetter
from tests.fakes import avro_files
from tests.pipeline.rig import Ran, Rig, event, line, lines, numbered

BAD = {
    "no json": (b"{broken", "not an event"),
    "no object": (b"[1, 2]", "JSON object"),
    "a number": (b"7", "JSON object"),
    "not utf-8": (b'{"id":"\xff"}', "UTF-8"),
    "no id": (b'{"event_type":"x","time":1,"user":{}}', "id is missing"),
    "an empty id": (b'{"id":"","event_type":"x","time":1,"user":{}}', "id must be"),
    "an id that is a number": (b'{"id":7,"event_type":"x","time":1,"user":{}}', "id must be"),
    "no type": (b'{"id":"a","time":1,"user":{}}', "event_type is missing"),
    "a type that is null": (b'{"id":"a","event_type":null,"time":1,"user":{}}', "event_type is missing"),
    "no time": (b'{"id":"a","event_type":"x","user":{}}', "time is missing"),
    "a time that is text": (b'{"id":"a","event_type":"x","time":"1","user":{}}', "time must be a number"),
    "a time that is true": (b'{"id":"a","event_type":"x","time":true,"user":{}}', "time must be a number"),
    "NaN": (b'{"id":"a","event_type":"x","time":NaN,"user":{}}', "not an event"),
    "too large": (line("big", properties={"x": "y" * MAX_EVENT_BYTES}).strip().encode(), "at most"),
    "too deep": (b'{"id":"a","event_type":"x","time":1,"x":' + b"[" * 60_000 + b"]" * 60_000 + b"}", "deep"),
}
TEN = numbered(10)


def check(run: Ran, letters: list[DeadLetter], bad: int) -> None:
    """The good events were delivered, the others rejected, and nothing else happened."""
    assert run.ids == TEN
    assert run.counted() == {"read": 10 + bad, "rejected": bad, "accepted": 10, "delivered": 10}
    assert run.exit_code == 1
    assert len(letters) == bad
    assert {letter.kind for letter in letters} == {"rejected"}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_line_is_kept_with_its_place(rig: Rig, folder: Path, name: str) -> None:
    bad, reason = BAD[name]
    path = folder / "x.ndjson"
    before = lines(*TEN[:4]).encode()
    path.write_bytes(before + bad + b"\n" + lines(*TEN[4:]).encode())
    run = await rig.go(path)
    check(run, rig.letters(), 1)
    (letter,) = rig.letters()
    assert reason in letter.reason
    assert (letter.source, letter.position, letter.place) == (str(path), len(before), f"line 5 (byte {len(before)})")
    assert letter.payload == bad[:1_000_000]
    again = await rig.go(path)
    assert (again.counted(), again.exit_code) == ({}, 0)


@pytest.mark.parametrize("name", [name for name in BAD if name not in ("no json", "NaN", "too deep")])
async def test_a_bad_element_of_an_array_is_kept_with_its_number(rig: Rig, folder: Path, name: str) -> None:
    bad, reason = BAD[name]
    parts = [line(one).strip().encode() for one in TEN]
    path = folder / "x.json"
    path.write_bytes(b"[" + b",\n".join([*parts[:4], bad, *parts[4:]]) + b"]")
    check(await rig.go(path), rig.letters(), 1)
    (letter,) = rig.letters()
    assert reason in letter.reason
    assert (letter.position, letter.place, letter.payload) == (4, "item 5", bad[:1_000_000])


async def test_a_bad_avro_record_is_kept_with_its_number_and_content(rig: Rig, folder: Path) -> None:
    records = avro_files.records(*TEN[:4], "", *TEN[4:])
    path = folder / "x.avro"
    path.write_bytes(avro_files.avro(records, a_block=3))
    check(await rig.go(path), rig.letters(), 1)
    (letter,) = rig.letters()
    assert (letter.place, letter.reason) == ("item 5", "id must be a non-empty string")
    assert json.loads(letter.payload)["user_id"] == "u-"


async def test_an_avro_record_over_the_limit_is_rejected(rig: Rig, folder: Path) -> None:
    large = avro_files.record("large", url="x" * MAX_EVENT_BYTES)
    (folder / "x.avro").write_bytes(avro_files.avro([*avro_files.records(*TEN), large]))
    check(await rig.go(folder), rig.letters(), 1)
    assert str(MAX_EVENT_BYTES) in rig.letters()[0].reason


async def test_a_damaged_avro_block_is_told_with_its_byte_and_the_others_are_read(rig: Rig, folder: Path) -> None:
    whole = avro_files.avro(avro_files.records(*TEN[:5], "lost", "lost too", *TEN[5:]), "deflate", a_block=1)
    file = avro_files.damaged(avro_files.damaged(whole, 5), 6, "size")
    (folder / "x.avro").write_bytes(file)
    check(await rig.go(folder), rig.letters(), 2)
    reasons = [letter.reason for letter in rig.letters()]
    assert "cannot be decoded" in reasons[0]
    assert f"byte {avro_files.blocks(whole)[6][0]}" in reasons[1]
    assert (await rig.go(folder)).counted() == {}


CUT = {
    "x.avro": avro_files.avro(avro_files.records(*TEN, "lost"), a_block=5)[:-20],
    "x.avro.gz": gzip.compress(avro_files.avro(avro_files.records(*TEN, "lost"), a_block=5), 0)[:-30],
    "x.json": f"[{','.join(map(line, TEN))},{line('lost')[:30]}".encode(),
    "x.ndjson.gz": gzip.compress(lines(*TEN, "lost").encode(), 0)[:-40],
}


@pytest.mark.parametrize("name", CUT)
async def test_a_file_cut_off_is_one_rejected_and_tried_again_next_time(rig: Rig, folder: Path, name: str) -> None:
    (folder / name).write_bytes(CUT[name])
    check(await rig.go(folder), rig.letters(), 1)
    again = await rig.go(folder)
    assert (again.counted(), again.exit_code) == ({"read": 1, "rejected": 1}, 1)
    assert len(rig.letters()) == 1, "the same place is kept once"


FOREIGN = {
    "x.avro": b"PAR1 is another format",
    "x.ndjson.gz": b"not gzip",
    "x.json.zst": b"not zstandard",
    "x.json": b"not json at all",
    "x.avro.gz": gzip.compress(b"not avro"),
}


@pytest.mark.parametrize("name", FOREIGN)
async def test_a_foreign_file_is_one_rejected_and_the_others_are_read(rig: Rig, folder: Path, name: str) -> None:
    (folder / name).write_bytes(FOREIGN[name])
    (folder / "y.ndjson").write_text(lines(*TEN))
    check(await rig.go(folder), rig.letters(), 1)
    assert rig.letters()[0].source == str(folder / name)


async def test_an_avro_file_of_something_else_rejects_each_record(rig: Rig, folder: Path) -> None:
    schema = {"type": "record", "name": "other", "fields": [{"name": "x", "type": "int"}]}
    (folder / "x.avro").write_bytes(avro_files.avro([{"x": 1}, {"x": 2}], of=schema))
    (folder / "y.ndjson").write_text(lines(*TEN))
    check(await rig.go(folder), rig.letters(), 2)


async def test_files_that_vanish_or_cannot_be_opened_are_rejected_each_once(
    rig: Rig, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gone.ndjson", "shut.ndjson", "here.ndjson"):
        (folder / name).write_text(lines(*TEN))
    (folder / "nowhere.ndjson").symlink_to("nothing")
    (folder / "loop.ndjson").symlink_to("loop.ndjson")

    def then_gone(pattern: str) -> Listing:
        listing = discover(pattern)
        (folder / "gone.ndjson").unlink(missing_ok=True)
        (folder / "shut.ndjson").unlink(missing_ok=True)
        (folder / "shut.ndjson").mkdir(exist_ok=True)
        return listing

    monkeypatch.setattr("heap_tui.pipeline.filereading.discover", then_gone)
    check(await rig.go(folder), rig.letters(), 4)
    reasons = {Path(letter.source).name: letter.reason for letter in rig.letters()}
    assert "No such file" in reasons["gone.ndjson"]
    assert "Is a directory" in reasons["shut.ndjson"]
    assert "No such file" in reasons["nowhere.ndjson"]
    assert "symbolic links" in reasons["loop.ndjson"]


async def test_the_place_in_packed_lines_is_said_when_reading_goes_on(rig: Rig, folder: Path) -> None:
    path = folder / "x.ndjson.gz"
    path.write_bytes(gzip.compress(lines(*TEN).encode()))
    await rig.go(path)
    with path.open("ab") as file:
        file.write(gzip.compress(b"{broken\n"))
    assert (await rig.go(path)).counted() == {"read": 1, "rejected": 1}
    assert rig.letters()[0].place == f"byte {len(lines(*TEN))} of the unpacked content"


async def test_an_empty_directory_is_told_and_complete(rig: Rig, folder: Path) -> None:
    (folder / "notes.txt").write_text("x")
    run = await rig.go(folder)
    assert (run.counted(), run.exit_code) == ({}, 0)
    (notice,) = run.noting.notices
    assert str(folder) in notice
    assert ".ndjson" in notice


async def test_many_bad_lines_do_not_stop_a_file(rig: Rig, folder: Path) -> None:
    bad = "".join(f"broken {n}\n" for n in range(1_000))
    (folder / "x.ndjson").write_text(lines(*TEN[:5]) + bad + lines(*TEN[5:]))
    check(await rig.go(folder), rig.letters(), 1_000)


async def test_nulls_and_unknown_types_are_no_reason_to_reject(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(line("a", "brand.new.Type", properties={"x": None, "y": 1}))
    run = await rig.go(folder)
    assert run.destination.accepted == [event("a", "brand.new.Type", properties={"y": 1})]
