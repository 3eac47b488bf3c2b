"""What wins when command line and profile say different things, and what is missing."""

import sys
from pathlib import Path
from typing import Any

import pytest

from heap_tui.config.model import Config, DeliverySettings, Destination, EventSelection, Profile, SourceEntry, Transform
from heap_tui.currents.event import Event
from heap_tui.errors import UsageError
from heap_tui.pipeline.resolve import Resolved, RunOptions, resolve
from heap_tui.sources.uri import FilesUri, SampleUri, StdinUri

ENDPOINT = "https://heap.example/hook"
STATE = Path("/state")


def profile(key: str = "production", **more: Any) -> Profile:
    return Profile(key, key.title(), Destination("webhook", ENDPOINT), **more)


def config(*profiles: Profile, default: str | None = None) -> Config:
    return Config(default_profile=default, profiles={one.key: one for one in profiles})


def resolved(options: RunOptions, of: Config | None = None, name: str | None = None) -> Resolved:
    return resolve(options, of or Config(), name, STATE)


def refused(options: RunOptions, of: Config | None = None, name: str | None = None) -> UsageError:
    with pytest.raises(UsageError) as caught:
        resolved(options, of, name)
    assert caught.value.message
    return caught.value


def test_an_endpoint_is_all_a_run_needs() -> None:
    found = resolved(RunOptions(endpoint=ENDPOINT))
    assert (found.profile, found.endpoint.url, found.plan.sources) == (None, ENDPOINT, ())
    assert found.plan.destination_key == "https://heap.example:443/hook"
    assert found.directory == STATE / "no-profile"
    assert found.plan.delivery == DeliverySettings()


def test_the_profile_gives_what_the_command_line_does_not_say() -> None:
    given = profile(
        sources=(SourceEntry("sample:?count=1"),),
        events=EventSelection(include=("a.*",), exclude=("a.b",), anonymous=False),
        transform=Transform(remove=("phone",), hash=("mail",)),
        delivery=DeliverySettings(batch_size=7),
    )
    found = resolved(RunOptions(), config(given))
    assert (found.profile, found.endpoint.url) == (given, ENDPOINT)
    assert found.plan.sources == (SampleUri(count=1),)
    assert found.plan.delivery.batch_size == 7
    assert found.directory == STATE / "profiles" / "production"
    selection = found.plan.selection
    assert (selection.include, selection.exclude, selection.anonymous) == (("a.*",), ("a.b",), False)
    event = Event("i", "a.c", b'{"user":{"external_user_id":"u","phone":"1"}}', identified=True)
    assert selection.prepared(event) == b'{"user":{"external_user_id":"u","phone":"[REDACTED]"}}'


def test_the_command_line_wins_over_the_profile() -> None:
    given = profile(
        sources=(SourceEntry("sample:"),),
        events=EventSelection(include=("a.*",), exclude=("x",)),
        delivery=DeliverySettings(batch_size=7, rate=5.0),
    )
    options = RunOptions(
        sources=("-", "sample:?count=2"),
        endpoint="http://127.0.0.1:1/x",
        events=("b.*",),
        follow=True,
        replay=True,
        limit=3,
        settings={"batch_size": 9},
    )
    plan = resolved(options, config(given)).plan
    assert plan.sources == (StdinUri(), SampleUri(count=2))
    assert plan.destination_key == "http://127.0.0.1:1/x"
    assert (plan.selection.include, plan.selection.exclude) == (("b.*",), ("x",))
    assert (plan.follow, plan.replay, plan.limit) == (True, True, 3)
    assert (plan.delivery.batch_size, plan.delivery.rate) == (9, 5.0)


def test_the_profile_asked_for_wins_over_the_default_one() -> None:
    both = config(profile("one"), profile("two"), default="one")
    assert resolved(RunOptions(), both).directory.name == "one"
    assert resolved(RunOptions(), both, "two").directory.name == "two"
    assert resolved(RunOptions(endpoint="https://other/"), both, "two").directory.name == "two"


def test_with_several_profiles_and_no_default_an_endpoint_does_without() -> None:
    both = config(profile("one"), profile("two"))
    assert resolved(RunOptions(endpoint=ENDPOINT), both).profile is None
    assert "one, two" in refused(RunOptions(), both).message


def test_without_profile_and_endpoint_it_says_how_to_make_one() -> None:
    assert "setup" in refused(RunOptions()).remedy


def test_a_profile_that_is_not_there_is_named_with_those_that_are() -> None:
    error = refused(RunOptions(), config(profile("one")), "two")
    assert "two" in error.message
    assert "one" in error.message


def test_a_track_profile_belongs_to_a_later_version() -> None:
    track = Profile("t", "T", Destination("track", app_id="1"))
    assert "later version" in refused(RunOptions(), config(track)).message


@pytest.mark.parametrize("endpoint", ["htp://x", "nonsense", "https://", "http://elsewhere.example/", "https://u:p@x/"])
def test_a_malformed_endpoint_is_refused(endpoint: str) -> None:
    assert refused(RunOptions(endpoint=endpoint)).exit_code == 2


def test_http_to_another_machine_needs_to_be_allowed() -> None:
    plain = RunOptions(endpoint="http://elsewhere.example/", settings={"insecure_http": True})
    assert resolved(plain).endpoint.scheme == "http"


@pytest.mark.parametrize(
    ("key", "value", "option"),
    [
        ("batch_size", 0, "--batch-size"),
        ("max_in_flight", 1_000, "--max-in-flight"),
        ("rate", -1.0, "--rate"),
        ("drain_timeout_s", -1.0, "--drain-timeout"),
        ("rate", float("nan"), "--rate"),
    ],
)
def test_a_setting_out_of_its_range_is_refused_by_its_option(key: str, value: object, option: str) -> None:
    assert option in refused(RunOptions(endpoint=ENDPOINT, settings={key: value})).message


def test_standard_input_is_a_source_only_once() -> None:
    assert "only once" in refused(RunOptions(endpoint=ENDPOINT, sources=("-", "-"))).message


def test_standard_input_that_is_closed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert "closed" in refused(RunOptions(endpoint=ENDPOINT, sources=("-",))).message
    assert resolved(RunOptions(endpoint=ENDPOINT, sources=("sample:",))).plan.sources


def test_a_source_that_does_not_exist_is_refused_before_anything_starts(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.ndjson")
    assert missing in refused(RunOptions(endpoint=ENDPOINT, sources=("sample:", missing))).message
    assert missing in refused(RunOptions(), config(profile(sources=(SourceEntry(missing),)))).message


def test_a_glob_may_match_its_first_file_while_it_is_followed(tmp_path: Path) -> None:
    pattern = str(tmp_path / "*.ndjson")
    assert "does not exist" in refused(RunOptions(endpoint=ENDPOINT, sources=(pattern,))).message
    following = RunOptions(endpoint=ENDPOINT, sources=(pattern,), follow=True)
    assert resolved(following).plan.sources == (FilesUri(pattern),)
    missing = RunOptions(endpoint=ENDPOINT, sources=(str(tmp_path / "x.ndjson"),), follow=True)
    assert "does not exist" in refused(missing).message
