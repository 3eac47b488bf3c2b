"""``heap-tui spool`` as the real program, on state that real runs left behind."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from heap_tui.sandbox.options import Answer, SandboxOptions
from heap_tui.sandbox.server import SandboxServer
from tests.fakes.letters import event

REFUSED = Answer(400, {}, b'{"error": "unknown field"}')
NOWHERE = "http://127.0.0.1:9/"
WRONG = {
    "retry": b"Which dead letters?",
    "purge --all": b"Add --yes",
    "dead 99": b"no dead letter 99",
    "--profile nobody": b"no profile",
    "dead 0": b"0 is not in the range",
}
HOSTILE = b"{\x1b[2J\x1b]0;title\x07 broken"


class Program:
    """The program with a state directory of its own and no configuration."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("HEAP_TUI", "NO_COLOR"))}
        self.environment = kept | {
            "HEAP_TUI_CONFIG": str(directory / "config.toml"),
            "HEAP_TUI_STATE_DIR": str(directory / "state"),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "COLUMNS": "80",
        }

    def __call__(self, *arguments: str, given: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            self.command(*arguments), env=self.environment, capture_output=True, input=given, check=False, timeout=60
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "heap_tui", *arguments]

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--output", "json").stdout.splitlines()[-1])

    def deliver(self, url: str, *arguments: str, given: bytes | None = None) -> Any:
        ran = self("--run", "--endpoint", url, "--output", "json", *arguments, given=given)
        return json.loads(ran.stdout.splitlines()[-1])

    def on_a_terminal(self, *arguments: str) -> list[str]:
        """The lines that a terminal of 80 columns gets, escape sequences included."""
        leader, follower = pty.openpty()
        process = subprocess.Popen(self.command(*arguments), env=self.environment, stdout=follower, stderr=follower)
        os.close(follower)
        shown = b"".join(iter(lambda: _read(leader), b""))
        os.close(leader)
        assert process.wait(30) == 0
        return shown.decode().replace("\r\n", "\n").splitlines()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # the other end was closed
        return b""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@contextmanager
def sandbox(record: Path, *script: Answer) -> Iterator[SandboxServer]:
    with SandboxServer(SandboxOptions(script=script, record=record)) as server:
        yield server


def received(record: Path) -> list[str]:
    return [json.loads(line)["id"] for line in record.read_text().splitlines()] if record.exists() else []


def refuse_two(program: Program, url: str) -> None:
    """Have ``a`` accepted, ``b`` and ``c`` refused (each is sent twice), and a broken line rejected."""
    lines = b"\n".join([event("a"), HOSTILE, event("b"), event("c")])
    summary = program.deliver(url, "--source", "-", "--batch-size", "1", "--max-in-flight", "1", given=lines)
    assert (summary["delivered"], summary["dead_lettered"], summary["rejected"]) == (1, 2, 1)


def test_a_refused_event_is_delivered_after_a_retry_with_its_id_and_nothing_is_lost(program: Program) -> None:
    record = program.directory / "record"
    with sandbox(record, Answer(200), *[REFUSED] * 4) as server:
        refuse_two(program, server.url)
        before = program.json("spool")
        assert (before["dead"]["refused"], before["dead"]["rejected"]) == (2, 1)
        assert received(record) == ["a"]
        retried = program("spool", "retry", "--all", "--output", "json")
        assert retried.returncode == 1  # the broken line stays
        done = json.loads(retried.stdout)
        assert (done["queued"], done["stayed"]) == (2, 1)
        between = program.json("spool")
        assert (between["pending"]["events"], between["dead"]["refused"], between["dead"]["rejected"]) == (2, 0, 1)
        summary = program.deliver(server.url)
        assert (summary["pending_before"], summary["delivered"], summary["pending"]) == (2, 2, 0)
    assert received(record) == ["a", "b", "c"]
    assert program.json("spool")["pending"]["events"] == 0


def test_a_repaired_export_is_delivered_by_a_replay_after_a_purge(program: Program) -> None:
    record = program.directory / "record"
    out = program.directory / "out.ndjson"
    with sandbox(record, Answer(200), *[REFUSED] * 4) as server:
        refuse_two(program, server.url)
        exported = program("spool", "export", "--dead", "--kind", "refused", "--output-file", str(out))
        assert exported.returncode == 0
        assert out.read_bytes() == event("b") + b"\n" + event("c") + b"\n"
        assert program("spool", "purge", "--dead", "--yes").returncode == 0
        assert program.deliver(server.url, "--source", "-", given=out.read_bytes())["duplicates"] == 2
        assert program.deliver(server.url, "--source", "-", "--replay", given=out.read_bytes())["delivered"] == 2
    assert received(record) == ["a", "b", "c"]


@contextmanager
def endless_run(program: Program, url: str) -> Iterator[None]:
    """A run that holds the state until the block ends."""
    command = program.command("--run", "--endpoint", url, "--source", "sample:?count=0&rate=50")
    with subprocess.Popen(command, env=program.environment, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            assert b"seed=" in process.stderr.readline()  # said when it has begun
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
        assert process.wait(30) in (0, 4)


def test_beside_a_run_one_may_look_but_not_change(program: Program) -> None:
    with sandbox(program.directory / "record", Answer(200), *[REFUSED] * 4) as server:
        refuse_two(program, server.url)
        with endless_run(program, server.url):
            assert program.json("spool")["locked"] is True
            assert program.json("spool", "dead")["total"] == 3
            assert program("spool", "export", "--dead").stdout.splitlines() == [HOSTILE, event("b"), event("c")]
            assert program("spool", "export", "--pending").returncode == 0
            for changing in (["retry", "--all"], ["purge", "--dead", "--yes"]):
                ended = program("spool", *changing)
                assert (ended.returncode, ended.stdout) == (5, b"")
                assert b"Another run" in ended.stderr
            assert program("spool", "purge", "--dead").returncode == 2
        after = program.json("spool")
    assert (after["locked"], after["dead"]["refused"]) == (False, 2)


def test_wrong_usage_ends_with_2_and_nothing_on_standard_output(program: Program) -> None:
    program("--run", "--endpoint", NOWHERE, "--source", "-", "--deadline", "0.3", given=HOSTILE)
    for arguments, words in WRONG.items():
        ended = program("spool", *arguments.split())
        assert (ended.returncode, ended.stdout) == (2, b"")
        assert words in ended.stderr
        assert b"Traceback" not in ended.stderr


def test_a_reader_that_goes_away_ends_an_export_in_silence(program: Program) -> None:
    given = b"".join(event(str(n), more="x" * 500) + b"\n" for n in range(1_000))
    program("--run", "--endpoint", NOWHERE, "--source", "-", "--deadline", "0.3", given=given)
    for command in (["export"], ["dead", "--payload", "--output", "json"]):
        with subprocess.Popen(
            program.command("spool", *command),
            env=program.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.read(10)
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(30) in (0, 1)  # neither a fault of the state nor of the program


def test_a_full_standard_output_is_told(program: Program) -> None:
    program("--run", "--endpoint", NOWHERE, "--source", "-", "--deadline", "0.3", given=event("a"))
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            program.command("spool", "export"),
            env=program.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 5
    assert b"Standard output cannot be written" in ended.stderr


def test_on_a_terminal_of_80_columns_nothing_is_wider_and_nothing_steers_it(program: Program) -> None:
    with sandbox(program.directory / "record", Answer(200), *[REFUSED] * 4) as server:
        refuse_two(program, server.url)
    for command in (["status"], ["dead"], ["dead", "1", "2"], ["export", "--dead"]):
        lines = program.on_a_terminal("spool", *command)
        assert lines
        assert not any(re.search(r"[^\x20-\x7e]", line) for line in lines)
    listed = program.on_a_terminal("spool", "dead")
    assert all(len(line) <= 80 for line in listed)
    assert "    users.messages.email.Click  c" in listed
    whole = "\n".join(program.on_a_terminal("spool", "dead", "--kind", "rejected", "--payload"))
    assert r"{\x1b[2J\x1b]0;title\x07 broken" in whole
