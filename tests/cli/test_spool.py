"""``heap-tui spool status``, and whose state is looked at."""

from pathlib import Path

import pytest

from heap_tui.spool import queue
from heap_tui.spool.store import Store
from tests.fakes.letters import AT, event, kept, queued, refused, rejected
from tests.fakes.spool_home import PROFILES, Home, usage_error


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("HEAP_TUI_CONFIG", "HEAP_TUI_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Home(tmp_path)


@pytest.fixture
def profiles(home: Home) -> Home:
    home.config.write_text(PROFILES)
    return home


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
        queue.put_aside(transaction, queue.DamagedRowError(1, 2, 0, "checksum"), AT)
    assert "Damaged       1 row of the queue (2 events), put aside" in home.run().stdout
    assert home.json()["damaged"] == {"rows": 1, "events": 2}
    assert "1 damaged row" in usage_error(home.run("purge", "--all")).message
    assert home.run("purge", "--all", "--yes").stdout == "Deleted 1 damaged row of runs without a profile.\n"


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
