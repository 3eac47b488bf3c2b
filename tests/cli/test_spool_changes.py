"""``heap-tui spool retry``, ``export`` and ``purge``."""

import json
import stat
from pathlib import Path

import pytest

from heap_tui.errors import StateError
from heap_tui.spool.store import Store
from tests.fakes.letters import event, kept, queued, refused, rejected
from tests.fakes.spool_home import HOSTILE, PROFILES, Home, usage_error


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("HEAP_TUI_CONFIG", "HEAP_TUI_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Home(tmp_path)


@pytest.fixture
def profiles(home: Home) -> Home:
    home.config.write_text(PROFILES)
    return home


def test_retry_says_how_many_were_queued_and_what_to_run_next(profiles: Home) -> None:
    directory = profiles.fill(refused("a"), refused("b"), profile="production")
    done = profiles.run("retry", "--all")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"2 dead letters of profile production are queued again ({2 * len(event('a'))} bytes).",
        "Next: heap-tui --run delivers them, before anything else.",
    ]
    assert queued(directory) == [event("a"), event("b")]
    assert profiles.run("retry", "--all").stdout == "There are no dead letters of profile production.\n"


def test_the_next_command_names_the_profile_that_was_named(profiles: Home) -> None:
    profiles.fill(refused("a"), profile="second")
    assert "heap-tui --run --profile second" in profiles.run("retry", "1", "--profile", "second").stdout


def test_what_stays_is_told_with_reason_and_number_and_exit_code_1(home: Home) -> None:
    home.fill(refused("a"), rejected(b"x"))
    done = home.run("retry", "--all")
    assert done.return_value == 1
    assert done.stdout.splitlines()[1:3] == [
        "1 stays with the dead letters of runs without a profile:",
        "  1: not an event: a JSON object is expected (number 2)",
    ]
    again = home.json("retry", "2")
    assert again == {
        "profile": None,
        "queued": 0,
        "queued_bytes": 0,
        "stayed": 1,
        "causes": [
            {
                "kind": "rejected",
                "status": None,
                "reason": "not an event: a JSON object is expected",
                "count": 1,
                "numbers": [2],
            }
        ],
        "next": "",
    }


def test_a_rejected_event_is_selected_and_transformed_as_the_profile_says(profiles: Home) -> None:
    readable = event("a", email_address="jane@example.com")
    directory = profiles.fill(rejected(readable), rejected(event("b", "users.messages.sms.Send")), profile="production")
    done = profiles.run("retry", "--all")
    assert done.return_value == 1
    assert "not among the events that are delivered (number 2)" in done.stdout
    ((sent,)) = queued(directory)
    assert json.loads(sent)["properties"] == {"email_address": "[REDACTED]"}


@pytest.mark.parametrize("options", [(), ("1", "--all"), ("--kind", "refused")])
def test_retry_must_be_told_which(home: Home, options: tuple[str, ...]) -> None:
    home.fill(refused("a"))
    usage_error(home.run("retry", *options))


def test_the_queue_is_exported_to_standard_output_and_the_figures_beside_it(home: Home) -> None:
    home.fill(refused("a"), pending=("p", "q"))
    shown = home.run("export")
    assert shown.stdout_bytes == event("p") + b"\n" + event("q") + b"\n"
    assert shown.stderr == f"2 events of runs without a profile exported ({len(shown.stdout_bytes)} bytes).\n"
    assert home.run("export", "--pending").stdout == shown.stdout
    assert home.run("export", "--quiet").stderr == ""


def test_dead_letters_are_exported_and_both_the_queue_first(home: Home) -> None:
    home.fill(refused("a"), rejected(HOSTILE), rejected(b"", position=1), pending=("p",))
    dead = home.run("export", "--dead")
    assert dead.stdout_bytes == event("a") + b"\n" + HOSTILE + b"\n"
    assert "1 dead letter has no content" in dead.stderr
    assert home.run("export", "1").stdout_bytes == event("a") + b"\n"
    assert home.run("export", "--dead", "--kind", "refused").stdout_bytes == event("a") + b"\n"
    assert home.run("export", "--dead", "--pending").stdout_bytes == event("p") + b"\n" + dead.stdout_bytes
    usage_error(home.run("export", "--kind", "refused"))


def test_an_export_goes_to_a_private_file_that_is_not_overwritten(home: Home, tmp_path: Path) -> None:
    home.fill(pending=("p",))
    path = tmp_path / "out.ndjson"
    shown = home.run("export", "--output-file", str(path))
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert path.read_bytes() == event("p") + b"\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"mine")
    assert "--force" in usage_error(home.run("export", "--output-file", str(path))).remedy
    assert path.read_bytes() == b"mine"
    assert home.run("export", "--output-file", str(path), "--force").exit_code == 0
    assert path.read_bytes() == event("p") + b"\n"


def test_without_yes_it_is_told_what_would_be_deleted(home: Home) -> None:
    home.fill(refused("a"), rejected(b"x"), pending=("p",))
    error = usage_error(home.run("purge", "--all"))
    assert "2 dead letters and 1 pending event that was not delivered" in error.message
    assert "--yes" in error.remedy
    assert (len(kept(home.directory)), len(queued(home.directory))) == (2, 1)


def test_the_queue_is_purged_with_a_plain_word_on_the_loss(home: Home) -> None:
    home.fill(refused("a"), pending=("p", "q"))
    done = home.run("purge", "--pending", "--yes")
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert first.startswith("Deleted 2 pending events that were not delivered (")
    assert "will not be delivered" in second
    assert "--replay" in second
    assert queued(home.directory) == []
    assert list(kept(home.directory)) == [1]


def test_dead_letters_are_purged_by_number_and_kind(home: Home) -> None:
    home.fill(refused("a"), rejected(b"x"), refused("b"))
    assert home.json("purge", "1", "--yes") == {
        "profile": None,
        "dead": 1,
        "pending": 0,
        "pending_bytes": 0,
        "damaged_rows": 0,
    }
    assert home.run("purge", "--dead", "--kind", "rejected", "--yes").exit_code == 0
    assert list(kept(home.directory)) == [3]
    assert home.run("purge", "--dead", "--yes").exit_code == 0
    assert home.run("purge", "--dead", "--yes").stdout == "There is nothing to delete for runs without a profile.\n"


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--yes",),
        ("--kind", "refused"),
        ("--all", "1"),
        ("--all", "--kind", "refused"),
        ("--pending", "1"),
        ("--pending", "--dead", "--kind", "refused"),
    ],
)
def test_a_purge_that_is_not_clear_deletes_nothing(home: Home, options: tuple[str, ...]) -> None:
    home.fill(refused("a"), pending=("p",))
    usage_error(home.run("purge", *options, "--yes"))
    assert (len(kept(home.directory)), len(queued(home.directory))) == (1, 1)


def test_changing_needs_the_lock_and_looking_does_not(home: Home, tmp_path: Path) -> None:
    home.fill(refused("a"), pending=("p",))
    with Store(home.directory):
        for command in (["retry", "--all"], ["purge", "--all", "--yes"]):
            assert isinstance(home.run(*command).exception, StateError)
        assert home.json()["locked"] is True
        assert "In use        yes, by a run" in home.run().stdout
        assert home.json("dead")["total"] == 1
        assert home.run("export", "--output-file", str(tmp_path / "out")).exit_code == 0
    assert (len(kept(home.directory)), len(queued(home.directory))) == (1, 1)


def test_a_damaged_state_is_told_as_such(home: Home) -> None:
    home.fill(refused("a"))
    (home.directory / "spool.db").write_bytes(b"no database" * 1_000)
    for command in (["status"], ["dead"], ["export"], ["retry", "--all"], ["purge", "--all"]):
        error = home.run(*command).exception
        assert isinstance(error, StateError)
        assert "damaged" in error.message
