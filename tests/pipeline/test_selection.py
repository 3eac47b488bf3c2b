"""Which events are sent, and what is done to them on the way."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from heap_tui.currents.transform import Transform
from heap_tui.delivery.answers import Outcome
from heap_tui.pipeline.selection import Selection
from tests.fakes import avro_files
from tests.pipeline.rig import CLICK, SENT, Recording, Rig, event, line

ALL = ["users.messages.push.Open", "users.behaviors.Purchase", SENT, CLICK]


@pytest.mark.parametrize(
    ("include", "exclude", "sent"),
    [
        (("*",), (), ALL),
        (("users.messages.*",), (), [ALL[0], SENT, CLICK]),
        (("users.messages.*",), ("*.Open", "*.Send"), [CLICK]),
        (("*.Purchase", "*.Open"), (), ALL[:2]),
        (("nothing.like.it",), (), []),
    ],
)
@pytest.mark.parametrize("nulls", [False, True])  # with nulls, events are looked at one by one
async def test_globs_choose(
    rig: Rig, folder: Path, include: tuple[str, ...], exclude: tuple[str, ...], sent: list[str], nulls: bool
) -> None:
    more = {"extra": None} if nulls else {}
    (folder / "x.ndjson").write_text("".join(line(name, name, **more) for name in ALL))
    run = await rig.go(folder, selection=Selection(include=include, exclude=exclude))
    assert run.ids == sorted(sent)
    assert (run.counts.skipped, run.counts.accepted, run.exit_code) == (4 - len(sent), len(sent), 0)


@pytest.mark.parametrize("user", [{}, {"user_id": "1"}, {"external_user_id": ""}, {"external_user_id": None}])
async def test_anonymous_events_can_be_left_out(rig: Rig, folder: Path, user: dict[str, str | None]) -> None:
    anonymous = event("anonymous") | {"user": user}
    (folder / "x.ndjson").write_text(json.dumps(anonymous) + "\n" + line("known"))
    run = await rig.go(folder, selection=Selection(anonymous=False))
    assert (run.ids, run.counts.skipped) == (["known"], 1)


async def test_an_event_that_was_skipped_is_not_remembered_as_sent(rig: Rig, folder: Path) -> None:
    (folder / "x.ndjson").write_text(line("a"))
    assert (await rig.go(folder, selection=Selection(include=("other",)))).counts.skipped == 1
    (folder / "y.ndjson").write_text(line("a"))
    assert (await rig.go(folder)).ids == ["a"]


async def test_personal_data_is_removed_or_hashed_wherever_it_stands(rig: Rig, folder: Path) -> None:
    properties = {"email_address": "a@b", "phone_number": "1", "custom_properties": {"email_address": "c@d"}}
    (folder / "x.ndjson").write_text(line("a", properties=properties) + line("b"))
    (folder / "y.avro").write_bytes(avro_files.avro([avro_files.record("c", url="http://x")]))
    rules = Selection(transform=Transform(remove=("phone_number", "url"), hash_fields=("email_address",)))
    run = await rig.go(folder, selection=rules)
    sent = {one["id"]: one for one in run.destination.accepted}
    assert sent["a"]["properties"] == {
        "email_address": sha256(b"a@b").hexdigest(),
        "phone_number": "[REDACTED]",
        "custom_properties": {"email_address": sha256(b"c@d").hexdigest()},
    }
    assert sent["b"] == event("b")
    assert sent["c"]["properties"] == {"url": "[REDACTED]"}


class _Keeping(Recording):
    """A destination that keeps the bodies as they came."""

    def __init__(self, kept: list[bytes]) -> None:
        super().__init__()
        self._kept = kept

    async def send(self, body: bytes) -> Outcome:
        self._kept.append(body)
        return await super().send(body)


async def test_events_that_need_no_change_pass_through_byte_for_byte(rig: Rig, folder: Path) -> None:
    properties = '{"n":1e2,"u":"\\u00e9é","big":12345678901234567890}'
    raw = '{ "id":"a","event_type" : "x.Y","time":1.50, "user":{},"properties":' + properties + " }"
    (folder / "x.ndjson").write_text(raw + "\r\n")
    bodies: list[bytes] = []
    run = await rig.go(folder, to=_Keeping(bodies))
    assert run.exit_code == 0
    assert bodies == [b'{"events":[' + raw.encode() + b"]}"]


async def test_the_type_of_a_flat_record_is_its_own_else_the_paths_else_the_schemas(rig: Rig, folder: Path) -> None:
    place = folder / f"event_type={SENT}" / "date=2026-01-01-00"
    place.mkdir(parents=True)
    flat = [{"id": "own", "event_type": CLICK, "time": 1}, {"id": "paths", "time": 1}]
    (place / "x.ndjson").write_text("".join(json.dumps(one) + "\n" for one in flat))
    (place / "x.avro").write_bytes(avro_files.avro(avro_files.records("avro, paths")))
    (folder / "y.avro").write_bytes(avro_files.avro(avro_files.records("avro, schemas")))
    (folder / "y.ndjson").write_text('{"id": "none", "time": 1}\n')
    run = await rig.go(folder)
    types = {one["id"]: one["event_type"] for one in run.destination.accepted}
    assert types == {"own": CLICK, "paths": SENT, "avro, paths": SENT, "avro, schemas": CLICK}
    assert run.counts.rejected == 1
    assert "event_type is missing" in rig.letters()[0].reason
