"""Edited TOML means what was wanted, and keeps what people wrote."""

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.config.toml import canonical, edited_toml

HEADERS = """\
# top
version = 1 # v

# about p
[profiles.p]
name = "A" # n
unknown = 3
# destination
[profiles.p.destination] # header
kind = "webhook" # k
[profiles.p.events]
include = [ # inc
  "x.*", # one
  # before two
  "y.*", # two
]
[[profiles.p.sources]] # s1
uri = "a" # ua
[[profiles.p.sources]]
# in s2
uri = "b"
# about delivery
[profiles.p.delivery]
batch_size = 1_0
# about q
[profiles.q.destination]
kind = "webhook"
# end
"""
DOTTED = 'profiles.p.name = "A" # n\nprofiles.p.destination.kind = "webhook" # k\nprofiles.p.events.include = ["a"]\n'
INLINE = """\
[profiles]
p = {name = "A", destination = {kind = "webhook"}, sources = [{uri = "a"}, {uri = "b"}]} # c
q = {destination = {kind = "webhook"}}
"""
MIXED = """\
[profiles.p]
destination = {kind = "webhook"} # c
sources = [
 {uri = "a"}, # one
 {uri = "b"}, # two
]
delivery.batch_size = 3 # x
[profiles.q.destination]
kind = "webhook"
[profiles.p.transform]
remove = []
"""
STYLES = [HEADERS, DOTTED, INLINE, MIXED]

_texts = st.lists(st.sampled_from(["x.*", "y.*", "a", "b", "c"]), min_size=1, max_size=4)
_changes = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["A", "B", None]),
        "delivery": st.fixed_dictionaries({"batch_size": st.integers(1, 9)}, optional={"rate": st.floats(0.5, 9)}),
        "events": st.none() | st.fixed_dictionaries({"include": _texts}),
        "sources": st.none() | _texts.map(lambda uris: [{"uri": uri} for uri in uris]),
        "transform": st.fixed_dictionaries({"hash": _texts}),
    },
)


def _changed(text: str, key: str, changes: dict[str, Any]) -> dict[str, Any]:
    plain = tomllib.loads(text)
    table = {**plain["profiles"].get(key, {"destination": {"kind": "track"}}), **changes}
    plain["profiles"][key] = {name: value for name, value in table.items() if value is not None}
    return plain


@settings(deadline=None)
@given(st.sampled_from(STYLES), st.sampled_from(["p", "q", "new"]), _changes)
def test_edited_text_reads_back_as_what_was_wanted(text: str, key: str, changes: dict[str, Any]) -> None:
    if text is DOTTED:
        # Removing a table of dotted keys is beyond tomlkit; see the test of the refusal.
        changes = {name: value for name, value in changes.items() if value is not None}
    wanted = _changed(text, key, changes)
    assert tomllib.loads(edited_toml(text, wanted)) == wanted


@pytest.mark.parametrize("text", STYLES)
def test_nothing_wanted_changes_nothing(text: str) -> None:
    assert edited_toml(text, tomllib.loads(text)) == text


@settings(deadline=None)
@given(_changes)
def test_comments_of_what_stays_survive(changes: dict[str, Any]) -> None:
    lines = iter(edited_toml(HEADERS, _changed(HEADERS, "q", changes)).splitlines())
    assert all(line in lines for line in HEADERS.splitlines() if line != "[profiles.q.destination]")


def test_comments_beside_changed_values_survive() -> None:
    wanted = tomllib.loads(HEADERS)
    wanted["profiles"]["p"]["name"] = "B"
    wanted["profiles"]["p"]["events"]["include"] = ["y.*", "z.*"]
    wanted["profiles"]["p"]["sources"][1]["uri"] = "c"
    wanted["profiles"]["p"]["delivery"]["rate"] = 5.0
    result = edited_toml(HEADERS, wanted)
    for kept in (
        'name = "B" # n',
        "  # before two\n",
        '"y.*", # two',
        "# in s2\nuri",
        "batch_size = 1_0",
        "# about q\n[",
    ):
        assert kept in result


def test_a_comment_above_a_table_survives_the_table_before_it() -> None:
    wanted = tomllib.loads(HEADERS)
    del wanted["profiles"]["p"]["sources"]
    assert "# about delivery\n[profiles.p.delivery]" in edited_toml(HEADERS, wanted)
    del wanted["profiles"]["p"]
    result = edited_toml(HEADERS, wanted)
    assert "# about q\n[profiles.q.destination]" in result
    assert "# top" in result
    assert "# in s2" not in result


def test_line_ends_of_windows_survive() -> None:
    text = 'version = 1 # v\r\n[profiles.p]\r\nname = "A"\r\n'
    wanted = {"version": 1, "profiles": {"p": {"name": "B"}}}
    assert edited_toml(text, wanted) == text.replace('"A"', '"B"')


def test_what_tomlkit_would_garble_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be edited"):
        edited_toml(DOTTED, {"profiles": {"p": {"destination": {"kind": "webhook"}}}})


def test_what_toml_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be edited"):
        edited_toml("a = 1", {"a": None})


def test_one_meaning_has_one_text() -> None:
    assert canonical({"a": float("nan"), "b": [1]}) == canonical({"b": [1], "a": float("nan")})
    assert len({canonical(1), canonical(1.0), canonical(True), canonical("1")}) == 4
