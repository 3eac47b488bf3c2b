"""A configuration file is right, or every mistake in it is named with its line."""

from typing import Any

import pytest

from heap_tui.config.model import (
    Config,
    DeliverySettings,
    Destination,
    EventSelection,
    Profile,
    SourceEntry,
    Transform,
    value_problem,
)
from heap_tui.config.validation import examine, parse_config
from heap_tui.errors import UsageError

FULL = """\
version = 1
default_profile = "production"

[profiles.production]
name = "Heap production export"
[profiles.production.destination]
kind = "webhook"
endpoint = "https://heap.example/braze"
token = "env"
[profiles.production.events]
include = ["users.messages.*", "users.behaviors.Purchase"]
exclude = ["users.messages.sms.*"]
anonymous = false
[profiles.production.transform]
remove = ["phone_number"]
hash = ["email_address"]
[[profiles.production.sources]]
uri = "s3://bucket/currents/"
[profiles.production.delivery]
batch_size = 50
max_batch_age_s = 2
rate = 250.5
ca_file = "~/ca.pem"

[profiles.track.destination]
kind = "track"
app_id = "1234"
region = "eu"
identity = "user_id"
prefix = "braze-"
missing_identity = "skip"
"""


def test_a_full_file_becomes_its_profiles() -> None:
    config = parse_config(FULL, "config.toml")
    assert config == Config(
        1,
        "production",
        {
            "production": Profile(
                key="production",
                name="Heap production export",
                destination=Destination("webhook", "https://heap.example/braze", token="env"),
                events=EventSelection(
                    ("users.messages.*", "users.behaviors.Purchase"), ("users.messages.sms.*",), anonymous=False
                ),
                transform=Transform(("phone_number",), ("email_address",)),
                sources=(SourceEntry("s3://bucket/currents/"),),
                delivery=DeliverySettings(batch_size=50, max_batch_age_s=2.0, rate=250.5, ca_file="~/ca.pem"),
            ),
            "track": Profile(
                key="track",
                name="track",
                destination=Destination(
                    "track", app_id="1234", region="eu", identity="user_id", prefix="braze-", missing_identity="skip"
                ),
            ),
        },
    )
    assert not config.warnings


def test_an_empty_file_is_an_empty_configuration() -> None:
    assert parse_config("", "config.toml") == Config()


def test_a_destination_is_named_by_address_or_app_id() -> None:
    assert Destination("webhook", "https://H.example?x=1").key == "https://h.example:443/"
    us, eu = Destination("track", app_id="1"), Destination("track", app_id="1", region="eu")
    rehearsal = Destination("track", "http://localhost:8080", app_id="1")
    assert len({us.key, eu.key, rehearsal.key, Destination("track", app_id="2").key}) == 4


MISTAKES: list[tuple[str, int, str, str]] = [
    ('version = "1"', 1, "version", "must be 1"),
    ("version = true", 1, "version", "must be 1"),
    ("version = 0", 1, "version", "must be 1"),
    ("default_profile = 3", 1, "default_profile", "must be text"),
    ('default_profile = "q"\n[profiles.p.destination]\nkind="track"\napp_id="1"', 1, "default_profile", "there are: p"),
    ("\nprofiles = 3", 2, "profiles", "must be a table"),
    ("[profiles]\np = 3", 2, "profiles.p", "must be a table"),
    ("[profiles._p.destination]\nkind = 'track'\napp_id = '1'", 1, "profiles._p", "a profile's name has"),
    ("[profiles.'a b'.destination]\nkind = 'track'\napp_id = '1'", 1, "profiles.a b", "a profile's name has"),
    (
        "[profiles.p.destination]\nkind='track'\napp_id='1'\n[profiles.P.destination]\nkind='track'\napp_id='1'",
        4,
        "profiles.P",
        "only in case",
    ),
    ("[profiles.p]\nname = 'x'", 1, "profiles.p", "no destination table"),
    ("[profiles.p.destination]\nendpoint = 'https://h'", 1, "profiles.p.destination", "has no kind"),
    ("[profiles.p.destination]\nkind = 'webhook'", 1, "profiles.p.destination", "has no endpoint"),
    ("[profiles.p.destination]\nkind = 'track'", 1, "profiles.p.destination", "has no app_id"),
]
DELIVERY: list[tuple[str, str]] = [
    ("batch_size = 0", "from 1 to 10000, and is 0"),
    ("batch_size = 10001", "from 1 to 10000"),
    ("batch_size = 1.0", "must be a whole number"),
    ("batch_size = true", "must be a whole number"),
    ("max_batch_bytes = 10", "from 1000"),
    ("max_batch_age_s = -1", "must be a number"),
    ("max_in_flight = 257", "from 1 to 256"),
    ("rate = 0", "must be a number"),
    ("rate = nan", "must be a number"),
    ("rate = inf", "must be a number"),
    ("rate = false", "must be a number"),
    ('timeout_s = "30"', 'and is "30"'),
    ("connect_timeout_s = 0", "must be a number from 0.1"),
    ("drain_timeout_s = 3601", "must be a number from 0 to 3600"),
    ("ca_file = ''", "must not be empty"),
    ("ca_file = 3", "must be text in quotes"),
    ("client_key = 'k.pem'", "without client_cert"),
    ("proxy = 'proxy'", "must be an address"),
    ("proxy = 'socks5://h:1'", "must be an address"),
    ("proxy = 'http://user:s3cret@h:99999'", "must be an address"),
    ("insecure_http = 1", "must be true or false"),
    ("dedup_window_days = -0.5", "must be a number"),
    ("spool_max_bytes = 1", "must be a whole number"),
]
OTHERS: list[tuple[str, str, str]] = [
    ("destination", "kind = 'webhok'", 'must be one of "webhook", "track", and is "webhok"'),
    ("destination", "kind = 'webhook'\nendpoint = 'http://h.example/?t=s3cret'", "not encrypted"),
    ("destination", "kind = 'webhook'\nendpoint = 'https://...'", "is not a host name"),
    ("destination", "kind = 'webhook'\nendpoint = 'https://h'\ntoken = 's3cret'", "never what it is"),
    ("destination", "kind = 'track'\napp_id = 12", "must be text in quotes, and is 12"),
    ("destination", "kind = 'track'\napp_id = '1'\nregion = 'de'", 'must be one of "us", "eu"'),
    ("destination", "kind = 'track'\napp_id = '1'\nidentity = 'email'", "external_user_id"),
    (
        "destination",
        "kind = 'track'\napp_id = '1'\nprefix = 'a\\nb'".replace("'a\\nb'", '"a\\nb"'),
        "control characters",
    ),
    ("events", "include = []", "must not be an empty list"),
    ("events", "include = 'a'", "must be a list"),
    ("events", "exclude = ['a', 3]", "item 2 must be text"),
    ("events", "anonymous = 'yes'", "must be true or false"),
    ("transform", "remove = ['a']\nhash = ['b', 'a']", "a cannot be both removed and hashed"),
]


def _problems(text: str) -> list[Any]:
    return examine(text, "config.toml")[1]


@pytest.mark.parametrize(("text", "line", "where", "words"), MISTAKES)
def test_a_mistake_names_its_line_and_key(text: str, line: int, where: str, words: str) -> None:
    (problem,) = _problems(text)
    assert (problem.line, problem.where) == (line, where)
    assert words in problem.text


@pytest.mark.parametrize(("setting", "words"), DELIVERY)
def test_a_wrong_delivery_setting_is_refused_at_its_line(setting: str, words: str) -> None:
    head = "[profiles.p.destination]\nkind = 'webhook'\nendpoint = 'https://h'\n[profiles.p.delivery]\n"
    (problem,) = _problems(head + setting)
    assert (problem.line, problem.where) == (5, f"profiles.p.delivery.{setting.partition(' ')[0]}")
    assert words in problem.text
    assert "s3cret" not in problem.text


@pytest.mark.parametrize(("table", "settings", "words"), OTHERS)
def test_a_wrong_setting_of_any_table_is_refused_at_its_line(table: str, settings: str, words: str) -> None:
    head = "" if table == "destination" else "[profiles.p.destination]\nkind = 'track'\napp_id = '1'\n"
    text = f"{head}[profiles.p.{table}]\n{settings}\n"
    (problem,) = _problems(text)
    assert problem.line == text.count("\n")
    assert words in problem.text
    assert "s3cret" not in problem.text


def test_the_track_api_takes_smaller_batches() -> None:
    text = "[profiles.p.destination]\nkind = 'track'\napp_id = '1'\n[profiles.p.delivery]\nbatch_size = 1001"
    (problem,) = _problems(text)
    assert "at most 1000 events" in problem.text


def test_sources_are_a_list_of_tables_with_a_uri() -> None:
    head = "[profiles.p.destination]\nkind = 'track'\napp_id = '1'\n"
    assert [p.where for p in _problems(head + "[profiles.p.sources]\nuri = 'a'")] == ["profiles.p.sources"]
    (missing,) = _problems(head + "[[profiles.p.sources]]\nuri = 'a'\n[[profiles.p.sources]]\nurl = 'a'")
    assert (missing.line, missing.where) == (6, "profiles.p.sources[2]")
    (empty,) = _problems(head + "[profiles.p]\nsources = [{uri = 'a'}, {uri = ''}]")
    assert (empty.line, empty.where) == (5, "profiles.p.sources[2].uri")


def test_all_mistakes_come_in_one_message_in_the_order_of_lines() -> None:
    text = FULL.replace("batch_size = 50", "batch_size = 0").replace('region = "eu"', "region = 1")
    text = text.replace('endpoint = "https://heap.example/braze"', 'endpoint = "heap.example"')
    with pytest.raises(UsageError) as caught:
        parse_config(text, "my.toml")
    head, *lines = caught.value.message.splitlines()
    assert head == "my.toml has 3 mistakes:"
    assert [line.split(":")[0].strip() for line in lines] == [
        "line 8, profiles.production.destination.endpoint",
        "line 20, profiles.production.delivery.batch_size",
        "line 28, profiles.track.destination.region",
    ]


def test_unknown_keys_are_warnings_with_a_suggestion() -> None:
    text = FULL.replace("batch_size", "batchsize") + "colour = 'red'\n[colors]\n"
    config, problems = examine(text, "config.toml")
    assert not problems
    assert [str(warning) for warning in config.warnings] == [
        "line 20, profiles.production.delivery.batchsize: unknown key, without effect; did you mean batch_size?",
        "line 32, profiles.track.destination.colour: unknown key, without effect",
        "line 33, colors: unknown key, without effect",
    ]


def test_a_newer_file_is_left_to_a_newer_program() -> None:
    with pytest.raises(UsageError, match=r"config\.toml was made by a newer heap-tui"):
        parse_config("version = 2\n[brave.new.world]\n", "config.toml")


@pytest.mark.parametrize(
    ("text", "place"),
    [("a = 1\nb = \n", "line 2, column 5"), ("[x", "line 1, column 3"), ("a = 1\na = 2", "line 2, column 6")],
)
def test_what_is_no_toml_is_refused_at_line_and_column(text: str, place: str) -> None:
    with pytest.raises(UsageError, match=f"config.toml, {place}: this is not TOML"):
        parse_config(text, "config.toml")


def test_the_profile_is_the_named_the_default_or_the_only_one() -> None:
    config = parse_config(FULL, "config.toml")
    assert config.profile("track").key == "track"
    assert config.profile().key == "production"
    assert Config(profiles={"track": config.profile("track")}).profile().key == "track"


def test_a_profile_that_cannot_be_told_lists_what_there_is() -> None:
    config = parse_config(FULL, "config.toml")
    with pytest.raises(UsageError, match="no profile yet"):
        Config().profile("production")
    with pytest.raises(UsageError, match="There is no profile test; there are: production, track"):
        config.profile("test")
    with pytest.raises(UsageError, match="several profiles and none is the default: production, track"):
        Config(profiles=config.profiles).profile()


def test_flags_and_screens_can_ask_the_same_rules() -> None:
    assert value_problem(DeliverySettings, "batch_size", 100) == ""
    assert "from 1 to 10000" in value_problem(DeliverySettings, "batch_size", 0)
