"""The real program when its state is used by another, new, damaged, full or out of reach: exit code 5, nothing lost."""

import os
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.delivery import event_json, names
from tests.fakes.endpoint import Endpoint, Received, Reply
from tests.fakes.program import Finished, Program, lines

FATES = ("outcome", "accepted", "delivered", "dead_lettered", "pending", "given_back")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def events_file(program: Program, number: int, size: int = 0) -> str:
    path = program.home / "events.ndjson"
    path.write_bytes(lines([event_json(name, size) for name in names(number)]))
    return str(path)


def fill_queue(program: Program, endpoint: Endpoint, number: int) -> None:
    """Leave that many events in the durable queue."""
    rule, endpoint.rule = endpoint.rule, lambda _request: Reply(401)
    given = lines([event_json(name) for name in names(number)])
    assert program.run("--endpoint", endpoint.url, "--source", "-", given=given).code == 3
    endpoint.rule = rule


def assert_plain(done: Finished, *words: str) -> None:
    """Exit code 5, said in words and without a traceback."""
    assert done.code == 5, done.stderr
    assert done.summary["outcome"] == "failed"
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def database(program: Program) -> sqlite3.Connection:
    return sqlite3.connect(program.directory / "spool.db")


def test_a_second_run_on_the_same_state_is_refused_and_the_first_goes_on(endpoint: Endpoint, program: Program) -> None:
    may_answer = threading.Event()
    endpoint.rule = lambda _request: Reply(after=may_answer)
    source = events_file(program, 100)
    running = program.start("--endpoint", endpoint.url, "--source", source)
    endpoint.wait_for_requests(1)
    second = program.run("--endpoint", endpoint.url, "--source", source)
    assert_plain(second, "Another run", "--state-dir")
    assert second.counts(*FATES) == ("failed", 0, 0, 0, 0, 0)
    may_answer.set()
    first = running.finish()
    assert (first.code, first.counts(*FATES)) == (0, ("complete", 100, 100, 0, 0, 0))


def test_a_newer_state_is_refused(endpoint: Endpoint, program: Program) -> None:
    assert program.run("--endpoint", endpoint.url).code == 0
    with database(program) as connection:
        connection.execute("PRAGMA user_version=999")
    connection.close()
    done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 10))
    assert_plain(done, "newer", "Update heap-tui")
    assert endpoint.received == []


def test_a_file_that_is_no_database_is_told_with_a_remedy(endpoint: Endpoint, program: Program) -> None:
    program.directory.mkdir(parents=True)
    (program.directory / "spool.db").write_bytes(os.urandom(20_000))
    done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 10))
    assert_plain(done, "damaged", "aside", str(program.directory))
    assert endpoint.received == []


@pytest.mark.parametrize("table", ["queue", "seen_recent"])
def test_a_damaged_page_is_told_with_a_remedy(endpoint: Endpoint, program: Program, table: str) -> None:
    fill_queue(program, endpoint, 100)
    with database(program) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name=?", (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with (program.directory / "spool.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
    done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 10))
    assert_plain(done, "damaged", "aside")


def test_a_damaged_row_is_put_aside_and_the_rest_is_delivered(endpoint: Endpoint, program: Program) -> None:
    fill_queue(program, endpoint, 300)
    with database(program) as connection:
        middle = connection.execute("SELECT seq FROM queue ORDER BY seq LIMIT 1 OFFSET 1").fetchone()
        connection.execute("UPDATE queue SET events=randomblob(length(events)) WHERE seq=?", middle)
    connection.close()
    done = program.run("--endpoint", endpoint.url)
    assert done.code == 0, done.stderr
    assert done.counts("delivered", "pending") == (200, 0)
    assert "put aside" in done.stderr
    assert sorted(endpoint.accepted) == [*names(300)[:100], *names(300)[200:]]
    with database(program) as connection:
        assert connection.execute("SELECT count FROM damaged").fetchall() == [(100,)]
        assert connection.execute("SELECT count(*) FROM queue").fetchone() == (0,)
    connection.close()
    assert program.run("--endpoint", endpoint.url).counts("pending_before") == (0,)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A file system of 24 megabytes; None where mounting is not allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    yield place if mounted else None
    if mounted:
        subprocess.run(["umount", str(place)], check=True, capture_output=True)


def limit_file_size() -> None:
    """In the child: writing beyond this size fails, as on a full disk."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (3_500_000, 3_500_000))


class FullDisk:
    """A state on a disk with hardly any room left, and a way to make room.

    Args:
        program: whose state it is.
        disk: a small file system; without one, the size of files is limited.
    """

    def __init__(self, program: Program, disk: Path | None) -> None:
        self.more: dict[str, Any] = {} if disk else {"preexec_fn": limit_file_size}
        self.ballast = disk / "ballast" if disk else None
        if disk:
            program.state = disk / "state"
            program.environ["HEAP_TUI_STATE_DIR"] = str(program.state)
            (disk / "ballast").write_bytes(bytes(21_500_000))

    def make_room(self) -> None:
        self.more = {}
        if self.ballast:
            self.ballast.unlink()


def test_a_full_disk_under_standard_input_keeps_what_was_accepted(
    endpoint: Endpoint, program: Program, small_disk: Path | None
) -> None:
    disk = FullDisk(program, small_disk)
    endpoint.rule = lambda _request: Reply(503, {"Retry-After": "0"})
    given = lines([event_json(name, 2_000) for name in names(4000)])
    done = program.run("--endpoint", endpoint.url, "--source", "-", given=given, **disk.more)
    assert_plain(done)
    accepted = done.summary["accepted"]
    assert 0 < accepted == done.summary["pending"] < 4000
    disk.make_room()
    endpoint.rule = lambda _request: Reply()
    after = program.run("--endpoint", endpoint.url)
    assert (after.code, after.counts("pending_before", "delivered")) == (0, (accepted, accepted))
    assert sorted(endpoint.accepted) == names(4000)[:accepted]


def test_a_full_disk_under_dead_letters_keeps_every_event_in_its_file(
    endpoint: Endpoint, program: Program, small_disk: Path | None
) -> None:
    disk = FullDisk(program, small_disk)
    ids = names(300)
    endpoint.rule = lambda request: Reply() if request.ids in (ids[:1], ids[1:2]) else Reply(400)
    source = events_file(program, 300, size=25_000)
    done = program.run("--endpoint", endpoint.url, "--source", source, "--batch-size", "1", **disk.more)
    assert_plain(done)
    disk.make_room()
    endpoint.rule = lambda _request: Reply(400)
    after = program.run("--endpoint", endpoint.url, "--source", source)
    assert after.code == 1, after.stderr
    assert after.counts("delivered", "pending") == (0, 0)
    with database(program) as connection:
        dead = {name for (name,) in connection.execute("SELECT event_id FROM dead")}
    connection.close()
    assert dead | set(endpoint.accepted) == set(ids)


def test_a_place_that_cannot_be_written_is_5_with_a_remedy(endpoint: Endpoint, program: Program) -> None:
    (program.home / "file").write_bytes(b"")
    program.environ["HEAP_TUI_STATE_DIR"] = str(program.home / "file" / "state")
    done = program.run("--endpoint", endpoint.url, "--source", events_file(program, 10))
    assert_plain(done, "cannot be used", "--state-dir")
    assert endpoint.received == []


def test_nobody_else_can_read_the_state_whatever_the_umask(endpoint: Endpoint, program: Program) -> None:
    may_answer = threading.Event()
    endpoint.rule = lambda request: Reply() if request.number == 0 else Reply(after=may_answer)
    running = program.start("--endpoint", endpoint.url, "--source", events_file(program, 200), umask=0)
    endpoint.wait_for_requests(2)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in program.directory.iterdir()}
    may_answer.set()
    assert running.finish().code == 0
    assert set(modes) == {"spool.db", "spool.db-wal", "spool.db-shm", "lock"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(program.directory.stat().st_mode) == 0o700


TOKEN = "s3cr3t-Tok/en+with~odd.chars=="


def test_the_token_never_shows_even_when_the_endpoint_echoes_it(program: Program) -> None:
    from urllib.parse import quote

    body = f'{{"errors": ["Bearer {TOKEN}"], "again": "{quote(TOKEN, safe="")}"}}'.encode()
    elsewhere = f"https://elsewhere.example/{TOKEN}?t={quote(TOKEN)}"
    failed: list[str] = []

    def rule(request: Received) -> Reply:
        if request.ids == ["e0001"] and not failed:
            failed.append("e0001")
            return Reply(500, {"X-Echo": TOKEN}, body)
        if request.ids == ["e0002"]:
            return Reply(400, body=body)
        return Reply(302, {"Location": elsewhere}, body) if request.ids == ["e0003"] else Reply(200, body=body)

    program.environ["HEAP_TUI_TOKEN"] = TOKEN
    source = events_file(program, 4)
    (program.home / "broken.ndjson").write_bytes(b"not json\n")
    with Endpoint(rule) as endpoint:
        done = program.run(
            *("--endpoint", endpoint.url, "--source", source, "--source", str(program.home / "broken.ndjson")),
            *("--batch-size", "1", "--max-in-flight", "1", "-v", "-v", "--log-format", "json"),
        )
        assert done.code == 3, done.stderr
        assert endpoint.received[0].headers["authorization"] == f"Bearer {TOKEN}"
    written = b"".join(path.read_bytes() for path in program.state.rglob("*") if path.is_file())
    assert b"[token]" in written  # the refused event's answer is kept, without the token
    for spelling in (TOKEN, quote(TOKEN), quote(TOKEN, safe="")):
        assert spelling not in done.stdout
        assert spelling not in done.stderr
        assert spelling.encode() not in written
