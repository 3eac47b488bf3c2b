"""``heap-tui config`` as the real program."""

import json
import os
import pty
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.fakes.secret_service import private_environment

RIGHT = """\
version = 1
# where it goes
[profiles.p.destination]
kind = "webhook"
endpoint = "https://heap.example/x?k=hidden"
colour = "red"
[profiles.q.destination]
kind = "track"
app_id = "12"
"""


class Program:
    """The program with a configuration file of its own."""

    def __init__(self, home: Path) -> None:
        self.file = home / "config.toml"
        self.environ = private_environment(home) | {
            "HEAP_TUI_CONFIG": str(self.file),
            "HEAP_TUI_STATE_DIR": str(home / "state"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "heap_tui", "config", *arguments],
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def copies(self) -> list[Path]:
        return list(self.file.parent.glob("*.edit.toml"))


@pytest.fixture
def program(tmp_path: Path) -> Program:
    made = Program(tmp_path)
    made.file.write_text(RIGHT)
    return made


def _editor(code: str) -> str:
    """An editor that runs `code` with the file's path as `path` and its text as `text`."""
    head = "import pathlib, sys; path = pathlib.Path(sys.argv[1]); text = path.read_text(); "
    return shlex.join([sys.executable, "-c", head + code])


CORRECT = _editor("path.write_text(text.replace('12', '13'))")
SPOIL = _editor("path.write_text(text.replace('track', 'trick'))")


def test_path_prints_the_file_and_the_state_directory(program: Program) -> None:
    done = program.run("path")
    assert done.returncode == 0
    assert done.stdout == f"configuration  {program.file}\nstate          {program.file.parent}/state\n"
    assert json.loads(program.run("path", "--output", "json").stdout) == {
        "config": str(program.file),
        "state_dir": f"{program.file.parent}/state",
    }


@pytest.mark.parametrize("arguments", [[], ["show"]])
def test_show_prints_toml_without_secrets_and_where_tokens_come_from(program: Program, arguments: list[str]) -> None:
    done = program.run(*arguments)
    assert done.returncode == 0
    assert tomllib.loads(done.stdout)["profiles"]["p"]["destination"]["endpoint"] == "https://heap.example/x?k=[token]"
    assert "# where it goes" in done.stdout
    assert "# token of p: The keyring is switched off" in done.stdout
    assert "# token of q: none is needed" in done.stdout


def test_show_never_prints_the_token(program: Program) -> None:
    done = program.run("show", "--profile", "p", HEAP_TUI_TOKEN="very-secret")
    assert "# token of p: environment variable HEAP_TUI_TOKEN" in done.stdout
    assert "token of q" not in done.stdout
    assert "very-secret" not in done.stdout + done.stderr


def test_show_as_json_has_every_setting(program: Program) -> None:
    shown = json.loads(program.run("show", "--output", "json", HEAP_TUI_TOKEN="very-secret").stdout)
    assert shown["exists"] is True
    assert shown["profiles"]["p"]["delivery"]["batch_size"] == 100
    assert shown["tokens"]["p"] == {"origin": "environment variable HEAP_TUI_TOKEN", "problem": ""}
    assert "hidden" not in json.dumps(shown)


def test_show_without_a_file_says_so(program: Program) -> None:
    program.file.unlink()
    done = program.run("show")
    assert (done.returncode, "no configuration yet" in done.stdout) == (0, True)
    shown = json.loads(program.run("show", "--output", "json").stdout)
    assert (shown["exists"], shown["profiles"], shown["tokens"]) == (False, {}, {})


def test_an_unknown_profile_is_wrong_usage(program: Program) -> None:
    done = program.run("show", "--profile", "r")
    assert done.returncode == 2
    assert "there are: p, q" in done.stderr


def test_validate_warns_of_unknown_keys_and_passes(program: Program) -> None:
    done = program.run("validate")
    assert done.returncode == 0
    assert f"warning: {program.file}, line 6, profiles.p.destination.colour: unknown key" in done.stdout
    assert done.stdout.endswith(f"{program.file} is right: 2 profiles.\n")


def test_validate_prints_every_mistake_and_exits_2(program: Program) -> None:
    program.file.write_text(RIGHT.replace("webhook", "webhok").replace('"12"', "12"))
    done = program.run("validate")
    assert (done.returncode, done.stdout) == (2, "")
    assert "line 4, profiles.p.destination.kind" in done.stderr
    assert "line 9, profiles.q.destination.app_id" in done.stderr
    assert "Traceback" not in done.stderr


def test_validate_without_a_file_is_wrong_usage(program: Program) -> None:
    program.file.unlink()
    done = program.run("validate")
    assert done.returncode == 2
    assert str(program.file) in done.stderr


def test_edit_saves_what_is_right(program: Program) -> None:
    done = program.run("edit", EDITOR=CORRECT)
    assert done.returncode == 0
    assert program.file.read_text() == RIGHT.replace("12", "13")
    assert program.file.with_name("config.toml.bak").read_text() == RIGHT
    assert program.copies() == []


def test_edit_without_a_change_changes_nothing(program: Program) -> None:
    done = program.run("edit", EDITOR=_editor("pass"))
    assert (done.returncode, done.stdout) == (0, "Nothing was changed.\n")
    assert program.copies() == []
    assert not program.file.with_name("config.toml.bak").exists()


def test_edit_without_a_terminal_keeps_what_is_wrong_beside_the_file(program: Program) -> None:
    done = program.run("edit", EDITOR=SPOIL)
    assert done.returncode == 2
    assert program.file.read_text() == RIGHT
    (copy,) = program.copies()
    assert f"kept in {copy}" in done.stderr
    assert "trick" in copy.read_text()


def test_edit_with_an_editor_that_fails_leaves_no_copy(program: Program) -> None:
    done = program.run("edit", EDITOR=_editor("sys.exit(1)"))
    assert done.returncode == 2
    assert "ended with status 1" in done.stderr
    assert program.copies() == []


def _on_a_terminal(program: Program, editor: str, answers: bytes) -> tuple[int, str]:
    """Run ``config edit`` on a pseudo-terminal; gives its exit code and what it showed."""
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "heap_tui", "config", "edit"]
    environ = program.environ | {"EDITOR": editor}
    with subprocess.Popen(command, env=environ, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        os.write(controller, answers)
        shown = b""
        while True:
            try:
                shown += os.read(controller, 4096)
            except OSError:
                break
    os.close(controller)
    return process.returncode, shown.decode()


def test_edit_on_a_terminal_offers_to_correct_mistakes(program: Program) -> None:
    toggle = _editor(
        "path.write_text(text.replace('trick', 'track').replace('12', '13') if 'trick' in text"
        " else text.replace('track', 'trick'))"
    )
    code, shown = _on_a_terminal(program, toggle, b"y\n")
    assert "Edit again?" in shown
    assert "profiles.q.destination.kind" in shown
    assert code == 0
    assert program.file.read_text() == RIGHT.replace("12", "13")


def test_edit_on_a_terminal_can_be_given_up(program: Program) -> None:
    code, shown = _on_a_terminal(program, SPOIL, b"n\n")
    (copy,) = program.copies()
    assert (code, program.file.read_text()) == (2, RIGHT)
    assert str(copy) in shown.replace("\r\n", "")
