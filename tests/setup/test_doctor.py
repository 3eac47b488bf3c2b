"""The doctor's checks, one by one, and all of them together."""

import os
import stat
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from heap_tui.config.model import Destination, Profile, SourceEntry
from heap_tui.config.store import save_profile
from heap_tui.sandbox.server import SandboxOptions, SandboxServer
from heap_tui.setup.doctor import MAX_SKEW_S, Surroundings, clock_finding, diagnose
from heap_tui.setup.doctor_machine import codec_finding, file_limit_finding, proxy_finding, terminal_finding
from heap_tui.setup.doctor_profile import configuration_findings, source_finding
from heap_tui.setup.doctor_state import directory_finding, disk_finding, spool_finding
from heap_tui.setup.findings import Finding, State
from heap_tui.spool import dead
from heap_tui.spool.items import DeadLetter
from heap_tui.spool.store import Store
from tests.fakes.tls_server import endpoint

TOKEN = "tok-5f2c1b7e9a"
MIB = 1024 * 1024


def profile(url: str, **more: object) -> Profile:
    return Profile("production", "Production", Destination("webhook", url, **more))  # type: ignore[arg-type]


async def examined(tmp_path: Path, **environ: str) -> dict[str, Finding]:
    where = Surroundings(tmp_path / "config.toml", tmp_path / "state", None, environ, str(tmp_path))
    return {finding.check: finding async for finding in diagnose(where)}


def letter(kind: str) -> DeadLetter:
    return DeadLetter(kind, "1", "t", "stdin", 1, "line 1", "no", 400, "", 1, b"{}", time.time())


async def test_where_all_is_well_nothing_fails(tmp_path: Path) -> None:
    with SandboxServer(SandboxOptions(token=TOKEN)) as server:
        save_profile(tmp_path / "config.toml", profile(server.url, token="env"))
        found = await examined(tmp_path, HEAP_TUI_TOKEN=TOKEN)
        assert server.report().events == 0
    assert [finding for finding in found.values() if finding.state is State.FAILED] == []
    assert list(found) == [
        *("configuration", "profile", "sources", "keyring", "token", "proxy"),
        *("endpoint", "dns", "tcp", "tls", "credentials", "latency", "clock"),
        *("state", "disk", "spool", "version", "files", "codecs", "terminal"),
    ]
    assert found["clock"].state is State.OK
    assert TOKEN not in repr(found)
    assert str(tmp_path) not in repr(found)


async def test_without_a_profile_it_says_what_to_do(tmp_path: Path) -> None:
    found = await examined(tmp_path)
    assert found["configuration"].state is State.FAILED
    assert "heap-tui setup" in found["configuration"].remedy
    assert found["codecs"].state is State.OK
    assert list(tmp_path.iterdir()) == []


async def test_a_token_that_is_not_there_leaves_the_endpoint_unasked(tmp_path: Path) -> None:
    with SandboxServer(SandboxOptions(token=TOKEN)) as server:
        save_profile(tmp_path / "config.toml", profile(server.url, token="env"))
        found = await examined(tmp_path)
        assert server.report().requests == 0
    assert found["token"].state is State.FAILED
    assert found["tcp"].state is State.OK
    assert found["credentials"].state is State.SKIPPED


async def test_a_keyring_that_cannot_be_used_fails_only_who_needs_it(tmp_path: Path) -> None:
    here = {"PATH": os.environ["PATH"], "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    with SandboxServer() as server:
        save_profile(tmp_path / "config.toml", profile(server.url))
        needing = await examined(tmp_path, **here)
        given = await examined(tmp_path, **here, HEAP_TUI_TOKEN=TOKEN)
    assert (needing["keyring"].state, needing["token"].state) == (State.FAILED, State.SKIPPED)
    assert (given["keyring"].state, given["token"].state) == (State.SKIPPED, State.OK)


async def test_a_refused_token_still_shows_latency_and_clock(tmp_path: Path) -> None:
    with SandboxServer(SandboxOptions(token=TOKEN)) as server:
        save_profile(tmp_path / "config.toml", profile(server.url, token="none"))
        found = await examined(tmp_path)
    assert found["credentials"].state is State.FAILED
    assert found["clock"].state is State.OK


@pytest.mark.parametrize(("hours", "word"), [(2, "behind"), (-2, "ahead")])
async def test_a_clock_that_is_wrong_is_measured_by_the_endpoints(tmp_path: Path, hours: int, word: str) -> None:
    there = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    with endpoint(headers={"Date": there}) as url:
        save_profile(tmp_path / "config.toml", profile(url, token="none"))
        found = await examined(tmp_path)
    assert found["clock"].state is State.WARNING
    assert word in found["clock"].detail


@pytest.mark.parametrize("date", ["", "yesterday"])
async def test_an_endpoint_without_a_clock_is_no_fault(tmp_path: Path, date: str) -> None:
    with endpoint(headers={"Date": date}) as url:
        save_profile(tmp_path / "config.toml", profile(url, token="none"))
        assert (await examined(tmp_path))["clock"].state is State.SKIPPED


@pytest.mark.parametrize(
    ("skew_s", "state"),
    [(0.2, State.OK), (-MAX_SKEW_S, State.OK), (MAX_SKEW_S + 1, State.WARNING), (None, State.SKIPPED)],
)
def test_a_minute_is_allowed(skew_s: float | None, state: State) -> None:
    assert clock_finding(skew_s).state is state


@pytest.mark.parametrize(("text", "word"), [("[", "not TOML"), ("version = 1\n[profiles.p]\n", "destination")])
def test_a_configuration_with_mistakes_fails_with_their_lines(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    first, second = configuration_findings(path, None)
    assert first.finding.state is State.FAILED
    assert word in first.finding.detail
    assert "line" in first.finding.detail
    assert second.profile is None


def test_a_configuration_open_to_others_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    save_profile(path, profile("https://heap.example/x"))
    path.chmod(0o640)
    first, second = configuration_findings(path, None)
    assert first.finding.state is State.WARNING
    assert "chmod 600" in first.finding.remedy
    assert second.profile is not None


def test_unknown_keys_are_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    save_profile(path, profile("https://heap.example/x"))
    path.write_text("colour = 1\n" + path.read_text())
    path.chmod(0o600)
    first = next(iter(configuration_findings(path, None)))
    assert first.finding.state is State.WARNING
    assert "colour" in first.finding.detail


def test_a_profile_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    save_profile(path, profile("https://heap.example/x"))
    found = list(configuration_findings(path, "staging"))
    assert found[1].finding.state is State.FAILED
    assert "staging" in found[1].finding.detail


def test_a_source_that_is_gone_is_a_warning(tmp_path: Path) -> None:
    gone = Profile(
        "p", "p", Destination("webhook"), sources=(SourceEntry(str(tmp_path / "gone")), SourceEntry("sample:"))
    )
    there = Profile("p", "p", Destination("webhook"), sources=(SourceEntry(str(tmp_path)),))
    assert source_finding(gone).state is State.WARNING
    assert source_finding(there).state is State.OK
    assert source_finding(profile("https://heap.example/x")).state is State.OK


def test_a_state_directory_is_looked_at_and_never_made(tmp_path: Path) -> None:
    assert directory_finding(tmp_path / "a" / "b").state is State.OK
    assert spool_finding(tmp_path / "a" / "b", 0.0).state is State.OK
    assert list(tmp_path.iterdir()) == []


def test_a_state_directory_open_to_others_is_a_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    finding = directory_finding(tmp_path)
    assert finding.state is State.WARNING
    assert "chmod 700" in finding.remedy
    tmp_path.chmod(0o700)
    assert directory_finding(tmp_path).state is State.OK


def test_a_state_directory_of_somebody_else_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert directory_finding(tmp_path).state is State.FAILED
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    assert "cannot be written" in directory_finding(tmp_path).detail


@pytest.mark.parametrize(
    ("free", "state"), [(1 * MIB, State.FAILED), (500 * MIB, State.WARNING), (2000 * MIB, State.OK)]
)
def test_the_disk_must_have_room_for_the_queue(free: int, state: State) -> None:
    assert disk_finding(free, 1024 * MIB).state is state


def test_the_spool_tells_of_a_run_beside_it_and_of_dead_letters(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        with store.transaction(durable=True) as transaction:
            dead.keep(transaction, [letter(dead.REFUSED)])
        finding = spool_finding(tmp_path, time.time())
    assert "a run is using it" in finding.detail
    assert "1 dead letter" in finding.detail
    assert "spool dead" in finding.remedy
    assert "a run" not in spool_finding(tmp_path, time.time()).detail


def test_a_damaged_spool_fails_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"this is no database" * 100)
    finding = spool_finding(tmp_path, 0.0)
    assert finding.state is State.FAILED
    assert finding.remedy


@pytest.mark.parametrize(("soft", "state"), [(-1, State.OK), (80, State.OK), (79, State.FAILED)])
def test_every_connection_needs_a_file(soft: int, state: State) -> None:
    assert file_limit_finding(soft, 16).state is state


def test_a_codec_that_cannot_be_imported_is_named() -> None:
    finding = codec_finding({"heap_tui.no_such_codec": "snappy"})
    assert finding.state is State.FAILED
    assert "snappy" in finding.detail
    assert codec_finding().state is State.OK


@pytest.mark.parametrize(
    ("term", "is_terminal", "encoding", "size", "state"),
    [
        ("xterm", True, "UTF-8", (80, 24), State.OK),
        ("xterm", True, "utf8", (79, 24), State.WARNING),
        ("xterm", True, "UTF-8", (80, 23), State.WARNING),
        ("xterm", True, "ANSI_X3.4-1968", (80, 24), State.WARNING),
        ("dumb", True, "UTF-8", (80, 24), State.WARNING),
        ("", True, "UTF-8", (80, 24), State.WARNING),
        ("", False, "UTF-8", (80, 24), State.SKIPPED),
    ],
)
def test_screens_need_a_terminal_of_some_size(
    term: str, is_terminal: bool, encoding: str, size: tuple[int, int], state: State
) -> None:
    assert terminal_finding({"TERM": term} if term else {}, is_terminal, encoding, size).state is state


def test_proxies_are_shown_without_their_passwords() -> None:
    environ = {"https_proxy": "http://me:hunter22@proxy:3128", "NO_PROXY": "localhost"}
    finding = proxy_finding(environ, "http://me:hunter22@other:3128")
    assert "hunter22" not in finding.detail
    assert "proxy:3128" in finding.detail
    assert "other:3128" in finding.detail
    assert "none" in proxy_finding({}, None).detail


async def test_a_token_file_open_to_others_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(stat.S_IRUSR | stat.S_IROTH)
    with SandboxServer(SandboxOptions(token=TOKEN)) as server:
        save_profile(tmp_path / "config.toml", profile(server.url, token="env"))
        found = await examined(tmp_path, HEAP_TUI_TOKEN_FILE=str(file))
    assert found["token"].state is State.WARNING
    assert found["credentials"].state is State.OK
