"""Where files live: what was named wins, then the environment, then the platform."""

from pathlib import Path

import platformdirs
import pytest

from heap_tui.config.paths import config_path, profile_dir, state_dir
from heap_tui.errors import UsageError


def test_what_was_named_wins_over_the_environment() -> None:
    environ = {"HEAP_TUI_CONFIG": "/from/environment.toml", "HEAP_TUI_STATE_DIR": "/from/environment"}
    assert config_path(Path("/named.toml"), environ) == Path("/named.toml")
    assert config_path(None, environ) == Path("/from/environment.toml")
    assert state_dir(Path("/named"), environ) == Path("/named")
    assert state_dir(None, environ) == Path("/from/environment")


def test_the_platforms_places_are_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(platformdirs, "user_config_path", lambda app: tmp_path / "config" / app)
    monkeypatch.setattr(platformdirs, "user_state_path", lambda app: tmp_path / "state" / app)
    assert config_path(None, {"HEAP_TUI_CONFIG": ""}) == tmp_path / "config" / "heap-tui" / "config.toml"
    assert state_dir(None, {}) == tmp_path / "state" / "heap-tui"


def test_a_tilde_that_no_shell_has_expanded_is_expanded() -> None:
    assert config_path(None, {"HEAP_TUI_CONFIG": "~/c.toml"}) == Path.home() / "c.toml"
    assert state_dir(Path("~/state"), {}) == Path.home() / "state"


def test_a_user_without_a_home_directory_is_told_which_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_config_path", lambda app: Path("~/.config") / app)
    with pytest.raises(UsageError) as caught:
        config_path(None, {})
    assert "HEAP_TUI_CONFIG" in caught.value.remedy


def test_each_profile_has_its_own_directory_and_a_run_without_one_too() -> None:
    state = Path("/state")
    assert profile_dir(state, "production") == Path("/state/profiles/production")
    assert profile_dir(state, None) == Path("/state/no-profile")
