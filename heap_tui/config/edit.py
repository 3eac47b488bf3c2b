"""Editing the configuration by hand: on a copy, which replaces the file only when it holds no mistakes."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from heap_tui.config.files import make_private_directory, real_target, replace_file
from heap_tui.config.model import Config
from heap_tui.config.store import read_text
from heap_tui.config.validation import parse_config
from heap_tui.errors import StateError, UsageError
from heap_tui.i18n import _

_EDITORS = ("sensible-editor", "nano", "vi")


@dataclass(frozen=True, slots=True)
class Edit:
    """One editing of `path`: `before` is the text the copy started from, `existed` whether it was the file's."""

    path: Path
    copy: Path
    before: str
    existed: bool

    @property
    def is_unchanged(self) -> bool:
        """Whether the copy still says what it said at first."""
        return read_text(self.copy) == self.before

    def finish(self) -> Config:
        """Check the copy and put it in the file's place.

        Raises:
            UsageError: the copy holds mistakes (it stays), or the file was changed by somebody else meanwhile.
            StateError: the file cannot be written.
        """
        text = read_text(self.copy) or ""
        config = parse_config(text, str(self.path))
        if read_text(self.path) != (self.before if self.existed else None):
            raise UsageError(_("{path} was changed by something else meanwhile.").format(path=self.path), self.kept)
        replace_file(self.path, text.encode())
        self.discard()
        return config

    def discard(self) -> None:
        """Remove the copy."""
        self.copy.unlink(missing_ok=True)

    @property
    def kept(self) -> str:
        """Where the user's work is, for messages."""
        return _("Nothing was changed. Your version is kept in {path}.").format(path=self.copy)


def begin_edit(path: Path) -> Edit:
    """Make a copy of the file beside it, of mode 0600; a new file starts with an example in comments.

    Raises:
        UsageError: the file cannot be read.
        StateError: the copy cannot be written.
    """
    text = read_text(path)
    before = _first_text() if text is None else text
    directory = real_target(path).parent
    try:
        make_private_directory(directory)
        descriptor, name = tempfile.mkstemp(prefix="config.", suffix=".edit.toml", dir=directory)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(before)
    except OSError as error:
        raise StateError(
            _("No copy of {path} can be made: {reason}.").format(path=path, reason=error.strerror or error),
            _("Check the directory's permissions and the free disk space."),
        ) from error
    return Edit(path, Path(name), before, existed=text is not None)


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """The user's editor: ``VISUAL``, ``EDITOR``, else one that is installed.

    Raises:
        UsageError: there is none, or the variable cannot be read.
    """
    for variable in ("VISUAL", "EDITOR"):
        if wanted := environ.get(variable, "").strip():
            try:
                return shlex.split(wanted)
            except ValueError as error:
                raise UsageError(
                    _("{variable} cannot be read as a command: {reason}.").format(variable=variable, reason=error),
                    _("Correct its quotes."),
                ) from None
    for name in _EDITORS:
        if found := shutil.which(name, path=environ.get("PATH")):
            return [found]
    raise UsageError(_("No editor was found."), _("Set EDITOR to the editor you like."))


def run_editor(command: list[str], file: Path) -> None:
    """Open `file` in the editor and wait until it is closed.

    Raises:
        UsageError: the editor does not start, or ends with a fault.
    """
    try:
        status = subprocess.run([*command, str(file)], check=False).returncode  # noqa: S603 - the user's own editor
    except OSError as error:
        raise UsageError(
            _("The editor {name} does not start: {reason}.").format(name=command[0], reason=error.strerror or error),
            _("Set EDITOR to an editor that is installed."),
        ) from None
    if status != 0:
        raise UsageError(_("The editor {name} ended with status {status}.").format(name=command[0], status=status))


def _first_text() -> str:
    hint = _("Take away the # of what you need; heap-tui setup writes this for you.")
    example = """\
# default_profile = "production"
#
# [profiles.production.destination]
# kind = "webhook"
# endpoint = "https://..."
# token = "keyring"
"""
    return f"version = 1\n# {hint}\n{example}"
