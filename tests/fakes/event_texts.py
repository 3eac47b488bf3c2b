"""Events as JSON texts: one good one, what is easily made of it, and strategies for any others."""

import json

from hypothesis import strategies as st

from heap_tui.currents import rawjson
from heap_tui.currents.event import Event, Rejected, decode
from tests.fakes import json_texts

GOOD = (
    b'{"event_type":"users.messages.email.Click","id":"a-1","time":1700000000,"user":{"user_id":"u"},"properties":{}}'
)
EVENT_TYPE = "users.messages.email.Click"


def without(field: str) -> bytes:
    return json.dumps({key: value for key, value in json.loads(GOOD).items() if key != field}).encode()


def with_value(field: str, value: bytes) -> bytes:
    return rawjson.join({**rawjson.members(GOOD), field: value}.items())


def fate(line: bytes, hint: str = "") -> Event | str:
    """The event, or why there is none."""
    try:
        return decode(line, hint)
    except Rejected as error:
        return str(error)


numbers = st.integers(0, 2**40).map(lambda n: str(n).encode()) | st.sampled_from(
    (b"1.5", b"1e9", b"-1", b"1e400", b"9" * 40)
)
filled = json_texts.strings.filter(lambda text: text != b'""')
other_names = json_texts.strings.filter(
    lambda key: json.loads(key) not in ("id", "event_type", "time", "user", "properties")
)


@st.composite
def http_pairs(draw: st.DrawFn, values: st.SearchStrategy[bytes]) -> list[json_texts.Pair]:
    """The members of an HTTP-shaped event, in any order, with `values` in all places for values."""
    user = draw(json_texts.pair_lists(values, json_texts.strings.filter(lambda key: key != b'"external_user_id"')))
    if draw(st.booleans()):
        user.append((b'"external_user_id"', draw(json_texts.strings)))
    pairs = [
        (b'"id"', draw(filled)),
        (b'"event_type"', draw(filled)),
        (b'"time"', draw(numbers)),
        (b'"user"', draw(json_texts.objects(user))),
        (b'"properties"', draw(json_texts.objects(draw(json_texts.pair_lists(values))))),
        *draw(json_texts.pair_lists(values, other_names)),
    ]
    return draw(st.permutations(pairs))
