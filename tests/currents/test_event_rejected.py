from itertools import pairwise

import pytest

from heap_tui.currents.event import MAX_EVENT_BYTES, Event, Rejected, decode
from tests.fakes.event_texts import GOOD, fate, with_value, without

REJECTED = [
    (b"", "JSON object"),
    (b" ", "JSON object"),
    (b"[]", "JSON object"),
    (b"[" + GOOD + b"]", "JSON object"),
    (b"1", "JSON object"),
    (b"null", "JSON object"),
    (b'"x"', "JSON object"),
    (b"{", "not an event"),
    (GOOD + GOOD, "not an event"),
    (GOOD[:-1], "not an event"),
    (GOOD.replace(b"{}", b'{"a":NaN}'), "NaN"),
    (GOOD.replace(b"{}", b'{"a":Infinity}'), "Infinity"),
    (GOOD.replace(b"{}", b'{"a":[-Infinity]}'), "-Infinity"),
    (GOOD.replace(b"{}", b'{"a":"\x00"}'), "not an event"),
    (GOOD.replace(b"{}", b'{"a":"\xff"}'), "UTF-8"),
    (GOOD.replace(b"{}", b'{"a":"\xed\xa0\x80"}'), "UTF-8"),
    (GOOD.decode().encode("utf-16"), "UTF-8"),
    (b"\xef\xbb\xbf" + GOOD, "byte order mark"),
    *((without(field), f"{field} is missing") for field in ("id", "event_type", "time")),
    *((with_value(field, b"null"), f"{field} is missing") for field in ("id", "event_type", "time")),
    *((with_value(field, b'""'), field) for field in ("id", "event_type")),
    *(
        (with_value(field, value), field)
        for field in ("id", "event_type")
        for value in (b"1", b"true", b"{}", b'["a"]')
    ),
    *((with_value("time", value), "time") for value in (b"true", b'"1700000000"', b"[]", b"{}", b'""')),
    (b'{"id":"a","event_type":"t","time":true}', "time"),
    (b'{"id":"","event_type":"t","time":1}', "id"),
    (b'{"id":"a","time":1}', "event_type"),
    (b'{"event_type":"t","time":1}', "id"),
    (b"{}", "id"),
]


@pytest.mark.parametrize(("line", "reason"), REJECTED)
def test_what_is_no_event_is_rejected_with_a_reason_that_names_the_field(line: bytes, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode(line)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "start", [GOOD[:-2], GOOD[:-2].replace(b"u", b"\\ud800"), b'{"id":"a","event_type":"t","time":1']
)
def test_an_event_is_as_large_as_braze_sends_it_and_no_larger(start: bytes) -> None:
    end = b'"}}' if start.startswith(GOOD[:13]) else b'"}'
    begin = start + (b'"a":"' if end == b'"}}' else b',"a":"')
    fitting = begin + b"x" * (MAX_EVENT_BYTES - len(begin) - len(end)) + end
    if end == b'"}}':
        assert decode(fitting).raw is fitting
    with pytest.raises(Rejected, match=str(MAX_EVENT_BYTES)):
        decode(fitting.replace(b'"x', b'"xx'))


def nested(depth: int, shape: int) -> bytes:
    inside = (b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth)[shape % 2]
    begin = (
        GOOD[:-2] + b'"p":',
        b'{"id":"a","event_type":"t","time":1,"p":',
        b'{"id":"a","event_type":"t","time":1,"q":null,"p":',
    )
    return begin[shape // 2] + inside + (b"}}" if shape // 2 == 0 else b"}")


@pytest.mark.parametrize("shape", range(6))
def test_deep_nesting_is_accepted_or_rejected_but_never_a_crash(shape: int) -> None:
    fates = [fate(nested(depth, shape)) for depth in (1, 50, *range(300, 1100, 7), 10_000, 200_000)]
    accepted = [isinstance(event, Event) for event in fates]
    assert accepted[0]
    assert not accepted[-1]
    assert all(shallower or not deeper for shallower, deeper in pairwise(accepted))
    assert {event for event in fates if isinstance(event, str)} == {"nested too deeply"}
