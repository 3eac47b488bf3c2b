"""The real program given what it cannot use: words with the place and the remedy, the right exit code, no traceback."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from heap_tui.spool import dead
from heap_tui.spool.store import reading
from tests.fakes import avro_files
from tests.fakes.delivery import event_json, names
from tests.fakes.endpoint import Endpoint, Reply
from tests.fakes.program import Finished, Program, lines

GOOD = names(10)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as running:
        yield running


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def without_traceback(done: Finished) -> Finished:
    assert "Traceback" not in done.stdout + done.stderr
    assert "unexpected fault" not in done.stderr
    return done


def test_bad_lines_files_and_links_among_good_ones(program: Program, endpoint: Endpoint) -> None:
    """One directory with everything that can be wrong: each is named with its place, all good events arrive."""
    here = program.home / "in"
    here.mkdir()
    bad_lines = [
        b"{broken",
        b'{"id":"\xff","event_type":"x","time":1}',
        b"[1]",
        b'{"event_type":"x","time":1}',
        b'{"id":"x","time":1}',
        b'{"id":"x","event_type":"x","time":"now"}',
        event_json("large", 1_000_000),
    ]
    (here / "lines.ndjson").write_bytes(lines([event_json(GOOD[0]), *bad_lines, event_json(GOOD[1])]) + b'{"cut')
    (here / "array.json").write_bytes(b"[" + event_json(GOOD[2]) + b', {"x"}, ' + event_json(GOOD[3]) + b"]")
    (here / "cut.json").write_bytes(b"[" + event_json(GOOD[4]) + b', {"id":')
    (here / "foreign.avro").write_bytes(b"PAR1")
    whole = avro_files.avro(avro_files.records(GOOD[5], "lost", GOOD[6]), a_block=1)
    (here / "damaged.avro").write_bytes(avro_files.damaged(whole, 1, "size"))
    (here / "cut.avro").write_bytes(avro_files.avro(avro_files.records(GOOD[7], "lost"), a_block=1)[:-3])
    (here / "cut.ndjson.gz").write_bytes(gzip.compress(lines([event_json(GOOD[8]), event_json("lost")]), 0)[:-20])
    (here / "garbage.ndjson.zst").write_bytes(b"garbage")
    (here / "loop.ndjson").symlink_to("loop.ndjson")
    (here / "gone.ndjson").symlink_to("nowhere")
    (here / "round").symlink_to(here)
    (here / "caf\udce9.ndjson").write_bytes(lines([event_json(GOOD[9])]))
    (here / "empty.json").touch()

    done = without_traceback(program.run("--endpoint", endpoint.url, "--source", str(here), "-v"))
    assert done.code == 1, done.stderr
    bad = len(bad_lines) + 10
    assert done.counts("outcome", "read", "rejected", "delivered") == ("complete", 10 + bad, bad, 10)
    assert sorted(endpoint.accepted) == GOOD
    assert "cut.avro, item 2: rejected" in done.stderr
    assert "spool dead" in done.stderr

    with reading(program.directory) as state:
        assert state is not None
        letters = [kept.letter for kept in dead.read(state)]
    assert len(letters) == bad
    places = {(Path(letter.source).name, letter.place.split(" (")[0]) for letter in letters}
    assert {("lines.ndjson", f"line {n}") for n in range(2, 9)} <= places
    assert {("array.json", "item 2"), ("cut.json", "item 2"), ("damaged.avro", "item 2")} <= places


WRONG_USAGE = {
    "an option that does not exist": (["--sauce", "x"], "--sauce", "--help"),
    "an option without its value": (["--source"], "--source", "requires an argument"),
    "a number that is none": (["--limit", "many"], "many", "--help"),
    "a limit of nothing": (["--limit", "0"], "--limit", "--help"),
    "a rate that is none": (["--source", "sample:", "--rate", "fast"], "fast", "500/s"),
    "a setting out of its range": (["--source", "sample:", "--batch-size", "0"], "--batch-size", ""),
    "a source that is not there": (["--source", "nowhere.ndjson"], "nowhere.ndjson", "Check the path"),
    "a glob that matches nothing": (["--source", "*.avro"], "*.avro", "--follow"),
    "a file of unknown format": (["--source", "notes.txt"], "notes.txt", ".ndjson"),
    "a name that is too long": (["--source", "x" * 300 + ".ndjson"], "too long", "Check the path"),
    "a source of a later version": (["--source", "s3://bucket/x"], "s3:", "standard input"),
    "a source of no kind": (["--source", "http://x/y"], "http://x/y", "sample:"),
    "a sample with a wrong option": (["--source", "sample:?cuont=5"], "cuont", "count="),
    "a malformed address": (["--endpoint", "htp:/x"], "htp", "https://"),
    "plain http to elsewhere": (["--endpoint", "http://elsewhere.example/"], "http://", "https://"),
    "an option of a later version": (["--metrics", "127.0.0.1:1"], "--metrics", "Leave it out"),
    "run and a command": (["events"], "--run takes no command", "heap-tui events"),
}


@pytest.mark.parametrize("name", WRONG_USAGE)
def test_wrong_usage_is_2_with_the_place_and_the_remedy(program: Program, endpoint: Endpoint, name: str) -> None:
    arguments, place, remedy = WRONG_USAGE[name]
    (program.home / "notes.txt").write_text("x")
    address = [] if "--endpoint" in arguments else ["--endpoint", endpoint.url]
    done = without_traceback(program.start_any("--run", *address, *arguments).finish())
    assert (done.code, done.stdout) == (2, ""), done.stderr
    assert place in done.stderr
    assert remedy in done.stderr
    assert endpoint.received == []
    assert not program.state.exists(), "nothing was begun"


def test_an_option_of_run_without_run_says_how_to_write_it(program: Program) -> None:
    done = without_traceback(program.start_any("--source", "x.ndjson").finish())
    assert (done.code, done.stdout) == (2, "")
    assert "heap-tui --run --source" in done.stderr


def test_a_glob_of_unknown_types_is_a_warning_and_new_types_pass(program: Program, endpoint: Endpoint) -> None:
    path = program.home / "x.ndjson"
    path.write_bytes(b'{"id":"a","event_type":"brand.New","time":1,"user":{}}\n')
    done = program.run("--endpoint", endpoint.url, "--source", str(path), "--events", "brand.*")
    assert (done.code, done.counts("delivered")) == (0, (1,))
    assert "brand.*" in done.stderr


def test_log_lines_are_json_when_asked_whatever_happens(program: Program, endpoint: Endpoint) -> None:
    path = program.home / "x.ndjson"
    path.write_bytes(lines([event_json("a")]) + b"{broken\n" * 30)
    arguments = ("--endpoint", endpoint.url, "--source", str(path), "--log-format", "json", "-v")
    logged = [json.loads(line) for line in without_traceback(program.run(*arguments)).stderr.splitlines()]
    assert any("line 2" in line["message"] for line in logged)
    assert all({"time", "level", "message"} <= set(line) for line in logged)
    assert sum("line" in line["message"] for line in logged) < 20, "a broken file must not flood the log"


def test_a_halt_is_logged_as_json_with_its_remedy(program: Program) -> None:
    path = program.home / "x.ndjson"
    path.write_bytes(lines([event_json("a")]))
    with Endpoint(lambda _request: Reply(401)) as endpoint:
        done = program.run("--endpoint", endpoint.url, "--source", str(path), "--log-format", "json")
    assert done.code == 3
    assert json.loads(done.stderr.splitlines()[-1])["remedy"]


def test_quiet_says_nothing_unless_something_is_wrong(program: Program, endpoint: Endpoint) -> None:
    path = program.home / "x.ndjson"
    path.write_bytes(lines([event_json("a")]))
    good = program.run("--endpoint", endpoint.url, "--source", str(path), "--quiet")
    assert (good.code, good.stderr) == (0, "")
    path.write_bytes(lines([event_json("b")]) + b"{broken\n")
    bad = program.run("--endpoint", endpoint.url, "--source", str(path), "--quiet")
    assert (bad.code, bad.counts("rejected")) == (1, (1,))
    assert "line 2" in bad.stderr
