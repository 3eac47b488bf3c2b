"""``heap-tui test-fire`` as the real program, in an empty home directory."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
import trustme

from heap_tui.currents.catalog import catalog
from heap_tui.sandbox.server import Answer, SandboxOptions, SandboxServer
from tests.fakes.empty_home import Home
from tests.fakes.tls_server import endpoint, server_context

TOKEN = "tok-5f2c1b7e9a"
CLICK = "users.messages.email.Click"
OPEN = "users.messages.email.Open"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(SandboxOptions(token=TOKEN)) as running:
        yield running


def last_line(text: str) -> dict[str, Any]:
    result = json.loads(text.splitlines()[-1])
    assert isinstance(result, dict)
    return result


def test_the_sandbox_needs_no_profile_and_leaves_no_file(home: Home) -> None:
    done = home.launch("test-fire", "--sandbox", "users.messages.email.*")
    assert done.returncode == 0, done.stderr
    assert f"{CLICK}  " in done.stdout
    assert "11 of 11 events accepted." in done.stdout
    assert home.files() == {}


def test_every_type_that_the_webhook_sends_is_accepted(home: Home) -> None:
    done = home.run("test-fire", "--sandbox", "--output", "json")
    assert done.returncode == 0, done.stderr
    result = last_line(done.stdout)
    assert result["accepted"] == result["sent"] == sum(event_type.http for event_type in catalog())
    assert result["outcome"] == "accepted"


def test_each_event_is_a_request_of_its_own_after_an_empty_batch(home: Home, server: SandboxServer) -> None:
    done = home.run("test-fire", "--endpoint", server.url, CLICK, OPEN, HEAP_TUI_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    report = server.report()
    assert report.by_type == {CLICK: 1, OPEN: 1}
    assert report.requests == 3
    assert "heap-tui-test" in done.stdout
    assert "heap-tui test 2" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


def test_the_profiles_selection_and_transformation_count(home: Home) -> None:
    record = home.path / "got.ndjson"
    with SandboxServer(SandboxOptions(token=TOKEN, record=record)) as running:
        home.run(
            *("setup", "--endpoint", running.url, "--token-stdin", "--events", "users.messages.email.*"),
            *("--exclude", "*.Abort", "--remove", "email_address"),
            stdin=TOKEN,
        )
        done = home.run("test-fire", "--output", "json")
    assert done.returncode == 0, done.stderr
    got = [json.loads(line) for line in record.read_text().splitlines()]
    assert len(got) == 10
    assert {event["properties"]["email_address"] for event in got} == {"[REDACTED]"}
    result = last_line(done.stdout)
    marked = {event["id"]: event["marked"] for event in result["events"]}
    assert all(event["properties"][marked[event["id"]]] == result["marker"] for event in got)
    assert {event["user"]["external_user_id"] for event in got} == {result["user"]}


def test_a_refused_event_is_one_and_the_others_are_sent(home: Home) -> None:
    refusal = Answer(400, body=b'{"error": "no"}')
    with SandboxServer(SandboxOptions(script=(refusal,))) as running:
        done = home.run("test-fire", "--endpoint", running.url, CLICK, OPEN)
    assert done.returncode == 1
    assert "400" in done.stdout
    assert "--dry-run" in done.stdout
    assert "1 of 2 events accepted." in done.stdout


@pytest.mark.parametrize("status", [503, 429, 500])
def test_trouble_is_shown_and_nothing_is_retried(home: Home, status: int) -> None:
    with SandboxServer(SandboxOptions(status=status)) as running:
        done = home.run("test-fire", "--endpoint", running.url, CLICK)
        assert running.report().requests == 2
    assert done.returncode == 1
    assert str(status) in done.stdout


def test_a_wrong_token_halts_before_any_event(home: Home, server: SandboxServer) -> None:
    done = home.launch("test-fire", "--endpoint", server.url, HEAP_TUI_TOKEN="tok-0000000000")
    assert done.returncode == 3
    assert server.report().requests == 1
    assert "401" in done.stderr
    assert "tok-0000000000" not in done.stdout + done.stderr


@pytest.mark.parametrize("status", [302, 403, 404])
def test_a_halt_in_between_sends_no_more(home: Home, status: int) -> None:
    with endpoint(status, headers={"Location": "https://other.example/"}, empty_status=200) as url:
        done = home.run("test-fire", "--endpoint", url, CLICK, OPEN)
    assert done.returncode == 3
    assert "1 event was not sent." in done.stdout


def test_a_certificate_of_an_unknown_authority_halts(home: Home) -> None:
    with endpoint(tls=server_context(trustme.CA())) as url:
        done = home.run("test-fire", "--endpoint", url, CLICK)
    assert done.returncode == 3
    assert "ca_file" in done.stderr


def test_no_answer_is_four_and_not_waited_for_by_every_event(home: Home) -> None:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.monotonic()
    done = home.run("test-fire", "--endpoint", f"http://127.0.0.1:{port}/", "--output", "json")
    assert done.returncode == 4
    assert time.monotonic() - started < 15
    assert last_line(done.stdout)["outcome"] == "no_answer"


def test_a_lost_reply_is_no_answer(home: Home) -> None:
    with SandboxServer(SandboxOptions(drop_reply_rate=1)) as running:
        done = home.run("test-fire", "--endpoint", running.url, CLICK)
    assert done.returncode == 4


def test_a_success_that_reports_refused_events_is_shown(home: Home) -> None:
    with endpoint(200, b'{"errors": [{"index": 0}]}', empty_status=200) as url:
        done = home.run("test-fire", "--endpoint", url, CLICK)
    assert done.returncode == 1
    assert "refused" in done.stdout


def test_a_dry_run_prints_the_requests_and_sends_nothing(home: Home, server: SandboxServer) -> None:
    url = f"{server.url}?key=secret-query"
    done = home.run("test-fire", "--endpoint", url, "--dry-run", CLICK, HEAP_TUI_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    assert server.report().requests == 0
    head, _blank, body = done.stdout.partition("\n\n")
    assert head.splitlines() == [
        f"POST {server.url}?key=[token]",
        "Content-Type: application/json",
        "Braze-Currents-Version: 1",
        "Authorization: Bearer [token]",
    ]
    assert json.loads(body)["events"][0]["event_type"] == CLICK
    assert TOKEN not in done.stdout + done.stderr


def test_a_dry_run_is_json_as_well(home: Home) -> None:
    done = home.run("test-fire", "--endpoint", "https://heap.invalid/x", "--dry-run", "--output", "json", CLICK, OPEN)
    result = last_line(done.stdout)
    assert result["outcome"] == "dry_run"
    assert [request["body"]["events"][0]["event_type"] for request in result["requests"]] == [CLICK, OPEN]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--sandbox", "users.messages.email.Clack"], CLICK),
        (["--sandbox", "users.nothing.*"], "users.nothing.*"),
        (["--sandbox", "--events", "users.nothing.*"], "nothing to send"),
        (["--sandbox", "--endpoint", "https://heap.invalid/"], "--endpoint"),
        (["--sandbox", "--dry-run"], "--dry-run"),
        (["--endpoint", "heap.invalid"], "https://"),
        ([], "heap-tui setup"),
        (["--profile", "gone", "--sandbox"], "profile"),
    ],
)
def test_wrong_usage_is_two(home: Home, arguments: list[str], words: str) -> None:
    done = home.run("test-fire", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_glob_that_matches_nothing_is_a_warning_beside_one_that_does(home: Home) -> None:
    done = home.run("test-fire", "--sandbox", "--events", CLICK, "--events", "users.nothing.*")
    assert done.returncode == 0, done.stderr
    assert "warning: --events: users.nothing.*" in done.stderr
    assert "1 of 1 event accepted." in done.stdout


def test_a_stored_token_does_not_travel_to_another_host(home: Home, server: SandboxServer) -> None:
    home.run("setup", "--endpoint", server.url, "--token-stdin", stdin=TOKEN)
    assert home.run("test-fire", "--endpoint", f"{server.url}other", CLICK).returncode == 0
    with SandboxServer(SandboxOptions(token=TOKEN)) as other:
        done = home.run("test-fire", "--endpoint", other.url, CLICK)
    assert done.returncode == 3
    assert "another host" in done.stderr


def test_a_profile_of_the_track_api_comes_later(home: Home) -> None:
    home.config.parent.mkdir(parents=True)
    home.config.write_text('[profiles.p.destination]\nkind = "track"\napp_id = "1"\n')
    done = home.run("test-fire")
    assert done.returncode == 2
    assert "later version" in done.stderr
