"""Counting in bounded memory, against a model."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.sandbox.body import Received
from heap_tui.sandbox.tally import LAST_EVENTS, OTHER_TYPES, TYPE_CAP, Tally, Warned, warning_text

IDS = st.sampled_from("abcdefghij") | st.text(st.characters(), min_size=1, max_size=3)
STREAMS = st.lists(st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), IDS), max_size=6), max_size=20)


def event(event_type: str = "t", event_id: str = "i", time: float = 1.0) -> Received:
    return Received(event_type, event_id, time, b"{}")


def fed(batches: list[list[tuple[str, str]]], id_cap: int) -> Tally:
    tally = Tally(id_cap)
    for batch in batches:
        tally.accept([event(*pair) for pair in batch])
    return tally


@given(STREAMS)
def test_counts_equal_those_of_a_model(batches: list[list[tuple[str, str]]]) -> None:
    report = fed(batches, id_cap=1000).report()
    flat = [pair for batch in batches for pair in batch]
    unique = {event_id for _type, event_id in flat}
    assert (report.events, report.unique, report.unchecked) == (len(flat), len(unique), 0)
    assert report.duplicates == len(flat) - len(unique)
    assert report.by_type == dict(Counter(event_type for event_type, _id in flat))
    assert [(last.event_type, last.id) for last in report.last_events] == flat[-LAST_EVENTS:]


@given(STREAMS, st.integers(0, 8))
def test_the_counts_balance_when_the_memory_for_ids_is_full(batches: list[list[tuple[str, str]]], id_cap: int) -> None:
    report = fed(batches, id_cap).report()
    distinct = {event_id for batch in batches for _type, event_id in batch}
    assert report.events == report.unique + report.duplicates + report.unchecked
    assert report.unique == min(id_cap, len(distinct))
    assert (report.unchecked > 0) is (len(distinct) > id_cap)
    assert (Warned.IDS_FULL in report.warnings) is (report.unchecked > 0)


def test_duplicates_are_no_longer_looked_for_once_the_memory_is_full() -> None:
    tally = Tally(id_cap=2)
    tally.accept([event(event_id=name) for name in ["a", "a", "b", "c", "a"]])
    tally.accept([event(event_id="a")])
    report = tally.report()
    assert (report.unique, report.duplicates, report.unchecked) == (2, 1, 3)
    assert report.warnings == {"ids_full": 2}


def test_invented_types_are_grouped_beyond_the_cap() -> None:
    tally = Tally(id_cap=10)
    tally.accept([event(f"type{number}") for number in range(TYPE_CAP + 30)])
    tally.accept([event("type0")])
    report = tally.report()
    assert len(report.by_type) == TYPE_CAP + 1
    assert report.by_type["type0"] == 2
    assert report.by_type[OTHER_TYPES] == 30
    assert report.warnings["types_full"] == 1


def test_long_texts_are_shortened_but_ids_are_compared_whole() -> None:
    tally = Tally(id_cap=10)
    tally.accept([event("t" * 5000, "i" * 5000), event("t" * 5000, "i" * 5000 + "j")])
    report = tally.report()
    assert report.unique == 2
    assert {len(text) for last in report.last_events for text in (last.event_type, last.id)} == {200}


def test_requests_balance_with_answers() -> None:
    tally = Tally(id_cap=10)
    for status, size in [(200, 10), (503, 5), (None, 7), (200, 1)]:
        tally.answered(status, size)
    report = tally.report()
    assert (report.requests, report.by_status, report.unanswered, report.bytes) == (
        4,
        {200: 2, 503: 1},
        1,
        23,
    )


def test_a_report_is_plain_json_and_does_not_change_later() -> None:
    tally = Tally(id_cap=10)
    tally.answered(200, 2)
    tally.accept([event(event_id="\ud800")])
    before = tally.report()
    plain = before.as_dict()
    tally.accept([event(event_id="b")])
    assert before.events == 1
    assert json.loads(json.dumps(plain)) == plain
    assert plain["by_status"] == {"200": 1}
    assert plain["last_events"] == [{"event_type": "t", "id": "\ud800", "time": 1.0}]


@pytest.mark.parametrize("name", [warning.value for warning in Warned])
def test_every_warning_has_words(name: str) -> None:
    assert warning_text(name)
