"""``heap-tui spool dead``."""

import json
from pathlib import Path

import pytest

from tests.fakes.letters import AT, CLICK, event, kept, refused, rejected
from tests.fakes.spool_home import HOSTILE, Home, usage_error


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("HEAP_TUI_CONFIG", "HEAP_TUI_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return Home(tmp_path)


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
