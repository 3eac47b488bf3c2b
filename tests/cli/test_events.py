"""``heap-tui events``, by click and through the real program."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from heap_tui.cli.context import App
from heap_tui.cli.events_view import print_lines, type_details, type_list
from heap_tui.cli.root import root
from heap_tui.currents.catalog import EventType, catalog
from heap_tui.currents.validate import violations
from heap_tui.errors import ExitCode, UsageError

CLICK = "users.messages.email.Click"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(root, ["events", *arguments], standalone_mode=False, obj=App())


def on_a_terminal(width: int) -> Console:
    return Console(width=width, force_terminal=True, no_color=True, highlight=False, markup=False)


def plain(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


@pytest.mark.parametrize("arguments", [(), ("list",), ("list", "*"), ("--quiet",)])
def test_all_types_are_listed_one_a_line(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(catalog().names)
    assert result.stderr == ("" if "--quiet" in arguments else "97 event types.\n")


def test_a_line_has_group_channel_and_description_and_no_blanks_at_its_end() -> None:
    (line,) = run("list", CLICK).stdout.splitlines()
    assert line.split(maxsplit=3) == [
        CLICK,
        "message_engagement",
        "email",
        "A person clicked a link in an e-mail.",
    ]
    assert line == line.rstrip()


def test_options_alone_list() -> None:
    assert run("--group", "user").stdout == run("list", "--group", "user").stdout
    assert len(run("--channel", "sms").stdout.splitlines()) == 9


def test_globs_add_up_and_filters_narrow() -> None:
    lines = run("list", "users.messages.*.Click", "users.behaviors.*", "--channel", "email").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [CLICK]


def test_the_list_as_json_is_one_document() -> None:
    result = run("list", "users.messages.email.*", "--output", "json")
    listed = json.loads(result.stdout)
    assert len(listed) == 11
    click = next(one for one in listed if one["name"] == CLICK)
    assert click == {
        "name": CLICK,
        "group": "message_engagement",
        "channel": "email",
        "description": "A person clicked a link in an e-mail.",
        "storage": True,
        "http": True,
        "pii": ["user_id", "external_user_id", "email_address"],
    }
    assert result.stderr == ""


def test_filters_that_match_nothing_say_so_and_succeed() -> None:
    result = run("list", "users.messages.telepathy.*")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "No event type in the catalogue matches.\n"
    assert json.loads(run("list", "nothing", "--output", "json").stdout) == []


def test_an_unknown_channel_is_answered_with_the_known_ones() -> None:
    result = run("list", "--channel", "fax")
    assert result.exit_code == 0
    assert "fax" in result.stderr
    assert "email" in result.stderr


def test_a_type_is_shown_with_its_fields_and_an_example() -> None:
    result = run("show", CLICK)
    head, _heading, example = result.stdout.partition("\nExample\n")
    lines = head.splitlines()
    assert lines[:2] == [CLICK, "A person clicked a link in an e-mail."]
    assert ["email_address", "string", "yes", "yes", "properties"] in [line.split() for line in lines]
    assert ["device_id", "string", "-", "-", "user+"] in [line.split() for line in lines]
    event = json.loads(example)
    assert event["event_type"] == CLICK
    assert violations(event) == []


def test_a_field_that_only_storage_has_is_marked() -> None:
    shown = run("show", "users.messages.email.Retry").stdout
    assert ["country", "string", "-", "yes", "properties*"] in [line.split() for line in shown.splitlines()]
    assert "* only in storage files" in shown
    assert "storage files only" in run("show", "users.profile.Update").stdout


def test_a_type_as_json_is_one_document() -> None:
    shown: dict[str, Any] = json.loads(run("show", "users.behaviors.Purchase", "--output", "json").stdout)
    price = next(field for field in shown["fields"] if field["name"] == "price")
    assert price == {
        "name": "price",
        "type": "float",
        "required": True,
        "pii": False,
        "place": "properties",
        "storage": True,
        "http": True,
    }
    assert violations(shown["example"]) == []


def test_two_calls_show_the_same() -> None:
    assert run("show", CLICK).stdout == run("show", CLICK).stdout


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("users.messages.email.Clik", CLICK),
        ("email.click", CLICK),
        ("Purchase", "users.behaviors.Purchase"),
    ],
)
def test_an_unknown_type_is_a_usage_error_that_names_near_ones(written: str, meant: str) -> None:
    error = run("show", written).exception
    assert isinstance(error, UsageError)
    assert error.exit_code == ExitCode.USAGE
    assert written in error.message
    assert meant in error.remedy


def test_an_unknown_type_like_nothing_points_to_the_list() -> None:
    error = run("show", "zzzzzz").exception
    assert isinstance(error, UsageError)
    assert error.remedy == "heap-tui events list shows all types."


def test_at_80_columns_the_list_stays_within_and_cuts_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    console = on_a_terminal(80)
    print_lines(console, type_list(list(catalog()), console))
    lines = plain(capsys.readouterr().out)
    assert all(len(line) <= 80 for line in lines)
    assert {line.strip() for line in lines} >= set(catalog().names)
    assert {line.strip() for line in lines} >= {one.description for one in catalog()}
    assert lines.count("customer_behavior") == 1


def test_a_wide_terminal_shows_a_table_with_a_heading(capsys: pytest.CaptureFixture[str]) -> None:
    console = on_a_terminal(200)
    print_lines(console, type_list(list(catalog()), console))
    lines = plain(capsys.readouterr().out)
    assert lines[0].split() == ["Event", "type", "Group", "Channel", "Description"]
    assert len(lines) == 98


@pytest.mark.parametrize("event_type", catalog(), ids=lambda one: one.name)
def test_at_80_columns_every_type_fits(event_type: EventType, capsys: pytest.CaptureFixture[str]) -> None:
    print_lines(on_a_terminal(80), type_details(event_type))
    lines = plain(capsys.readouterr().out)
    assert all(len(line) <= 80 for line in lines)
    first_words = {line.split()[0] for line in lines if line.strip()}
    assert first_words >= {field.name for field in event_type.fields}


def test_the_real_program_lists_shows_and_refuses() -> None:
    def program(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "heap_tui", "--lang", "en", "events", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")

    listed = program("list", "users.messages.sms.*")
    assert (listed.returncode, len(listed.stdout.splitlines())) == (0, 9)
    shown = program("show", CLICK, "--output", "json")
    assert json.loads(shown.stdout)["name"] == CLICK
    refused = program("show", "users.messages.email.Clik")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert CLICK in refused.stderr
    assert "Traceback" not in refused.stderr
