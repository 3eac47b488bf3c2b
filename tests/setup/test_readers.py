"""Single answers of a set-up: what is taken, and the words for what is not."""

from pathlib import Path

import pytest

from heap_tui.setup import readers
from heap_tui.setup.answers import Answers, profile_key
from heap_tui.setup.readers import AnswerError

NOBODY = Answers()


@pytest.mark.parametrize("raw", ["y", "YES", "true", "s", "sim", True, " 1 "])
def test_yes_in_both_languages(raw: str | bool) -> None:
    assert readers.yes_or_no(raw, NOBODY) is True


@pytest.mark.parametrize("raw", ["n", "No", "false", "não", "nao", False])
def test_no_in_both_languages(raw: str | bool) -> None:
    assert readers.yes_or_no(raw, NOBODY) is False


def test_anything_else_is_neither_yes_nor_no() -> None:
    with pytest.raises(AnswerError, match="yes or no"):
        readers.yes_or_no("maybe", NOBODY)


def test_an_endpoint_loses_only_the_space_around_it() -> None:
    assert readers.endpoint(" https://heap.example/x?y=1 ", NOBODY) == "https://heap.example/x?y=1"


def test_plain_http_is_refused_unless_the_profile_allows_it() -> None:
    with pytest.raises(AnswerError, match="not encrypted"):
        readers.endpoint("http://heap.example/", NOBODY)
    assert readers.endpoint("http://heap.example/", Answers(insecure_http=True)) == "http://heap.example/"


@pytest.mark.parametrize("raw", ["two words", '"quoted"', "Bearer abc", "tökens"])
def test_what_can_be_no_token_is_refused_without_being_repeated(raw: str) -> None:
    with pytest.raises(AnswerError) as caught:
        readers.token(raw, NOBODY)
    assert raw not in caught.value.words


def test_field_names_may_have_spaces_in_a_flag_and_between_commas() -> None:
    assert readers.fields(("Favorite Color", "phone"), NOBODY) == ("Favorite Color", "phone")
    assert readers.fields("Favorite Color, phone,", NOBODY) == ("Favorite Color", "phone")


@pytest.mark.parametrize("raw", ["none", ("",), (), "", " , "])
def test_lists_can_be_emptied(raw: str | tuple[str, ...]) -> None:
    assert readers.globs_to_leave_out(raw, NOBODY) == ()


def test_repeated_items_count_once() -> None:
    assert readers.globs_to_leave_out("a b a", NOBODY) == ("a", "b")


def test_delivering_nothing_at_all_is_refused() -> None:
    with pytest.raises(AnswerError, match="at least one"):
        readers.globs_to_deliver("none", NOBODY)


@pytest.mark.parametrize("raw", ["", "a\nb", "x" * 201])
def test_a_name_is_a_short_line(raw: str) -> None:
    with pytest.raises(AnswerError):
        readers.name(raw, NOBODY)


def test_relative_sources_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "events, all.ndjson").touch()
    monkeypatch.chdir(tmp_path)
    assert readers.sources("events, all.ndjson", NOBODY) == (f"{tmp_path}/events, all.ndjson",)
    assert readers.sources([f"file:{tmp_path}", "*.ndjson"], NOBODY) == (str(tmp_path), f"{tmp_path}/*.ndjson")


def test_a_home_directory_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "export").mkdir()
    assert readers.sources("~/export", NOBODY) == (f"{tmp_path}/export",)


@pytest.mark.parametrize(
    "raw", ["/gone/events.ndjson", "/gone/*.avro", "s3://bucket/x", "listen:0.0.0.0:80", "ftp://x"]
)
def test_sources_that_cannot_be_read_are_refused(raw: str) -> None:
    with pytest.raises(AnswerError):
        readers.sources(raw, NOBODY)


def test_sources_without_a_file_are_kept_as_they_are() -> None:
    assert readers.sources(["sample:?count=5", "-"], NOBODY) == ("sample:?count=5", "-")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Heap production export", "heap-production-export"),
        ("Heap produção", "heap-producao"),
        ("  --x__y--  ", "x-y"),
        ("日本", "default"),
        ("", "default"),
        ("a" * 63 + " b", "a" * 63),
    ],
)
def test_a_profile_is_keyed_by_its_name(name: str, key: str) -> None:
    assert profile_key(name) == key
