"""``heap-tui doctor`` as the real program, in an empty home directory."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from heap_tui.sandbox.server import SandboxOptions, SandboxServer
from heap_tui.spool.store import Store
from tests.fakes.empty_home import Home

TOKEN = "tok-5f2c1b7e9a"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(SandboxOptions(token=TOKEN)) as running:
        yield running


def test_all_is_well_after_set_up(home: Home, server: SandboxServer) -> None:
    home.run("setup", "--endpoint", server.url, "--token-stdin", stdin=TOKEN)
    done = home.launch("doctor")
    assert done.returncode == 0, done.stdout
    assert "ok        Credentials:" in done.stdout
    assert "FileKeyring" in done.stdout
    assert "not ok" not in done.stdout
    assert TOKEN not in done.stdout + done.stderr
    assert server.report().events == 0


def test_what_it_prints_can_be_shared(home: Home, server: SandboxServer) -> None:
    home.run("setup", "--endpoint", f"{server.url}?key=secret-query", "--token-stdin", stdin=TOKEN)
    done = home.run("doctor", "--output", "json", HTTPS_PROXY="http://me:secret-pw@proxy.invalid:3128")
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["ok"] is True
    assert {check["state"] for check in result["checks"]} <= {"ok", "warning", "skipped"}
    for secret in (TOKEN, "secret-query", "secret-pw", str(home.path)):
        assert secret not in done.stdout + done.stderr


def test_without_a_profile_it_fails_and_says_what_to_do(home: Home) -> None:
    done = home.launch("doctor")
    assert done.returncode == 1
    assert "Run heap-tui setup" in done.stdout
    assert "1 check failed." in done.stdout
    assert home.files() == {}


def test_a_failed_check_is_one_and_has_its_remedy_below(home: Home, server: SandboxServer) -> None:
    home.run("setup", "--endpoint", server.url, "--no-check")
    done = home.run("doctor")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("not ok    Credentials"))
    assert "401" in lines[at]
    assert "--token-stdin" in lines[at + 1]


def test_it_works_beside_a_run(home: Home, server: SandboxServer) -> None:
    home.run("setup", "--endpoint", server.url, "--token-stdin", stdin=TOKEN)
    with Store(home.path / ".local" / "state" / "heap-tui" / "profiles" / "default"):
        done = home.run("doctor")
    assert done.returncode == 0, done.stdout
    assert "a run is using it" in done.stdout


def test_quiet_prints_only_what_needs_attention(home: Home, server: SandboxServer) -> None:
    home.run("setup", "--endpoint", server.url, "--no-check")
    done = home.run("doctor", "--quiet")
    assert done.returncode == 1
    assert "ok        " not in done.stdout.replace("not ok    ", "")
    assert "not ok    Credentials" in done.stdout


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_none_is_wanted(home: Home, more: dict[str, str]) -> None:
    _code, screen = home.talk(["doctor"], **more)
    assert "\x1b[" not in screen


def test_colour_and_wrapped_lines_on_a_terminal(home: Home) -> None:
    code, screen = home.talk(["doctor"])
    assert code == 1
    assert "\x1b[31mnot ok" in screen
    assert all(
        len(line) <= 80
        for line in screen.replace("\x1b[31m", "").replace("\x1b[32m", "").split("\n")
        if "\x1b" not in line
    )


def test_a_broken_configuration_does_not_stop_it(home: Home) -> None:
    home.config.parent.mkdir(parents=True)
    home.config.write_text("version = \n")
    done = home.run("doctor")
    assert done.returncode == 1
    assert "not ok    Configuration" in done.stdout
    assert "ok        Avro codecs" in done.stdout
