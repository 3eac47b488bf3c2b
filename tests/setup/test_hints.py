"""Oddities of answers: warnings, never errors."""

from heap_tui.setup.answers import Answers
from heap_tui.setup.hints import hints, unmatched_globs


def test_ordinary_answers_give_no_hint() -> None:
    answers = Answers(
        events=("users.messages.*",), exclude=("*.Abort",), remove=("phone_number",), hash=("email_address",)
    )
    assert list(hints(answers)) == []


def test_a_glob_that_matches_nothing_known_is_named_with_its_flag() -> None:
    (words,) = unmatched_globs("--events", ["users.mesages.*", "users.messages.*"])
    assert "--events: users.mesages.*" in words


def test_a_field_that_no_type_has_is_named() -> None:
    (words,) = hints(Answers(remove=("fone",), hash=("email_address",)))
    assert "--remove" in words
    assert "fone" in words


def test_a_field_of_the_envelope_is_never_changed() -> None:
    (words,) = hints(Answers(hash=("id",)))
    assert "--hash: id" in words


def test_delivering_no_known_type_is_said() -> None:
    assert any("No event type" in words for words in hints(Answers(exclude=("*",))))
