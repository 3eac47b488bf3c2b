"""Every key of a TOML text has its line."""

import tomllib
from typing import Any

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.config.lines import dotted, line_numbers, line_of

TEXT = '''\
# comment with [brackets] and = signs
version = 1

[profiles.production]   # header
name = "a # b"
text = """
[not.a.table]
key = "no"
"""
[profiles.production.events]
include = [ # first
  "a",
  # between
  "b", ]
[[profiles.production.sources]]
uri = 'a'
[[profiles.production.sources]]
"uri" = "b"
[profiles.production.sources.more]
deep = {x = 1, "y.z" = [1, {w = 2}]}
[profiles.b]
destination.kind = "webhook"
destination . "endpoint" = "e"
date = 1979-05-27 07:32:00
'''


def test_tables_keys_items_and_dotted_keys_have_their_lines() -> None:
    lines = line_numbers(TEXT)
    source = ("profiles", "production", "sources")
    expected = {
        ("version",): 2,
        ("profiles", "production"): 4,
        ("profiles", "production", "name"): 5,
        ("profiles", "production", "text"): 6,
        ("profiles", "production", "events", "include"): 11,
        ("profiles", "production", "events", "include", 1): 14,
        (*source, 0, "uri"): 16,
        (*source, 1): 17,
        (*source, 1, "uri"): 18,
        (*source, 1, "more", "deep", "x"): 20,
        (*source, 1, "more", "deep", "y.z", 1, "w"): 20,
        ("profiles", "b", "destination"): 22,
        ("profiles", "b", "destination", "endpoint"): 23,
        ("profiles", "b", "date"): 24,
    }
    assert {path: lines.get(path) for path in expected} == expected


def test_what_has_no_line_has_that_of_the_table_around_it() -> None:
    lines = line_numbers(TEXT)
    assert line_of(lines, ("profiles", "b", "delivery", "rate")) == 21
    assert line_of(lines, ("nowhere",)) == 0


def test_paths_are_written_with_items_counted_from_one() -> None:
    assert dotted(("profiles", "p", "sources", 0, "uri")) == "profiles.p.sources[1].uri"


_scalars = st.one_of(st.booleans(), st.integers(-9, 9), st.text(max_size=8), st.floats(allow_nan=False))
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in [(*path, key), *_paths(item, (*path, key))]]


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), _values, max_size=4))
def test_every_path_of_any_document_has_a_line_within_the_text(plain: dict[str, Any]) -> None:
    text = tomlkit.dumps(plain)
    lines = line_numbers(text)
    for path in _paths(tomllib.loads(text)):
        assert 1 <= lines[path] <= text.count("\n") + 1
