"""The token: the order it is looked for, what it may be, and that it never shows itself."""

import logging
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.config.model import Destination, Profile
from heap_tui.config.secrets import Token, resolve_token, store_token, validate_token
from heap_tui.errors import UsageError
from heap_tui.redact import redact

KEYRING = Token("from-keyring", "keyring (test)")


def _profile(token: str = "keyring") -> Profile:
    return Profile("p", "P", Destination("webhook", "https://h", token=token))  # type: ignore[arg-type]


def _holds(account: str) -> Token | None:
    assert account == "p"
    return KEYRING


def _empty(account: str) -> Token | None:
    return None


def _unasked(account: str) -> Token | None:
    pytest.fail("the keyring was asked")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("from-file\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("profile", [None, _profile("keyring"), _profile("env"), _profile("none")])
def test_the_variable_wins_over_file_and_keyring(profile: Profile | None, file: Path) -> None:
    environ = {"HEAP_TUI_TOKEN": "from-variable", "HEAP_TUI_TOKEN_FILE": str(file)}
    assert resolve_token(profile, environ, _unasked) == Token("from-variable", "environment variable HEAP_TUI_TOKEN")


@pytest.mark.parametrize("profile", [None, _profile("keyring"), _profile("env"), _profile("none")])
def test_the_file_wins_over_the_keyring(profile: Profile | None, file: Path) -> None:
    environ = {"HEAP_TUI_TOKEN": "", "HEAP_TUI_TOKEN_FILE": str(file)}
    assert resolve_token(profile, environ, _unasked) == Token("from-file", f"file {file}")


def test_the_keyring_is_asked_last() -> None:
    assert resolve_token(_profile(), {}, _holds) == KEYRING


def test_a_destination_without_a_token_asks_nobody() -> None:
    assert resolve_token(None, {}, _unasked) is None
    assert resolve_token(_profile("none"), {}, _unasked) is None


def test_the_track_api_gets_no_token_of_another_destination() -> None:
    track = Profile("p", "P", Destination("track", app_id="1"))
    assert resolve_token(track, {"HEAP_TUI_TOKEN": "abc"}, _unasked) is None


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(UsageError, match="neither HEAP_TUI_TOKEN nor HEAP_TUI_TOKEN_FILE is set"):
        resolve_token(_profile("env"), {}, _unasked)


def test_an_empty_keyring_says_how_to_store_a_token() -> None:
    with pytest.raises(UsageError, match="holds no token for profile p") as caught:
        resolve_token(_profile(), {}, _empty)
    assert "--token-stdin" in caught.value.remedy


@pytest.mark.parametrize("content", ["tok\n", "tok\r\n", "tok"])
def test_one_line_break_at_the_end_of_a_token_file_is_no_part_of_it(file: Path, content: str) -> None:
    file.write_bytes(content.encode())
    token = resolve_token(None, {"HEAP_TUI_TOKEN_FILE": str(file)})
    assert token is not None
    assert token.value == "tok"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"a\n\n", "line break"), (b"\xff\xfe", "it is not text")],
)
def test_a_token_file_without_a_token_is_named(file: Path, content: bytes, words: str) -> None:
    file.write_bytes(content)
    with pytest.raises(UsageError, match=words) as caught:
        resolve_token(None, {"HEAP_TUI_TOKEN_FILE": str(file)})
    assert str(file) in caught.value.message


def test_a_token_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(UsageError, match=f"{path}, named by HEAP_TUI_TOKEN_FILE, cannot be read"):
            resolve_token(None, {"HEAP_TUI_TOKEN_FILE": str(path)})


def test_a_token_file_open_to_others_is_a_warning(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    environ = {"HEAP_TUI_TOKEN_FILE": str(file)}
    with caplog.at_level(logging.WARNING):
        resolve_token(None, environ)
        assert not caplog.records
        file.chmod(0o640)
        for _ in range(2):
            resolve_token(None, environ)
    assert len(caplog.records) == 1
    assert f"chmod 600 {file}" in caplog.text


def test_a_token_file_may_be_a_pipe() -> None:
    read, write = os.pipe()
    os.write(write, b"from-pipe\n")
    os.close(write)
    try:
        token = resolve_token(None, {"HEAP_TUI_TOKEN_FILE": f"/dev/fd/{read}"})
    finally:
        os.close(read)
    assert token is not None
    assert token.value == "from-pipe"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (" abc", "begins or ends with a space"),
        ("abc\n", "begins or ends with a space or line break"),
        ("Bearer s3cret", "Authorization header"),
        ("bearer s3cret", "Authorization header"),
        ("Authorization: Bearer s3cret", "Authorization header"),
        ('"s3cret"', "stands in quotes"),
        ("s3cr et", "at position 5"),
        ("s3c=ret", "at position 5"),
        ("=", "at position 1"),
        ("s3cré", "at position 5"),
        ("s3cret\nmore", "at position 7"),
    ],
)
def test_what_cannot_be_a_token_is_refused_without_repeating_it(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        validate_token(text, "file x")
    assert words in caught.value.message
    assert "(file x)" in caught.value.message
    assert caught.value.remedy
    assert "s3c" not in caught.value.message + caught.value.remedy


@settings(deadline=None)
@given(st.from_regex(r"[A-Za-z0-9\-._~+/]+=*", fullmatch=True))
def test_every_rfc_6750_token_is_taken(text: str) -> None:
    assert validate_token(text) == text


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_token_or_refused_in_words(text: str) -> None:
    try:
        outcome = validate_token(text)
    except UsageError as error:
        outcome = error.message
    assert outcome == text or outcome.startswith("The token")


def test_a_token_never_shows_itself() -> None:
    token = Token("very-secret-value", "test")
    assert "very-secret-value" not in f"{token} {token!r} {[token]}"
    assert redact("sent very-secret-value") == "sent [token]"


def test_the_windows_keyrings_limit_is_checked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UsageError, match="1281 characters, and the Windows keyring takes 1280"):
        store_token("p", "x" * 1_281)
