"""Globs over event type names."""

import fnmatch

from hypothesis import given
from hypothesis import strategies as st

from heap_tui.currents.globs import compile_globs

names = st.text(alphabet="abAB._-", max_size=12)
patterns = st.text(alphabet="abAB.*?[]!-\\", max_size=8)


def test_a_star_crosses_dots() -> None:
    selected = compile_globs(["users.messages.*"])
    assert selected("users.messages.email.Click")
    assert not selected("users.behaviors.Purchase")


def test_a_dot_is_only_a_dot() -> None:
    assert not compile_globs(["users.messages.email.Click"])("usersXmessagesXemailXClick")


def test_case_matters() -> None:
    assert not compile_globs(["users.messages.email.click"])("users.messages.email.Click")


def test_the_whole_name_must_match() -> None:
    assert not compile_globs(["users.messages"])("users.messages.email.Click")
    assert not compile_globs(["email.*"])("users.messages.email.Click")


def test_no_glob_selects_nothing() -> None:
    assert not compile_globs([])("users.behaviors.Purchase")


def test_exclusion_wins() -> None:
    selected = compile_globs(["users.*"], ["*.Abort"])
    assert selected("users.messages.email.Send")
    assert not selected("users.messages.email.Abort")


@given(names, st.lists(patterns, max_size=4), st.lists(patterns, max_size=4))
def test_it_agrees_with_shell_globs_one_by_one(name: str, include: list[str], exclude: list[str]) -> None:
    expected = any(fnmatch.fnmatchcase(name, glob) for glob in include) and not any(
        fnmatch.fnmatchcase(name, glob) for glob in exclude
    )
    assert compile_globs(include, exclude)(name) is expected


@given(names, names)
def test_a_trailing_star_means_begins_with(prefix: str, name: str) -> None:
    assert compile_globs([prefix + "*"])(name) is name.startswith(prefix)


@given(names, st.lists(patterns, max_size=4))
def test_the_order_of_globs_does_not_matter(name: str, globs: list[str]) -> None:
    assert compile_globs(globs)(name) is compile_globs(globs[::-1])(name)
