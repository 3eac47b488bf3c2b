"""Made-up journeys: the same for the same seed, valid, and in a plausible order."""

import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.currents.catalog import catalog
from heap_tui.currents.globs import compile_globs
from heap_tui.currents.samples import SampleSpec, journeys
from heap_tui.currents.samples.journeys import IN_JOURNEYS
from heap_tui.currents.validate import violations
from heap_tui.errors import UsageError

START = 1_767_225_600
EMAIL = "users.messages.email."
SHARED_IDS = {"campaign_id", "message_variation_id", "canvas_id", "canvas_step_id", "dispatch_id", "send_id"}

seeds = st.integers(0, 2**63)
type_names = st.sampled_from(catalog().names)


def made(spec: SampleSpec) -> list[dict[str, Any]]:
    return list(journeys(spec, start_time=START))


@pytest.fixture(scope="module")
def stream() -> list[dict[str, Any]]:
    return made(SampleSpec(count=30_000, seed=7))


def by_user(events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    people: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if "user_id" in event["user"]:
            people[event["user"]["user_id"]].append(event)
    return people


def digest(events: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(events).encode()).hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    script = (
        "import json,sys,hashlib; from heap_tui.currents.samples import SampleSpec, journeys;"
        f"events = list(journeys(SampleSpec(count=500, seed=11), start_time={START}));"
        "print(hashlib.sha256(json.dumps(events).encode()).hexdigest())"
    )
    environ = {**os.environ, "PYTHONHASHSEED": "12345"}
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environ)
    assert other.stdout.strip() == digest(made(SampleSpec(count=500, seed=11)))


@given(seeds, st.integers(1, 60), st.integers(0, 40))
@settings(max_examples=25, deadline=None)
def test_a_short_stream_is_the_beginning_of_a_longer_one(seed: int, count: int, more: int) -> None:
    short = made(SampleSpec(count=count, seed=seed, users=9))
    assert short == made(SampleSpec(count=count + more, seed=seed, users=9))[:count]
    assert len(short) == count


@given(seeds, st.integers(1, 300))
@settings(max_examples=25, deadline=None)
def test_every_event_is_valid_whatever_the_seed(seed: int, users: int) -> None:
    events = made(SampleSpec(count=150, seed=seed, users=users))
    assert [found for event in events for found in violations(event)] == []
    assert all(one["time"] <= other["time"] for one, other in pairwise(events))
    assert events[0]["time"] >= START


@given(seeds, st.sets(type_names, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_only_wanted_types_come_and_the_count_is_reached(seed: int, wanted: set[str]) -> None:
    events = made(SampleSpec(count=40, seed=seed, users=5, types=wanted.__contains__))
    assert len(events) == 40
    assert {event["event_type"] for event in events} <= wanted
    assert [found for event in events for found in violations(event)] == []


@pytest.mark.parametrize("name", catalog().names)
def test_any_single_type_can_be_asked_for(name: str) -> None:
    events = made(SampleSpec(count=3, types=lambda one: one == name))
    assert [event["event_type"] for event in events] == [name] * 3


def test_globs_restrict_the_types() -> None:
    events = made(SampleSpec(count=400, types=compile_globs(["users.messages.*"], ["*.Send"])))
    assert len(events) == 400
    assert all(event["event_type"].startswith("users.messages.") for event in events)
    assert not any(event["event_type"].endswith(".Send") for event in events)


def test_without_a_known_type_nothing_comes() -> None:
    assert made(SampleSpec(count=0, types=lambda _name: False)) == []


def test_a_count_of_zero_does_not_end() -> None:
    endless: Iterator[dict[str, object]] = journeys(SampleSpec(count=0), start_time=START)
    assert sum(1 for _event in islice(endless, 5000)) == 5000


def test_journeys_bring_every_type_that_braze_sends_by_http() -> None:
    assert {one.name for one in catalog() if one.http} == IN_JOURNEYS


def test_all_is_valid_and_in_order(stream: list[dict[str, Any]]) -> None:
    assert [found for event in stream for found in violations(event)] == []
    assert all(one["time"] <= other["time"] for one, other in pairwise(stream))


def test_ids_are_distinct_uuids(stream: list[dict[str, Any]]) -> None:
    ids = [event["id"] for event in stream]
    assert len(set(ids)) == len(ids)
    for text in ids[:500]:
        assert str(uuid.UUID(text)) == text
        assert uuid.UUID(text).version == 4


def test_other_seeds_users_and_types_share_no_id(stream: list[dict[str, Any]]) -> None:
    others = (
        SampleSpec(count=2000, seed=8),
        SampleSpec(count=2000, seed=7, users=100),
        SampleSpec(count=2000, seed=7, types=compile_globs([EMAIL + "*"])),
    )
    ids = {event["id"] for event in stream}
    for spec in others:
        assert ids.isdisjoint(event["id"] for event in made(spec))


def test_the_start_moves_times_and_nothing_else() -> None:
    early, late = (list(journeys(SampleSpec(count=300), start_time=start)) for start in (START, START + 86_400))
    assert [event["id"] for event in early] == [event["id"] for event in late]
    assert {int(str(b["time"])) - int(str(a["time"])) for a, b in zip(early, late, strict=True)} == {86_400}


def test_what_identifies_a_person_never_changes(stream: list[dict[str, Any]]) -> None:
    people = by_user(stream)
    assert len(people) == 200
    for events in people.values():
        for name in ("external_user_id", "device_id", "timezone"):
            assert len({event["user"][name] for event in events if name in event["user"]}) <= 1
        for name in ("email_address", "to_phone_number", "user_phone_number", "platform", "native_line_id"):
            assert len({event["properties"][name] for event in events if name in event["properties"]}) <= 1


def test_people_differ_and_some_are_anonymous(stream: list[dict[str, Any]]) -> None:
    people = by_user(stream)
    named = {
        events[0]["user"]["external_user_id"] for events in people.values() if "external_user_id" in events[0]["user"]
    }
    assert 10 <= len(people) - len(named) <= 60
    assert all(re.fullmatch(r"[0-9a-f]{24}", user_id) for user_id in people)


def test_anonymous_people_get_no_email(stream: list[dict[str, Any]]) -> None:
    for event in stream:
        if event["event_type"].startswith(EMAIL):
            assert "external_user_id" in event["user"]


def test_addresses_and_numbers_are_fictional(stream: list[dict[str, Any]]) -> None:
    text = json.dumps(stream)
    assert set(re.findall(r"@([\w.-]+)", text)) <= {"example.com", "example.org", "example.net"}
    assert all(host.endswith(".example.com") for host in re.findall(r"https://([^/\"]+)", text))
    for number in set(re.findall(r"\+\d{7,}", text)):
        assert re.fullmatch(r"\+1\d{3}55501\d\d|\+447700900\d{3}", number)


def test_names_are_not_only_ascii(stream: list[dict[str, Any]]) -> None:
    text = json.dumps(stream, ensure_ascii=False)
    assert "João" in text
    assert "Promoção" in text
    assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", text)


def test_no_value_is_null(stream: list[dict[str, Any]]) -> None:
    assert "null" not in json.dumps(stream)


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        (EMAIL + "Delivery", EMAIL + "Send"),
        (EMAIL + "Open", EMAIL + "Delivery"),
        (EMAIL + "Click", EMAIL + "Open"),
        (EMAIL + "Unsubscribe", EMAIL + "Open"),
        ("users.messages.pushnotification.Open", "users.messages.pushnotification.Send"),
        ("users.messages.sms.Delivery", "users.messages.sms.CarrierSend"),
        ("users.messages.contentcard.Click", "users.messages.contentcard.Impression"),
        ("users.messages.whatsapp.Read", "users.messages.whatsapp.Delivery"),
    ],
)
def test_what_follows_has_its_cause_before_it(stream: list[dict[str, Any]], later: str, earlier: str) -> None:
    causes: dict[str, dict[str, Any]] = {}
    followed = 0
    for event in stream:
        user_id = event["user"].get("user_id", "")
        if event["event_type"] == earlier:
            causes[user_id] = event
        elif event["event_type"] == later:
            cause = causes[user_id]
            shared = SHARED_IDS & event["properties"].keys() & cause["properties"].keys()
            assert shared
            assert {name: event["properties"][name] for name in shared} == {
                name: cause["properties"][name] for name in shared
            }
            assert cause["time"] < event["time"]
            followed += 1
    assert followed


def test_a_message_comes_from_a_campaign_or_a_canvas_never_both(stream: list[dict[str, Any]]) -> None:
    for event in stream:
        assert not {"campaign_id", "canvas_id"} <= event["properties"].keys()


def test_sessions_begin_then_end_one_at_a_time(stream: list[dict[str, Any]]) -> None:
    ended = 0
    for events in by_user(stream).values():
        running: dict[str, Any] | None = None
        for event in events:
            if event["event_type"] == "users.behaviors.app.SessionStart":
                assert running is None
                running = event
            elif event["event_type"] == "users.behaviors.app.SessionEnd":
                assert running is not None
                assert event["properties"]["session_id"] == running["properties"]["session_id"]
                assert event["properties"]["duration"] == event["time"] - running["time"]
                running, ended = None, ended + 1
    assert ended > 1000


def test_a_first_session_comes_once_and_first(stream: list[dict[str, Any]]) -> None:
    counted = 0
    for events in by_user(stream).values():
        names = [event["event_type"] for event in events]
        first = names.count("users.behaviors.app.FirstSession")
        counted += first
        assert first == 0 or (first == 1 and "users.behaviors.app.FirstSession" in names[:2])
    assert counted > 20


def test_who_unsubscribed_gets_email_only_after_coming_back(stream: list[dict[str, Any]]) -> None:
    farewells = 0
    for events in by_user(stream).values():
        silent = False
        for event in events:
            if event["event_type"] == EMAIL + "Unsubscribe":
                silent, farewells = True, farewells + 1
            elif event["event_type"] == "users.behaviors.subscription.GlobalStateChange":
                silent = event["properties"]["subscription_status"] == "unsubscribed"
            assert not (silent and event["event_type"] == EMAIL + "Send")
    assert farewells


def test_a_conversion_follows_a_purchase(stream: list[dict[str, Any]]) -> None:
    converted = 0
    for events in by_user(stream).values():
        bought_at = 0
        for event in events:
            if event["event_type"] == "users.behaviors.Purchase":
                bought_at = event["time"]
            elif event["event_type"].endswith(("campaigns.Conversion", "canvas.Conversion")):
                assert 0 < event["time"] - bought_at < 600
                converted += 1
    assert converted > 20


def test_shares_are_plausible(stream: list[dict[str, Any]]) -> None:
    counts = Counter(event["event_type"] for event in stream)
    assert 0.9 < counts[EMAIL + "Delivery"] / counts[EMAIL + "Send"] < 1
    assert 0.25 < counts[EMAIL + "Open"] / counts[EMAIL + "Delivery"] < 0.55
    assert counts[EMAIL + "Bounce"] < counts[EMAIL + "Send"] / 20
    assert len(counts) > 80


@pytest.mark.parametrize("wrong", [{"count": -1}, {"users": 0}, {"users": 1_000_001}])
def test_numbers_out_of_range_are_usage_errors(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError) as caught:
        SampleSpec(**wrong)  # type: ignore[arg-type]
    assert caught.value.remedy
