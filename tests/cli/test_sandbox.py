"""``heap-tui sandbox`` as the real program."""

import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

HEADERS = {"Content-Type": "application/json", "Braze-Currents-Version": "1"}


def environment(**more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("HEAP_TUI", "NO_COLOR"))}
    return kept | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"} | more


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "heap_tui", "sandbox", *arguments]


class Program:
    """The running program; `url` is its first line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().removesuffix("\n")

    def post(self, *ids: str, **headers: str) -> int:
        events = [{"event_type": "t", "id": one, "time": 1} for one in ids]
        with httpx.Client(trust_env=False, headers=HEADERS | headers) as client:
            return client.post(self.url, json={"events": events}).status_code

    def next_error_line(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


def finished(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), check=False, capture_output=True, text=True, timeout=20, env=environment(**more)
    )


@contextmanager
def running(*arguments: str, before: Sequence[str] = (), **more: str) -> Iterator[Program]:
    process = subprocess.Popen(
        [*before, *command("--port", "0", *arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**more),
    )
    try:
        yield Program(process)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_first_line_is_its_url_and_a_signal_ends_it_with_a_summary(number: int) -> None:
    with running() as program:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", program.url)
        assert program.post("a", "b") == 200
        assert program.post("a") == 200
        begin = time.monotonic()
        code, out, err = program.stop(number)
        assert time.monotonic() - begin < 1.5
    assert (code, out) == (0, "")
    assert err.splitlines()[-1] == "3 events (2 unique, 1 duplicates) in 2 requests [200: 2]"
    assert "HEAP_TUI_TOKEN is not set: no token is asked." in err


def test_it_outlives_its_terminal_under_nohup() -> None:
    with running(before=["nohup"]) as program:
        program.process.send_signal(signal.SIGHUP)
        assert program.post("a") == 200
        assert program.stop()[0] == 0


def test_what_arrives_is_shown_in_plain_lines_while_it_runs() -> None:
    with running() as program:
        program.post("a")
        lines = [program.next_error_line() for _time in range(3)]
        assert re.fullmatch(r"1 event \(1 unique, 0 duplicates\) in 1 request \[200: 1\], \d+ events/s\n", lines[2])


def test_the_last_line_of_json_output_is_the_report() -> None:
    with running("--output", "json", "--quiet") as program:
        program.post("a")
        code, out, err = program.stop()
    report = json.loads(out.splitlines()[-1])
    assert (code, err) == (0, "")
    assert (report["events"], report["by_status"], report["by_type"]) == (1, {"200": 1}, {"t": 1})


def test_log_lines_can_be_json() -> None:
    with running("--log-format", "json") as program:
        program.post("a")
        _code, _out, err = program.stop()
    assert json.loads(err.splitlines()[-1])["events"] == 1


def test_the_token_comes_from_the_environment_and_is_never_shown() -> None:
    with running("--token-env", "MY_TOKEN", "-v", "-v", MY_TOKEN="s3cret-token") as program:
        assert program.post("a") == 401
        assert program.post("a", Authorization="Bearer s3cret-token") == 200
        code, out, err = program.stop()
    assert code == 0
    assert "The token in MY_TOKEN is asked for." in err
    assert "s3cret" not in out + err + program.url


def test_a_token_that_cannot_be_sent_is_wrong_usage_without_showing_it() -> None:
    done = finished("--port", "0", HEAP_TUI_TOKEN="s3cret token")
    assert done.returncode == 2
    assert "s3cret" not in done.stdout + done.stderr


def test_the_record_holds_what_was_accepted(tmp_path: Path) -> None:
    path = tmp_path / "seen.ndjson"
    raw = '{ "event_type":"t","id":"\u00e9", "time":1.0,"n":3.140}'.encode()
    with running("--record", str(path)) as program:
        httpx.post(program.url, content=b'{"events":[' + raw + b"]}", headers=HEADERS, trust_env=False)
        assert path.read_bytes() == raw + b"\n"
        _code, _out, err = program.stop()
    assert str(path) in err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_switches_reach_the_endpoint() -> None:
    switches = [
        "--status",
        "429",
        "--retry-after",
        "5",
        "--max-bytes",
        "300",
        "--latency-ms",
        "1",
        "--seed",
        "1",
    ]
    with running(*switches) as program, httpx.Client(trust_env=False, headers=HEADERS) as client:
        body = b'{"events":[{"event_type":"t","id":"a","time":1}]}'
        answer = client.post(program.url, content=body)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
        assert client.post(program.url, content=body.ljust(301)).status_code == 413
        _code, _out, err = program.stop()
    assert "[413: 1, 429: 1]" in err


def test_a_port_in_use_exits_2_and_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = finished("--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Port {port} on 127.0.0.1 is in use." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fail-rate", "2"],
        ["--status", "99"],
        ["--port", "x"],
        ["--rate-limit", "0"],
        ["--record", "/nowhere/x", "--port", "0"],
    ],
)
def test_wrong_switches_exit_2_and_are_named(arguments: list[str]) -> None:
    done = finished(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert arguments[0] in done.stderr


def test_an_address_that_others_can_reach_warns_even_when_quiet() -> None:
    with running("--host", "0.0.0.0", "--quiet") as program:
        assert program.url.startswith("http://127.0.0.1:")
        _code, _out, err = program.stop()
    assert err.startswith("warning: 0.0.0.0 is not loopback")


def read_all(terminal: int, until: str, seen: str = "") -> str:
    deadline = time.monotonic() + 10
    while until not in seen and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            with suppress(OSError):  # the program has closed its side
                seen += os.read(terminal, 65536).decode()
    assert until in seen, seen
    return seen


@pytest.mark.parametrize("no_color", [False, True])
def test_on_a_terminal_a_table_is_painted_and_the_cursor_comes_back(no_color: bool) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("--port", "0", *(["--no-color"] if no_color else [])),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env=environment(COLUMNS="80", LINES="24"),
    )
    os.close(theirs)
    try:
        program = Program(process)
        program.post("first-id", "first-id")
        seen = read_all(ours, "first-id")
        assert "\x1b[?25l" in seen
        process.send_signal(signal.SIGINT)
        seen = read_all(ours, "2 events (1 unique, 1 duplicates) in 1 request", seen)
        assert process.wait(10) == 0
        assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")
        assert re.search(r"\x1b\[[0-9;]*3[0-7]m", seen) is None or not no_color
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
