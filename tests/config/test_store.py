"""Profiles are saved whole or not at all, and what people wrote in the file stays."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heap_tui.config import files
from heap_tui.config.model import (
    Config,
    DeliverySettings,
    Destination,
    EventSelection,
    Profile,
    SourceEntry,
    Transform,
)
from heap_tui.config.store import delete_profile, load, save_profile
from heap_tui.errors import StateError, UsageError

PROFILE = Profile(
    "production",
    "Heap production export",
    Destination("webhook", "https://heap.example/x"),
    sources=(SourceEntry("-"),),
)
WRITTEN = """\
# kept by hand
version = 1
default_profile = "production"

# about production
[profiles.production]
name = "Old name" # what people see
team = "growth"
[profiles.production.destination]
kind = "webhook"
endpoint = "https://old.example/x" # staging until May
token = "keyring"
[[profiles.production.sources]]
uri = "-" # the pipe
since = "May"
[profiles.production.delivery]
max_in_flight = 16 # the default, on purpose
rate = 5
# about another
[profiles.another.destination]
kind = "track"
app_id = "1"
"""


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_a_missing_file_is_an_empty_configuration(path: Path) -> None:
    assert load(path) == Config()


def test_a_first_profile_makes_a_private_file_and_directory_and_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "config.toml"
    save_profile(path, PROFILE)
    assert load(path) == Config(1, "production", {"production": PROFILE})
    assert (_mode(path), _mode(path.parent), _mode(path.parent.parent)) == (0o600, 0o700, 0o700)
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["config.toml"]


def test_defaults_are_not_written(path: Path) -> None:
    save_profile(path, Profile("p", "p", Destination("webhook", "https://h")))
    assert path.read_text() == (
        'version = 1\ndefault_profile = "p"\n\n[profiles.p.destination]\nkind = "webhook"\nendpoint = "https://h"\n'
    )


def test_a_save_keeps_comments_unknown_keys_and_written_defaults(path: Path) -> None:
    path.write_text(WRITTEN)
    save_profile(path, PROFILE)
    assert path.read_text() == WRITTEN.replace("Old name", "Heap production export").replace(
        "old.example", "heap.example"
    ).replace("rate = 5\n", "")
    assert load(path).profiles["production"] == PROFILE


def test_the_previous_file_is_kept_as_a_private_backup(path: Path) -> None:
    path.write_text(WRITTEN)
    path.chmod(0o644)
    save_profile(path, PROFILE)
    backup = path.with_name("config.toml.bak")
    assert backup.read_text() == WRITTEN
    assert (_mode(path), _mode(backup)) == (0o600, 0o600)


def test_a_second_profile_becomes_the_default_only_when_asked(path: Path) -> None:
    save_profile(path, PROFILE)
    second = Profile("second", "second", Destination("track", app_id="1"))
    save_profile(path, second)
    assert load(path).default_profile == "production"
    save_profile(path, second, make_default=True)
    assert load(path).default_profile == "second"
    save_profile(path, PROFILE, make_default=False)
    assert load(path).default_profile == "second"


def test_a_first_profile_need_not_be_the_default(path: Path) -> None:
    save_profile(path, PROFILE, make_default=False)
    assert load(path).default_profile is None


def test_a_deleted_profile_is_gone_and_no_longer_the_default(path: Path) -> None:
    path.write_text(WRITTEN)
    delete_profile(path, "production")
    assert path.read_text() == (
        "# kept by hand\nversion = 1\n\n# about production\n# about another\n"
        '[profiles.another.destination]\nkind = "track"\napp_id = "1"\n'
    )
    assert load(path).default_profile is None
    assert list(load(path).profiles) == ["another"]


def test_deleting_what_is_not_there_is_refused(path: Path) -> None:
    path.write_text(WRITTEN)
    with pytest.raises(UsageError, match="no profile other"):
        delete_profile(path, "other")
    assert path.read_text() == WRITTEN


def test_a_symbolic_link_stays_and_its_target_is_written(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "heap.toml"
    target.parent.mkdir()
    path.symlink_to(target)
    save_profile(path, PROFILE)
    save_profile(path, PROFILE, make_default=False)
    assert path.is_symlink()
    assert load(target).profiles == {"production": PROFILE}
    assert target.with_name("heap.toml.bak").exists()


def test_a_file_with_mistakes_is_not_touched(path: Path) -> None:
    broken = WRITTEN.replace('kind = "track"', 'kind = "trick"')
    path.write_text(broken)
    with pytest.raises(UsageError, match=r"profiles\.another\.destination\.kind"):
        save_profile(path, PROFILE)
    assert path.read_text() == broken


def test_a_wrong_profile_is_refused_before_anything_is_written(path: Path) -> None:
    with pytest.raises(UsageError, match="batch_size"):
        save_profile(path, Profile("p", "p", PROFILE.destination, delivery=DeliverySettings(batch_size=0)))
    assert not path.exists()


def test_a_file_that_cannot_be_edited_is_left_as_it_is(path: Path) -> None:
    text = "profiles.p.name = 'P'\nprofiles.p.destination.kind = 'track'\nprofiles.p.destination.app_id = '1'\n"
    path.write_text(text)
    with pytest.raises(UsageError, match="cannot be edited automatically"):
        delete_profile(path, "p")
    assert path.read_text() == text


def test_a_crash_before_the_rename_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(WRITTEN)

    def fail(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StateError, match="No space left on device"):
        save_profile(path, PROFILE)
    assert path.read_text() == WRITTEN
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]


def test_file_and_directory_are_made_durable_in_order(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    sync, replace = os.fsync, Path.replace

    def recording_sync(descriptor: int) -> None:
        calls.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def recording_replace(source: Path, target: Path) -> Path:
        calls.append("rename")
        return replace(source, target)

    monkeypatch.setattr(files.os, "fsync", recording_sync)
    monkeypatch.setattr(Path, "replace", recording_replace)
    save_profile(path, PROFILE)
    assert calls == ["file", "rename", "directory"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a = 1\nb = '\xff'", "line 2: this is not UTF-8"), (None, "Is a directory")],
)
def test_a_file_that_cannot_be_read_is_named(path: Path, content: bytes | None, words: str) -> None:
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        load(path)


def test_a_byte_order_mark_does_not_matter(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + WRITTEN.encode())
    assert list(load(path).profiles) == ["production", "another"]


_names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(str.strip)
_some = st.lists(_names, max_size=3).map(tuple)
_destinations = st.one_of(
    st.builds(
        Destination,
        kind=st.just("webhook"),
        endpoint=st.sampled_from(["https://h.example/x?y=1", "http://localhost:1"]),
        token=st.sampled_from(["keyring", "env", "none"]),
    ),
    st.builds(
        Destination,
        kind=st.just("track"),
        endpoint=st.none() | st.just("https://c.example/"),
        app_id=_names,
        region=st.sampled_from(["us", "eu"]),
        identity=st.sampled_from(["external_user_id", "user_id"]),
        prefix=st.just("") | _names,
        missing_identity=st.sampled_from(["dead_letter", "skip"]),
    ),
)
_deliveries = st.builds(
    DeliverySettings,
    batch_size=st.integers(1, 1_000),
    max_batch_age_s=st.floats(0, 3_600),
    rate=st.none() | st.floats(0.001, 1e6),
    ca_file=st.none() | _names,
    client_cert=_names,
    client_key=st.none() | _names,
    proxy=st.none() | st.just("http://proxy:3128"),
    insecure_http=st.booleans(),
    dedup_window_days=st.floats(0, 3_650),
    spool_max_bytes=st.integers(2**20, 2**40),
)
_profiles = st.builds(
    Profile,
    key=st.sampled_from(["production", "another", "new-1"]),
    name=_names,
    destination=_destinations,
    events=st.builds(
        EventSelection, st.lists(_names, min_size=1, max_size=3).map(tuple), exclude=_some, anonymous=st.booleans()
    ),
    transform=st.builds(Transform, remove=_some, hash=st.just(())) | st.builds(Transform, hash=_some),
    sources=st.lists(st.builds(SourceEntry, _names), max_size=3).map(tuple),
    delivery=_deliveries,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(profiles=st.lists(_profiles, min_size=1, max_size=3), start=st.sampled_from(["", WRITTEN]))
def test_what_is_saved_is_what_is_loaded(path: Path, profiles: list[Profile], start: str) -> None:
    path.write_text(start)
    for profile in profiles:
        save_profile(path, profile)
        assert load(path).profiles[profile.key] == profile
    last = {profile.key: profile for profile in profiles}
    assert {key: load(path).profiles[key] for key in last} == last
    for comment in ("# kept by hand", "# about production", "# about another"):
        assert (comment in path.read_text()) == (comment in start)
