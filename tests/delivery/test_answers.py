import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui import redact
from heap_tui.delivery.answers import (
    MAX_BODY_KEPT,
    Answer,
    Failure,
    FailureKind,
    body_excerpt,
    parse_retry_after,
    refusals_in,
)

NOW = 1_800_000_000.0
TEN_YEARS_S = 10 * 365 * 86_400.0
TOKEN = "tok-ABCDEF~123456789+/xyz="


@pytest.fixture(autouse=True)
def registered_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redact, "_forms", frozenset())
    monkeypatch.setattr(redact, "_registered", None)
    redact.register_secret(TOKEN)


@given(st.integers(0, 10**40), st.text(" \t", max_size=2), st.integers(0, 30))
def test_retry_after_in_seconds_is_obeyed_up_to_ten_years(seconds: int, white: str, zeros: int) -> None:
    header = f"{white}{'0' * zeros}{seconds}{white}"
    assert parse_retry_after(header, NOW) == min(float(seconds), TEN_YEARS_S)


@given(st.integers(-(10**9), 10**9))
def test_retry_after_as_a_date_is_the_time_until_then_and_never_negative(offset_s: int) -> None:
    header = format_datetime(datetime.fromtimestamp(NOW + offset_s, UTC), usegmt=True)
    assert parse_retry_after(header, NOW) == min(max(0.0, float(offset_s)), TEN_YEARS_S)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("Fri, 15 Jan 2027 08:00:10 GMT", 10.0),
        ("Friday, 15-Jan-27 08:00:10 GMT", 10.0),
        ("Fri Jan 15 08:00:10 2027", 10.0),
        ("Fri, 15 Jan 2027 10:00:10 +0200", 10.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", TEN_YEARS_S),
        ("Mon, 01 Jan 1900 00:00:00 GMT", 0.0),
        (None, None),
        ("", None),
        (" ", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("5 seconds", None),
        ("٣", None),
        ("Fri, 99 Foo 2027 99:99:99 GMT", None),
    ],
)
def test_retry_after_in_other_forms(header: str | None, wanted: float | None) -> None:
    assert parse_retry_after(header, NOW) == wanted


@given(
    st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{1,9} ([A-Z]{3}|[+-][0-9]{4})")
)
def test_no_header_is_a_crash_or_asks_for_a_time_before_now(header: str) -> None:
    wait_s = parse_retry_after(header, NOW)
    assert wait_s is None or 0.0 <= wait_s <= TEN_YEARS_S


@given(st.binary(max_size=5000))
def test_an_excerpt_is_printable_and_bounded(body: bytes) -> None:
    text = body_excerpt(body)
    assert len(text) <= MAX_BODY_KEPT
    assert all(char.isprintable() or char == "\n" for char in text)
    assert text.encode("utf-8").decode() == text


def test_an_excerpt_is_the_start_of_the_body() -> None:
    assert body_excerpt('{"error":"não"}\n\x1b[31m\x00'.encode()) == '{"error":"não"}\n [31m '
    assert body_excerpt(b"x" * 5000) == "x" * MAX_BODY_KEPT


@given(st.integers(0, 3 * MAX_BODY_KEPT), st.sampled_from([TOKEN, json.dumps({"a": TOKEN}), f"Bearer {TOKEN}"]))
def test_the_token_is_never_in_an_excerpt_not_even_its_beginning(before: int, secret: str) -> None:
    text = body_excerpt(b"-" * before + secret.encode() + b"-" * 5000)
    assert TOKEN[:8] not in text


def test_a_long_body_is_looked_at_only_as_far_as_needed() -> None:
    assert body_excerpt(b"\x00" * 10_000_000) == " " * MAX_BODY_KEPT


def test_an_unregistered_bearer_token_is_redacted_too() -> None:
    assert "abcdefgh" not in body_excerpt(b'{"headers":{"Authorization":"Bearer abcdefgh"}}')


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"errors": [{"id": "a", "reason": "bad"}]}, {"errors": [{"id": "a", "reason": "bad"}]}),
        ({"failed": 3, "accepted": 97}, {"failed": 3}),
        ({"error": "no", "rejected": ["a"]}, {"error": "no", "rejected": ["a"]}),
        ({"success": False, "message": "x"}, {"success": False}),
        ({"invalid_events": {"a": 1}}, {"invalid_events": {"a": 1}}),
        ({"errors": ["\ud800"]}, {"errors": ["?"]}),
        ({"errors": [], "failed": 0, "error": None, "rejected": "", "success": True}, None),
        ({"status": "ok"}, None),
        ({}, None),
        ([{"errors": [1]}], None),
        ("errors", None),
    ],
)
def test_what_an_answer_says_about_refused_events_is_told(body: Any, told: Any) -> None:
    text = refusals_in(json.dumps(body).encode())
    assert (json.loads(text) if text else None) == told


@pytest.mark.parametrize("body", [b"", b"OK", b"{", b'{"errors":', b"<html>{}</html>", b'{"a":' * 100_000, b"\xff{}"])
def test_an_answer_that_is_no_json_says_nothing(body: bytes) -> None:
    assert refusals_in(body) == ""


def test_an_answer_that_is_not_quite_json_still_tells() -> None:
    assert json.loads(refusals_in(b'\n {"errors":["\xff"],"a":1e400,"b":NaN}')) == {
        "errors": ["\N{REPLACEMENT CHARACTER}"]
    }


@given(st.binary(max_size=200))
def test_no_body_is_a_crash(body: bytes) -> None:
    assert isinstance(refusals_in(b"{" + body), str)


def test_refusals_are_bounded_and_redacted() -> None:
    text = refusals_in(json.dumps({"errors": [f"wrong token {TOKEN}"] * 1000}).encode())
    assert len(text) <= MAX_BODY_KEPT
    assert TOKEN not in text
    assert "wrong token" in text


def test_outcomes_are_values() -> None:
    assert Answer(200) == Answer(200)
    assert Failure(FailureKind.DNS) != Failure(FailureKind.CONNECT)
    assert not Failure(FailureKind.RESET).maybe_delivered
