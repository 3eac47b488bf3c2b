"""A set-up that was interrupted: its answers wait in the state directory, readable by their owner only.

The token is never among them (`Answers` has no place for it); it is asked again.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from heap_tui.config.files import replace_file
from heap_tui.errors import StateError
from heap_tui.i18n import _
from heap_tui.setup.answers import Answers
from heap_tui.setup.forms import StepName

_NAME = "setup-draft.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Draft:
    """The answers of an unfinished set-up.

    Args:
        answers: what was answered.
        reached: the step that would have been asked next.
        key: the profile's key, None while the name decides.
        saved_at: Unix time in seconds.
        version: the form of the file.
    """

    answers: Answers
    reached: StepName
    key: str | None
    saved_at: float
    version: int = _VERSION


def save(state_dir: Path, draft: Draft) -> None:
    """Keep `draft` in `state_dir`; one set-up is under way at a time.

    Raises:
        StateError: it cannot be written.
    """
    replace_file(_path(state_dir), msgspec.json.encode(draft))
    # The answers before these are of no use to anybody.
    _path(state_dir).with_name(_NAME + ".bak").unlink(missing_ok=True)


def load(state_dir: Path) -> Draft | None:
    """The draft in `state_dir`; None when there is none, or none that this version understands."""
    try:
        draft = msgspec.json.decode(_path(state_dir).read_bytes(), type=Draft)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return draft if draft.version == _VERSION else None


def discard(state_dir: Path) -> None:
    """Remove the draft, if there is one.

    Raises:
        StateError: it cannot be removed.
    """
    try:
        _path(state_dir).unlink(missing_ok=True)
    except OSError as error:
        raise StateError(
            _("{path} cannot be removed: {reason}.").format(path=_path(state_dir), reason=error.strerror),
            _("Remove it by hand; it holds answers of an unfinished set-up."),
        ) from error


def _path(state_dir: Path) -> Path:
    return state_dir / _NAME
