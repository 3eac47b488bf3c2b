"""The real child process against a real keyring, and against keyrings that misbehave."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heap_tui.config import keyring_child, keyring_process
from heap_tui.config.keyring_errors import KeyringError, keyring_error
from heap_tui.config.model import Destination, Profile
from heap_tui.config.secrets import delete_token, describe_backend, fetch_token, resolve_token, store_token
from heap_tui.errors import ExitCode, UsageError
from tests.fakes.secret_service import private_environment, secret_service

FAKES = "tests.fakes.keyring_backends"


@pytest.fixture(scope="module")
def unlocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with secret_service(tmp_path_factory.mktemp("k")) as environ:
        yield environ


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with secret_service(tmp_path_factory.mktemp("k"), unlocked=False) as environ:
        yield environ


@pytest.fixture
def desktopless(tmp_path: Path) -> dict[str, str]:
    """No bus and no keyring; the project is importable, so that fake backends can be chosen."""
    return private_environment(tmp_path) | {"PYTHONPATH": os.fspath(Path(__file__).parents[2])}


def _reason(environ: dict[str, str]) -> tuple[str, str]:
    with pytest.raises(KeyringError) as caught:
        fetch_token("p", environ=environ)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "HEAP_TUI_TOKEN_FILE" in caught.value.remedy
    return caught.value.reason, caught.value.message


def test_a_token_is_stored_fetched_and_deleted(unlocked: dict[str, str]) -> None:
    assert fetch_token("p", environ=unlocked) is None
    assert store_token("p", "abc-DEF.123~+/==", environ=unlocked) == "SecretService Keyring"
    token = fetch_token("p", environ=unlocked)
    assert token is not None
    assert (token.value, token.origin) == ("abc-DEF.123~+/==", "keyring (SecretService Keyring)")
    assert fetch_token("p/listen", environ=unlocked) is None
    assert delete_token("p", environ=unlocked)
    assert fetch_token("p", environ=unlocked) is None
    assert not delete_token("p", environ=unlocked)


def test_a_stored_token_is_replaced(unlocked: dict[str, str]) -> None:
    for value in ("first", "second"):
        store_token("q", value, environ=unlocked)
    profile = Profile("q", "Q", Destination("webhook", "https://h"))
    token = resolve_token(profile, {}, lambda account: fetch_token(account, environ=unlocked))
    assert token is not None
    assert token.value == "second"


def test_a_real_keyring_is_usable_and_named(unlocked: dict[str, str]) -> None:
    assert describe_backend(environ=unlocked) == ("SecretService Keyring", True, "")


def test_a_locked_keyring_says_how_to_unlock_it(locked: dict[str, str]) -> None:
    assert _reason(locked) == ("locked", "The keyring is locked.")
    backend = describe_backend(environ=locked)
    assert (backend.name, backend.usable) == ("SecretService Keyring", False)
    assert "Unlock it" in backend.explanation


def test_no_bus_is_no_keyring(desktopless: dict[str, str]) -> None:
    assert _reason(desktopless)[0] == "no_backend"


def test_a_bus_that_is_gone_is_no_keyring(desktopless: dict[str, str]) -> None:
    gone = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
    assert _reason(desktopless | gone)[0] == "no_backend"
    chosen = {"PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring"}
    assert _reason(desktopless | gone | chosen)[0] == "init"


@pytest.mark.parametrize(
    ("backend", "reason", "words"),
    [
        ("keyring.backends.null.Keyring", "null", "forgets what it is given"),
        ("keyring.backends.fail.Keyring", "fail", "always fails"),
        ("keyring.backends.chainer.ChainerBackend", "empty_chain", "no keyring behind it"),
        ("nowhere.Keyring", "bad_backend", "No module named 'nowhere'"),
        ("keyring.backends.SecretService.Nothing", "bad_backend", "Nothing"),
        ("nonsense", "bad_backend", "ValueError"),
        (f"{FAKES}.PlaintextKeyring", "plaintext", "unencrypted"),
        (f"{FAKES}.Locked", "locked", "is locked"),
        (f"{FAKES}.Dying", "crashed", "without an answer"),
    ],
)
def test_a_backend_that_cannot_be_used_is_explained(
    desktopless: dict[str, str], backend: str, reason: str, words: str
) -> None:
    environ = desktopless | {"PYTHON_KEYRING_BACKEND": backend}
    found, message = _reason(environ)
    assert found == reason
    assert words in message
    described = describe_backend(environ=environ)
    assert not described.usable
    assert words in described.explanation


def test_an_empty_choice_of_backend_is_no_choice(desktopless: dict[str, str]) -> None:
    assert _reason(desktopless | {"PYTHON_KEYRING_BACKEND": ""})[0] == "no_backend"


def test_a_keyring_that_hangs_is_given_up_and_its_process_ended(
    desktopless: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_process, "_SAY_AFTER_S", 0.0)
    left = tmp_path / "pid"
    environ = desktopless | {"PYTHON_KEYRING_BACKEND": f"{FAKES}.Hanging", "HANGING_PID": str(left)}
    started = time.monotonic()
    with caplog.at_level(logging.INFO), pytest.raises(KeyringError, match=r"did not answer within 1\.5 s") as caught:
        fetch_token("p", 1.5, environ=environ)
    assert caught.value.reason == "timeout"
    assert 1.4 < time.monotonic() - started < 20
    assert caplog.messages == ["Waiting for the keyring, at most 1.5 s."]
    with pytest.raises(ProcessLookupError):
        os.kill(int(left.read_text()), 0)


def test_waiting_for_the_keyring_can_be_cancelled(desktopless: dict[str, str], tmp_path: Path) -> None:
    environ = desktopless | {"PYTHON_KEYRING_BACKEND": f"{FAKES}.Hanging", "HANGING_PID": str(tmp_path / "pid")}
    with pytest.raises(KeyringError, match="cancelled"):
        fetch_token("p", 60, cancelled=lambda: True, environ=environ)


def test_a_keyring_that_forgets_is_found_out_when_storing(desktopless: dict[str, str]) -> None:
    environ = desktopless | {"PYTHON_KEYRING_BACKEND": f"{FAKES}.Forgetful"}
    with pytest.raises(KeyringError, match="does not give it back"):
        store_token("p", "abc", environ=environ)


def test_a_refusal_never_repeats_the_token(desktopless: dict[str, str]) -> None:
    environ = desktopless | {"PYTHON_KEYRING_BACKEND": f"{FAKES}.Refusing"}
    with pytest.raises(KeyringError, match=r"refuses: PasswordSetError: cannot keep \[token\]"):
        store_token("p", "very-secret", environ=environ)


def test_what_is_no_token_is_not_stored(desktopless: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="Authorization header"):
        store_token("p", "Bearer abc", environ=desktopless)


def test_neighbours_cannot_see_the_token(desktopless: dict[str, str], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    environ = desktopless | {
        "PYTHON_KEYRING_BACKEND": f"{FAKES}.Snooping",
        "SNOOPED": str(seen),
        "HEAP_TUI_TOKEN": "token-of-the-environment",
    }
    with pytest.raises(KeyringError, match="does not give it back"):
        store_token("p", "token-to-be-stored", environ=environ)
    assert "keyring_child.py" in seen.read_text()
    assert "token-" not in seen.read_text()


def test_a_file_in_the_working_directory_is_not_taken_for_keyring(
    desktopless: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("keyring.py").write_text("raise SystemExit('taken')")
    monkeypatch.chdir(tmp_path)
    assert _reason(desktopless)[0] == "no_backend"


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    code = (
        "import sys, io, json; sys.modules['keyring'] = None; sys.path.insert(0, sys.argv[1]);"
        "import keyring_child; print(json.dumps(keyring_child.answer({})))"
    )
    directory = os.fspath(Path(keyring_child.__file__).parent)
    output = subprocess.run([sys.executable, "-P", "-c", code, directory], capture_output=True, check=True).stdout
    assert json.loads(output)["reason"] == "missing"


def test_every_reason_of_the_child_has_its_own_words() -> None:
    reasons = ["missing", "init", "bad_backend", "null", "fail", "no_backend", "empty_chain", "plaintext", "locked"]
    messages = {keyring_error(reason, backend="B", detail="D").message for reason in [*reasons, "failed", "timeout"]}
    assert len(messages) == len(reasons) + 2
    assert keyring_error("unheard of", backend="B", detail="D").message == "The keyring B refuses: D."
