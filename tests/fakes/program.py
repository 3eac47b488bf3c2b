"""The real program in a process of its own, with a home that holds nothing of the machine's."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PATIENCE_S = 60.0
_KEYS = (
    *("outcome", "read", "rejected", "skipped", "duplicates", "accepted", "delivered", "dead_lettered"),
    *("pending", "given_back", "pending_before", "requests", "retries", "bytes_sent", "elapsed_s", "events_per_s"),
)


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended.

    Args:
        code: the exit code; negative is a signal.
        stdout: standard output.
        stderr: standard error.
    """

    code: int
    stdout: str
    stderr: str

    @property
    def summary(self) -> dict[str, Any]:
        """The last line of standard output, whose sums are right."""
        found = json.loads(self.stdout.splitlines()[-1])
        assert set(found) >= set(_KEYS)
        assert found["read"] == found["rejected"] + found["skipped"] + found["duplicates"] + found["accepted"], found
        left, right = ("accepted", "pending_before"), ("delivered", "dead_lettered", "pending")
        assert sum(found[key] for key in left) == sum(found[key] for key in right), found
        assert min(value for value in found.values() if not isinstance(value, str)) >= 0, found
        return dict(found)

    def counts(self, *keys: str) -> tuple[Any, ...]:
        """Some values of the summary."""
        summary = self.summary
        return tuple(summary[key] for key in keys)


class Program:
    """A place to run the program in.

    Args:
        home: an empty directory; configuration and state go there.
        environ: further variables.
    """

    def __init__(self, home: Path, environ: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.state = home / "state"
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "HEAP_TUI_CONFIG": str(home / "config.toml"),
            "HEAP_TUI_STATE_DIR": str(self.state),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            **(environ or {}),
        }

    def start(self, *arguments: str, stdin: int | None = subprocess.DEVNULL, **more: Any) -> "Running":
        """Start ``heap-tui --run --output json`` with further arguments.

        Args:
            arguments: the arguments.
            stdin: as for `subprocess.Popen`.
            more: as for `subprocess.Popen`.
        """
        return self.start_any("--run", "--output", "json", *arguments, stdin=stdin, **more)

    def start_any(self, *arguments: str, stdin: int | None = subprocess.DEVNULL, **more: Any) -> "Running":
        """Start ``heap-tui`` with exactly these arguments."""
        process = subprocess.Popen(
            [sys.executable, "-m", "heap_tui", *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environ,
            cwd=self.home,
            start_new_session=True,
            **more,
        )
        return Running(process)

    def run(self, *arguments: str, given: bytes | None = None, **more: Any) -> Finished:
        """Run ``heap-tui --run --output json`` to its end.

        Args:
            arguments: the arguments.
            given: its standard input; nothing for None.
            more: as for `subprocess.Popen`.
        """
        stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
        return self.start(*arguments, stdin=stdin, **more).finish(given)

    @property
    def directory(self) -> Path:
        """The state of a run without a profile."""
        return self.state / "no-profile"


class Running:
    """A run under way.

    Args:
        process: its process, the leader of a session of its own.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def finish(self, given: bytes | None = None, timeout_s: float = _PATIENCE_S) -> Finished:
        """Wait for its end; `given` goes to its standard input."""
        try:
            out, err = self.process.communicate(given, timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"the program does not end\n{out.decode()}\n{err.decode()}") from None
        finally:
            self.end_group()
        return Finished(self.process.returncode, out.decode(), err.decode())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash does: at once, at whatever line it is."""
        self.process.kill()
        self.process.wait(_PATIENCE_S)
        self.end_group()
        code = self.finish().code
        assert code == -signal.SIGKILL, f"it had ended by itself with {code}"

    def end_group(self) -> None:
        """End whatever the program has left behind."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def feed(self, content: bytes) -> None:
        """Write to its standard input, which stays open."""
        assert self.process.stdin is not None
        self.process.stdin.write(content)
        self.process.stdin.flush()


def until(reached: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Look again and again until `reached` holds.

    Raises:
        AssertionError: it does not in that time.
    """
    end = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


def lines(events: Sequence[bytes]) -> bytes:
    """NDJSON."""
    return b"".join(event + b"\n" for event in events)
