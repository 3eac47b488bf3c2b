"""The program with an empty home directory and a keyring in a file: in this process, in its own, on a terminal."""

import io
import json
import os
import pty
import select
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from heap_tui.cli.main import main

_ROOT = str(Path(__file__).parents[2])
_PATIENCE_S = 20.0
# Hidden prompts read from the controlling terminal, which a new session has to take first.
_OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class Finished(NamedTuple):
    """What a run left behind."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Home:
    """A home directory and the program in it; `more` are further environment variables."""

    path: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "LANG": "C.UTF-8",
            "PYTHONPATH": _ROOT,
            "PYTHON_KEYRING_BACKEND": "tests.fakes.keyring_file.FileKeyring",
            "KEYRING_FILE": str(self.path / "ring.json"),
        } | self.more

    def run(self, *arguments: str, stdin: str = "", **more: str) -> Finished:
        """Run in this process, as `main` does, without a terminal; much faster than `launch`."""
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self.environ | more, clear=True),
            patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main(arguments)
        return Finished(int(str(ended.value.code)), out.getvalue(), err.getvalue())

    def launch(self, *arguments: str, stdin: str = "", **more: str) -> Finished:
        """Run the real program to its end without a terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "heap_tui", *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            env=self.environ | more,
            cwd=self.path,
            timeout=60,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def talk(self, arguments: list[str], *turns: tuple[str, str], **more: str) -> tuple[int, str]:
        """Run on a terminal: wait for each prompt (its last words) and type the answer; gives code and output."""
        terminal, inside = pty.openpty()
        command = [sys.executable, "-c", _OWN_TERMINAL, "-m", "heap_tui", *arguments]
        environ = self.environ | {"TERM": "xterm"} | more
        with subprocess.Popen(
            command, stdin=inside, stdout=inside, stderr=inside, env=environ, cwd=self.path, start_new_session=True
        ) as child:
            os.close(inside)
            screen = ""
            try:
                for prompt, answer in turns:
                    screen += _until(terminal, prompt)
                    os.write(terminal, answer.encode())
                screen += _until(terminal, None, again=b"\x03" if turns and turns[-1][1] == "\x03" else b"")
            except BaseException:
                child.kill()
                raise
            finally:
                os.close(terminal)
        return child.returncode, screen.replace("\r\n", "\n")

    @property
    def config(self) -> Path:
        return self.path / ".config" / "heap-tui" / "config.toml"

    @property
    def keyring(self) -> dict[str, str]:
        path = self.path / "ring.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def files(self) -> dict[str, bytes]:
        """Every file in the home directory but the keyring, by its path."""
        there = (path for path in self.path.rglob("*") if path.is_file() and path.name != "ring.json")
        return {str(path.relative_to(self.path)): path.read_bytes() for path in there}


def _until(terminal: int, words: str | None, again: bytes = b"") -> str:
    """Read what the program shows until `words` come (None: until it ends); `again` is typed after a second's silence.

    A Ctrl+C that comes just before Python blocks in its read stays unseen until the next key, as for people.
    """
    seen, deadline = "", time.monotonic() + _PATIENCE_S
    while words is None or words not in seen:
        ready, _writable, _broken = select.select([terminal], [], [], 1.0)
        if not ready:
            assert time.monotonic() < deadline, f"waited for {words!r}, and saw:\n{seen}"
            os.write(terminal, again)
            continue
        chunk = b""
        with suppress(OSError):  # the terminal of a program that has ended
            chunk = os.read(terminal, 4096)
        if not chunk:
            assert words is None, f"ended before {words!r}:\n{seen}"
            return seen
        seen += chunk.decode("utf-8", "replace")
    return seen
