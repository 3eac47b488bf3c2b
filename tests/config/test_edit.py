"""Editing by hand: on a private copy, and the file changes only when the copy is right."""

import stat
import sys
from pathlib import Path

import pytest

from heap_tui.config.edit import begin_edit, editor_command, run_editor
from heap_tui.config.store import load
from heap_tui.errors import StateError, UsageError

BEFORE = '# kept\r\n[profiles.p.destination]\r\nkind = "track"\r\napp_id = "1"\r\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_bytes(BEFORE.encode())
    return path


def test_a_right_copy_replaces_the_file(path: Path) -> None:
    editing = begin_edit(path)
    assert editing.copy.parent == path.parent
    assert stat.S_IMODE(editing.copy.stat().st_mode) == 0o600
    assert editing.is_unchanged
    editing.copy.write_bytes(BEFORE.replace('"1"', '"2"').encode())
    assert editing.finish().profile().destination.app_id == "2"
    assert path.read_bytes() == BEFORE.replace('"1"', '"2"').encode()
    assert not editing.copy.exists()


def test_a_wrong_copy_stays_and_the_file_too(path: Path) -> None:
    editing = begin_edit(path)
    editing.copy.write_text("version = 0")
    with pytest.raises(UsageError, match="must be 1"):
        editing.finish()
    assert path.read_bytes() == BEFORE.encode()
    assert str(editing.copy) in editing.kept


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(path: Path) -> None:
    editing = begin_edit(path)
    editing.copy.write_text("version = 1")
    path.write_text("version = 1 # by the wizard")
    with pytest.raises(UsageError, match="changed by something else meanwhile"):
        editing.finish()
    assert path.read_text() == "version = 1 # by the wizard"
    assert editing.copy.read_text() == "version = 1"


def test_a_new_file_starts_with_an_example_that_is_right(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    editing = begin_edit(path)
    assert "# [profiles.production.destination]" in editing.copy.read_text()
    editing.finish()
    assert load(path).profiles == {}


def test_a_file_that_appeared_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    editing = begin_edit(path)
    path.write_text("version = 1")
    with pytest.raises(UsageError, match="meanwhile"):
        editing.finish()


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.toml"
    link.parent.mkdir()
    link.symlink_to(path)
    editing = begin_edit(link)
    assert editing.copy.parent == path.parent
    editing.copy.write_text("version = 1")
    editing.finish()
    assert link.is_symlink()
    assert path.read_text() == "version = 1"


def test_a_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")
    with pytest.raises((StateError, UsageError), match=r"file/config\.toml"):
        begin_edit(tmp_path / "file" / "config.toml")


def test_visual_wins_over_editor_and_both_may_have_options() -> None:
    assert editor_command({"VISUAL": "code --wait", "EDITOR": "nano"}) == ["code", "--wait"]
    assert editor_command({"VISUAL": " ", "EDITOR": "'/my editor' -n"}) == ["/my editor", "-n"]


def test_without_a_choice_an_installed_editor_is_taken(tmp_path: Path) -> None:
    vi = tmp_path / "vi"
    vi.write_text("#!/bin/sh\n")
    vi.chmod(0o755)
    assert editor_command({"PATH": str(tmp_path)}) == [str(vi)]


def test_an_editor_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No editor was found"):
        editor_command({"PATH": str(tmp_path)})
    with pytest.raises(UsageError, match="EDITOR cannot be read as a command"):
        editor_command({"EDITOR": "'open quote"})
    with pytest.raises(UsageError, match="no-such-editor does not start"):
        run_editor(["no-such-editor"], tmp_path)
    with pytest.raises(UsageError, match="ended with status 3"):
        run_editor([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)
