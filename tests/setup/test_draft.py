"""Answers of an interrupted set-up on disk."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.errors import StateError
from heap_tui.setup import draft
from heap_tui.setup.answers import Answers
from heap_tui.setup.draft import Draft
from heap_tui.setup.forms import StepName

DRAFT = Draft(Answers(endpoint="https://heap.example/x", events=("a", "b")), StepName.EVENTS, "key", 1_700_000_000.5)


def test_a_draft_comes_back_as_it_was(tmp_path: Path) -> None:
    draft.save(tmp_path / "state", DRAFT)
    assert draft.load(tmp_path / "state") == DRAFT


def test_only_its_owner_can_read_it_and_nothing_else_is_left(tmp_path: Path) -> None:
    draft.save(tmp_path / "state", DRAFT)
    draft.save(tmp_path / "state", DRAFT)
    (file,) = (tmp_path / "state").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_without_a_draft_there_is_none(tmp_path: Path) -> None:
    assert draft.load(tmp_path / "nowhere") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 1}', b"\xff", b'{"answers": {"name": 1}}'])
def test_a_draft_that_cannot_be_understood_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "setup-draft.json").write_bytes(content)
    assert draft.load(tmp_path) is None


def test_a_draft_of_another_version_is_none(tmp_path: Path) -> None:
    draft.save(tmp_path, Draft(DRAFT.answers, DRAFT.reached, DRAFT.key, DRAFT.saved_at, version=2))
    assert draft.load(tmp_path) is None


def test_discarding_removes_it_and_may_be_repeated(tmp_path: Path) -> None:
    draft.save(tmp_path, DRAFT)
    draft.discard(tmp_path)
    draft.discard(tmp_path)
    assert draft.load(tmp_path) is None


def test_a_draft_that_cannot_be_removed_says_so(tmp_path: Path) -> None:
    (tmp_path / "setup-draft.json").mkdir()
    with pytest.raises(StateError, match="cannot be removed"):
        draft.discard(tmp_path)


def test_a_draft_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StateError):
        draft.save(tmp_path / "state", DRAFT)


@given(st.builds(Answers, name=st.text(st.characters(exclude_categories=["Cs"])), token=st.none()))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, answers: Answers) -> None:
    place = tmp_path_factory.mktemp("state")
    draft.save(place, Draft(answers, StepName.NAME, None, 0.0))
    found = draft.load(place)
    assert found is not None
    assert found.answers == answers
