"""What a set-up starts from, which token it uses, and saving all or nothing."""

import json
import os
from pathlib import Path

import pytest

from heap_tui.config.model import Config, DeliverySettings, Destination, Profile, SourceEntry
from heap_tui.config.secrets import Token
from heap_tui.config.store import load
from heap_tui.errors import HeapTuiError, UsageError
from heap_tui.setup.answers import Answers
from heap_tui.setup.session import Session, begin, save, token_to_check, token_to_store

# Tokens are hidden from all output of the process, so they are no words that other tests may print.
TOKEN = "tok-5f2c1b7e9a"
STORED = "tok-8d41e0aa73"
ENDPOINT = "https://heap.example/x"
OLD = Profile(
    "production",
    "Production",
    Destination("webhook", ENDPOINT, missing_identity="skip"),
    sources=(SourceEntry("sample:?count=1"),),
    delivery=DeliverySettings(batch_size=7),
)
CONFIG = Config(default_profile="production", profiles={"production": OLD})


def keyring(tmp_path: Path, backend: str = "keyring_file.FileKeyring") -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    root = str(Path(__file__).parents[2])
    return kept | {
        "PYTHONPATH": root,
        "PYTHON_KEYRING_BACKEND": f"tests.fakes.{backend}",
        "KEYRING_FILE": str(tmp_path / "ring.json"),
    }


def entries(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "ring.json"
    return json.loads(path.read_text()) if path.exists() else {}


def test_without_a_profile_a_new_one_is_begun_and_named_by_its_name() -> None:
    session = begin(Config(), None, None, {})
    assert session.base is None
    assert session.key_for(Answers()) == "default"
    assert session.key_for(Answers(name="My Export")) == "my-export"


def test_the_default_profile_is_changed_unless_another_is_named() -> None:
    assert begin(CONFIG, None, None, {}).base is OLD
    assert begin(CONFIG, "staging", None, {}).key_for(Answers(name="X")) == "staging"
    assert begin(CONFIG, None, "Staging!", {}).key_for(Answers()) == "staging"
    assert begin(CONFIG, None, "PRODUCTION", {}).base is OLD


def test_a_profile_name_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(UsageError, match="--profile"):
        begin(CONFIG, "a b", None, {})


def test_what_nobody_asks_for_is_kept() -> None:
    session = begin(CONFIG, None, None, {})
    assert session.profile_for(session.answers) == OLD


def test_a_token_in_the_environment_makes_a_new_profile_look_there() -> None:
    assert begin(Config(), None, None, {"HEAP_TUI_TOKEN": TOKEN}).answers.token == "env"
    assert begin(CONFIG, None, None, {"HEAP_TUI_TOKEN": TOKEN}).answers.token == "keyring"


def test_the_token_to_check_is_the_one_that_runs_would_use() -> None:
    environ = {"HEAP_TUI_TOKEN": TOKEN}
    stored = Token(STORED, "keyring")
    answers = Answers(token="keyring")
    here, there = begin(CONFIG, None, None, environ), begin(CONFIG, None, None, {})
    assert token_to_check(here, answers, "given", environ) == TOKEN
    assert token_to_check(there, answers, "given", {}) == "given"
    assert token_to_check(there, answers, None, {}, lambda _account: stored) == STORED
    assert token_to_check(there, Answers(token="none"), None, {}) is None


def test_only_a_new_token_that_counts_is_stored() -> None:
    here = begin(CONFIG, None, None, {"HEAP_TUI_TOKEN": TOKEN})
    there = begin(CONFIG, None, None, {})
    assert token_to_store(here, Answers(token="keyring"), "given") is None
    assert token_to_store(there, Answers(token="keyring"), "given") == "given"
    assert token_to_store(there, Answers(token="none"), "given") is None


def test_a_session_shows_no_token() -> None:
    assert TOKEN not in repr(begin(CONFIG, None, None, {"HEAP_TUI_TOKEN": TOKEN}))


def test_token_and_profile_are_saved_together(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert "FileKeyring" in save(path, OLD, TOKEN, keyring(tmp_path))
    assert load(path).profile() == OLD
    assert entries(tmp_path) == {"heap-tui/production": TOKEN}
    assert TOKEN not in path.read_text()


def test_without_a_keyring_nothing_is_saved_and_the_way_out_is_said(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    with pytest.raises(UsageError) as caught:
        save(path, OLD, TOKEN, keyring(tmp_path, "keyring_backends.Locked"))
    assert "Nothing was saved" in caught.value.message
    assert "HEAP_TUI_TOKEN_FILE" in caught.value.remedy
    assert not path.exists()


@pytest.mark.parametrize("before", [{}, {"heap-tui/production": STORED}])
def test_a_profile_that_cannot_be_saved_leaves_the_keyring_as_it_was(tmp_path: Path, before: dict[str, str]) -> None:
    (tmp_path / "ring.json").write_text(json.dumps(before))
    (tmp_path / "file").touch()
    with pytest.raises(HeapTuiError):
        save(tmp_path / "file" / "config.toml", OLD, TOKEN, keyring(tmp_path))
    assert entries(tmp_path) == before


def test_a_session_keeps_its_key_when_the_name_changes() -> None:
    session = Session(OLD, "production", Answers(), None)
    assert session.key_for(Answers(name="Another")) == "production"
