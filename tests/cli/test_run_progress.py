"""Progress on standard error: a bar on a terminal, lines elsewhere, nothing when asked for quiet."""

import asyncio
import os
import pty
import re
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from heap_tui.cli import progress
from heap_tui.cli.context import App
from heap_tui.cli.progress import make_progress, share_done
from heap_tui.pipeline.plan import Plan
from heap_tui.sources.uri import parse_source
from heap_tui.status import Counts, State, Status


def plan(*sources: str, **more: object) -> Plan:
    return Plan(tuple(map(parse_source, sources)), "http://x/", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("of", "share"),
    [
        (plan("x.ndjson"), (30, 60)),
        (plan("sample:?count=40", "sample:?count=2"), (7, 42)),
        (plan("sample:?count=0"), (7, None)),
        (plan("-"), (7, None)),
        (plan("x.ndjson", "-"), (7, None)),
        (plan(), (7, None)),
        (plan("x.ndjson", follow=True), (7, None)),
        (plan("x.ndjson", limit=9), (7, 9)),
        (plan("x.ndjson", follow=True, limit=9), (7, 9)),
    ],
)
def test_the_share_done_is_in_what_is_known(of: Plan, share: tuple[float, float | None]) -> None:
    status = Status(counts=Counts(delivered=7), bytes_read=30, bytes_total=60)
    assert share_done(status, of) == share


async def test_without_a_terminal_a_line_comes_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_LINE_S", 0.01)
    status = Status(counts=Counts(delivered=1_500), bytes_read=30, bytes_total=60, in_flight=3, state=State.RUNNING)
    with make_progress(App(), status, plan("x.ndjson")) as shown:
        ticking = asyncio.create_task(shown.tick())
        told = ""
        while not told.endswith("\n"):
            await asyncio.sleep(0.005)
            told += capsys.readouterr().err
        ticking.cancel()
    line = told.splitlines()[0]
    assert re.match(r"running: 1,500 delivered \([\d,]+/s\), 3 requests under way, 50% done, [\d,]+ s left", line)


@pytest.mark.parametrize("app", [App(quiet=True), App(log_format="json")])
async def test_quiet_and_json_logs_have_no_progress(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    with make_progress(app, Status(), plan("x.ndjson")) as shown:
        await asyncio.wait_for(shown.tick(), 5)
    assert capsys.readouterr().err == ""


class Terminal:
    """The program with a terminal as its standard error."""

    def __init__(self, home: Path, *arguments: str, **environ: str) -> None:
        self._ours, theirs = pty.openpty()
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("HEAP_TUI", "NO_COLOR"))}
        places = {"HEAP_TUI_CONFIG": str(home / "config.toml"), "HEAP_TUI_STATE_DIR": str(home / "state")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "heap_tui", "--run", "--sandbox", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            env=kept | places | {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "COLUMNS": "100"} | environ,
        )
        os.close(theirs)
        self.seen = ""

    def read(self, until: str = "\0never") -> str:
        """All that was painted until `until`, or until the end."""
        deadline = time.monotonic() + 30
        while until not in self.seen and time.monotonic() < deadline:
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    part = os.read(self._ours, 65536)
                except OSError:  # the program has closed its side
                    break
                if not part:
                    break
                self.seen += part.decode()
        return self.seen

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        with suppress(OSError):
            os.close(self._ours)


COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9](?:;[0-9;]*)?m")


@pytest.mark.parametrize("monochrome", ["", "NO_COLOR", "--no-color"])
def test_on_a_terminal_a_bar_is_painted_and_the_terminal_left_clean(tmp_path: Path, monochrome: str) -> None:
    options = ["--no-color"] if monochrome == "--no-color" else []
    environ = {"NO_COLOR": "1"} if monochrome == "NO_COLOR" else {}
    terminal = Terminal(tmp_path, "--source", "sample:?count=300&seed=1&rate=400", *options, **environ)
    try:
        seen = terminal.read(until="delivered")
        assert "running" in seen
        assert "\x1b[?25l" in seen, "the cursor is hidden while the bar moves"
        seen = terminal.read()
        out, _nothing = terminal.process.communicate(timeout=20)
        assert terminal.process.returncode == 0
        assert "300 events delivered" in out
        assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l"), "the cursor is back"
        assert "\x1b[2K" in seen.rsplit("delivered", 1)[1], "the bar is wiped away"
        assert bool(COLOUR.search(seen)) is not bool(monochrome)
    finally:
        terminal.close()


def test_log_lines_stand_above_the_bar_and_a_signal_leaves_the_terminal_clean(tmp_path: Path) -> None:
    (tmp_path / "x.ndjson").write_text("{broken\n")
    terminal = Terminal(tmp_path, "--source", str(tmp_path / "x.ndjson"), "--source", "sample:?count=0&seed=1&rate=50")
    try:
        terminal.read(until="delivered")
        terminal.process.terminate()
        seen = terminal.read()
        terminal.process.communicate(timeout=20)
        assert "x.ndjson, line 1" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n", "", seen)
        assert "Stopping" in seen
        assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")
        assert "Traceback" not in seen
    finally:
        terminal.close()
