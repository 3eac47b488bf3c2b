"""``heap-tui spool`` by click, on states made for the purpose."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from heap_tui.cli.context import App
from heap_tui.cli.root import root
from heap_tui.errors import StateError, UsageError
from heap_tui.spool import queue
from heap_tui.spool.items import DeadLetter
from heap_tui.spool.store import Store
from tests.fakes.letters import AT, CLICK, event, fill, kept, queued, refused, rejected

HOSTILE = b"\x1b[2J\x1b]0;title\x07 \xe2\x80\xaeevil \xff\x9b31m"
PROFILES = """
version = 1
default_profile = "production"

[profiles.production.destination]
kind = "webhook"
endpoint = "https://heap.example/in"
token = "none"
[profiles.production.events]
exclude = ["users.messages.sms.*"]
[profiles.production.transform]
remove = ["email_address"]

[profiles.second.destination]
kind = "webhook"
endpoint = "https://heap.example/two"
token = "none"
"""


class Home:
    """A configuration file and a state directory; `run` calls the program with them."""

    def __init__(self, root_directory: Path) -> None:
        self.config = root_directory / "config.toml"
        self.states = root_directory / "state"
        self.directory = self.states / "no-profile"

    def run(self, *arguments: str) -> Result:
        places = ["--config", str(self.config), "--state-dir", str(self.states), "--lang", "en"]
        return CliRunner().invoke(root, [*places, "spool", *arguments], standalone_mode=False, obj=App())

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--output", "json").stdout)

    def fill(self, *letters: DeadLetter, pending: tuple[str, ...] = (), profile: str | None = None) -> Path:
        directory = self.states / "profiles" / profile if profile else self.directory
        fill(directory, *letters, pending=pending)
        return directory


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("HEAP_TUI_CONFIG", "HEAP_TUI_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Home(tmp_path)


@pytest.fixture
def profiles(home: Home) -> Home:
    home.config.write_text(PROFILES)
    return home


def usage_error(result: Result) -> UsageError:
    assert isinstance(result.exception, UsageError), result.exception or result.output
    assert result.stdout == ""
    return result.exception


# status


def test_the_status_is_shown_when_no_command_is_given(home: Home) -> None:
    home.fill(refused("a"), rejected(b"x"), pending=("p", "q"))
    shown = home.run()
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[:5] == home.run("status").stdout.splitlines()[:5]
    assert lines[:3] == ["State of      runs without a profile", f"Kept in       {home.directory}", "In use        no"]
    assert lines[3].startswith("Pending       2 events, ")
    assert "oldest from 2027-01-15 08:00:00 UTC" in lines[3]
    assert lines[4] == "Dead letters  1 refused by the endpoint, 1 rejected as unreadable"
    assert "  1  refused: the endpoint answered 400" in lines
    assert "  1  rejected: not an event: a JSON object is expected" in lines
    assert "heap-tui spool retry --all" in shown.stdout


def test_the_status_as_json_has_everything(home: Home) -> None:
    home.fill(refused("a"), refused("b"), rejected(b"x"), pending=("p",))
    shown = home.json()
    assert shown.pop("database_bytes") > 0
    assert shown["pending"].pop("oldest_age_s") >= 0
    assert shown == {
        "profile": None,
        "directory": str(home.directory),
        "locked": False,
        "pending": {"events": 1, "bytes": len(event("p")), "oldest_at": AT},
        "dead": {
            "refused": 2,
            "rejected": 1,
            "causes": [
                {"kind": "refused", "status": 400, "reason": "the endpoint answered 400", "count": 2},
                {
                    "kind": "rejected",
                    "status": None,
                    "reason": "not an event: a JSON object is expected",
                    "count": 1,
                },
            ],
        },
        "damaged": {"rows": 0, "events": 0},
        "others": [],
    }


def test_without_any_state_everything_is_none_and_nothing_is_made(home: Home) -> None:
    shown = home.run("status")
    assert shown.exit_code == 0
    assert "Pending       none" in shown.stdout
    assert "Dead letters  none" in shown.stdout
    for command in (["dead"], ["retry", "--all"], ["export"], ["purge", "--all"], ["purge", "--all", "--yes"]):
        assert home.run(*command).exit_code == 0
    assert not home.states.exists()


def test_damaged_rows_are_shown(home: Home) -> None:
    home.fill(pending=("p", "q"))
    with Store(home.directory) as store, store.transaction(durable=True) as transaction:
        queue.put_aside(transaction, queue.DamagedRowError(1, 2, "checksum"), AT)
    assert "Damaged       1 row of the queue (2 events), put aside" in home.run().stdout
    assert home.json()["damaged"] == {"rows": 1, "events": 2}
    assert "1 damaged row" in usage_error(home.run("purge", "--all")).message
    assert home.run("purge", "--all", "--yes").stdout == "Deleted 1 damaged row of runs without a profile.\n"


# whose state


def test_the_default_profile_is_looked_at_and_the_others_are_named(profiles: Home) -> None:
    profiles.fill(refused("a"), profile="production")
    profiles.fill(refused("b"), profile="second")
    profiles.fill(refused("c"))
    shown = profiles.json()
    assert shown["profile"] == "production"
    assert shown["others"] == ["--no-profile", "--profile second"]
    assert "Also here     state reached by --no-profile, --profile second" in profiles.run().stdout


@pytest.mark.parametrize(("options", "found"), [((), "a"), (("--profile", "second"), "b"), (("--no-profile",), "c")])
def test_a_profile_is_reached_by_name_and_the_state_of_none_by_its_option(
    profiles: Home, options: tuple[str, ...], found: str
) -> None:
    profiles.fill(refused("a"), profile="production")
    profiles.fill(refused("b"), profile="second")
    profiles.fill(refused("c"))
    assert [one["event_id"] for one in profiles.json("dead", *options)["dead"]] == [found]


def test_a_profile_that_is_configured_no_more_is_reached_while_it_has_state(profiles: Home) -> None:
    directory = profiles.fill(refused("a"), rejected(event("b")), profile="former")
    assert profiles.json("--profile", "former")["dead"]["refused"] == 1
    retried = profiles.run("retry", "--all", "--profile", "former")
    assert retried.return_value == 1
    assert "Set up profile former again to deliver them." in retried.stdout
    # What it removed or hashed is not known any more, so that nothing that was never transformed may leave.
    assert queued(directory) == [event("a")]
    assert list(kept(directory)) == [2]


def test_a_broken_configuration_hides_no_state_that_is_named(profiles: Home) -> None:
    profiles.config.write_text("version = ")
    profiles.fill(refused("a"), profile="production")
    assert profiles.json("--profile", "production")["dead"]["refused"] == 1
    usage_error(profiles.run())


@pytest.mark.parametrize("name", ["nobody", "../profiles/production", "..", "."])
def test_a_name_without_profile_and_state_is_a_usage_error(profiles: Home, name: str) -> None:
    profiles.fill(refused("a"), profile="production")
    assert "production, second" in usage_error(profiles.run("--profile", name)).message


def test_profile_and_no_profile_exclude_each_other(profiles: Home) -> None:
    usage_error(profiles.run("status", "--profile", "second", "--no-profile"))


def test_without_a_default_among_several_profiles_it_is_asked_which(profiles: Home) -> None:
    profiles.config.write_text(PROFILES.replace('default_profile = "production"', ""))
    assert "several profiles" in usage_error(profiles.run()).message


def test_options_before_a_command_are_refused_rather_than_forgotten(home: Home) -> None:
    error = usage_error(home.run("--output", "json", "dead"))
    assert error.remedy == "Write heap-tui spool dead --output."


# dead


def test_dead_letters_are_listed_one_a_line_newest_first(home: Home) -> None:
    home.fill(refused("a"), rejected(b"x"))
    shown = home.run("dead")
    unreadable, answered = "not an event: a JSON object is expected", "the endpoint answered 400"
    moment = "2027-01-15 08:00:00"
    assert [line.split("\t") for line in shown.stdout.splitlines()] == [
        ["2", moment, "rejected", "-", "0", "-", "-", "in.ndjson, byte 0", unreadable],
        ["1", moment, "refused", "400", "2", CLICK, "a", "in.ndjson, position 7", answered],
    ]
    assert shown.stderr == "2 dead letters of runs without a profile.\n"
    assert home.run("--quiet", "dead").stderr == ""


def test_people_see_twenty_and_scripts_all(home: Home) -> None:
    home.fill(*(refused(str(n)) for n in range(30)))
    shown = home.run("dead")
    assert len(shown.stdout.splitlines()) == 20
    assert shown.stdout.startswith("30\t")
    assert shown.stderr == "20 of 30 dead letters of runs without a profile; --limit 0 shows all.\n"
    assert len(home.run("dead", "--limit", "0").stdout.splitlines()) == 30
    assert home.run("dead", "--oldest", "--limit", "1").stdout.startswith("1\t")
    assert [one["number"] for one in home.json("dead")["dead"]] == list(range(30, 0, -1))
    lines = home.run("dead", "--output", "ndjson").stdout.splitlines()
    assert [json.loads(line)["number"] for line in lines] == list(range(30, 0, -1))
    limited = home.json("dead", "--limit", "2")
    assert (limited["total"], [one["number"] for one in limited["dead"]]) == (30, [30, 29])


def test_a_list_as_json_has_every_field_but_the_payload(home: Home) -> None:
    home.fill(refused("a"))
    expected = {
        "number": 1,
        "kind": "refused",
        "at": AT,
        "time": "2027-01-15T08:00:00Z",
        "event_type": CLICK,
        "event_id": "a",
        "source": "in.ndjson",
        "position": 7,
        "place": "position 7",
        "reason": "the endpoint answered 400",
        "status": 400,
        "attempts": 2,
        "answer": '{"error": "unknown field"}',
        "payload_bytes": len(event("a")),
        "payload_cut": False,
    }
    assert home.json("dead") == {
        "profile": None,
        "directory": str(home.directory),
        "total": 1,
        "dead": [expected],
    }
    whole = {**expected, "payload": event("a").decode()}
    assert home.json("dead", "--payload")["dead"] == [whole]
    assert home.json("dead", "1")["dead"] == [whole]


def test_an_empty_list_as_json_is_one_document(home: Home) -> None:
    assert home.json("dead")["dead"] == []
    home.fill(pending=("p",))
    assert home.json("dead")["dead"] == []
    assert home.run("dead").stderr == "There are no dead letters of runs without a profile.\n"


def test_a_kind_is_listed(home: Home) -> None:
    home.fill(refused("a"), rejected(b"x"))
    assert [one["number"] for one in home.json("dead", "--kind", "rejected")["dead"]] == [2]


def test_one_number_shows_everything_with_values_as_they_were_written(home: Home) -> None:
    home.fill(refused("a", b'{"id":"a","price":1.50,"big":1e400,"tags":["x"]}'))
    lines = home.run("dead", "1").stdout.splitlines()
    assert "Event id    a" in lines
    assert "Source      in.ndjson" in lines
    assert "Attempts    2" in lines
    assert lines[lines.index("Answer") + 1 :][:3] == ["{", '  "error": "unknown field"', "}"]
    assert lines[lines.index("Payload (48 bytes)") + 1 :] == [
        "{",
        '  "id": "a",',
        '  "price": 1.50,',
        '  "big": 1e400,',
        '  "tags": [',
        '    "x"',
        "  ]",
        "}",
    ]


def test_a_letter_without_payload_says_so(home: Home) -> None:
    home.fill(rejected(b"", "the file cannot be read"))
    assert "Nothing of it was kept" in home.run("dead", "1").stdout


def test_an_item_that_was_cut_off_says_so(home: Home) -> None:
    home.fill(rejected(b"x" * 1_000_000))
    assert "Payload (1,000,000 bytes), the rest was cut off" in home.run("dead", "1").stdout
    assert home.json("dead")["dead"][0]["payload_cut"] is True


@pytest.mark.parametrize(
    "command", [["dead"], ["dead", "1"], ["dead", "--output", "json", "--payload"], ["status"], ["retry", "--all"]]
)
def test_hostile_bytes_steer_no_terminal(home: Home, command: list[str]) -> None:
    words = HOSTILE.decode("utf-8", "replace")
    home.fill(rejected(HOSTILE, reason=words, source=words))
    shown = home.run(*command).stdout
    assert all(sign.isprintable() or sign in "\n\t" for sign in shown)
    assert "\\x1b[2J" in shown or "\\u001b[2J" in shown or command == ["retry", "--all"]


def test_bytes_that_are_no_text_are_base64_in_json_and_escaped_for_people(home: Home) -> None:
    home.fill(rejected(b"\xff\x00"))
    shown = home.json("dead", "1")["dead"][0]
    assert (shown["payload"], shown["payload_base64"]) == (None, "/wA=")
    assert home.run("dead", "1").stdout.splitlines()[-1] == "\\xff\\x00"


def test_a_number_that_is_not_there_is_a_usage_error_before_anything_is_done(home: Home) -> None:
    home.fill(refused("a"))
    for command in (["dead"], ["retry"], ["export"], ["purge", "--yes"]):
        assert "no dead letter 7" in usage_error(home.run(*command, "1", "7")).message
    assert "of the kind rejected" in usage_error(home.run("dead", "1", "--kind", "rejected")).message
    assert list(kept(home.directory)) == [1]


# retry


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


# export


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


# purge


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
