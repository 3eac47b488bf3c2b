"""Replaces a file whole or not at all, readable by its owner only, and keeps the one before."""

import os
import tempfile
from pathlib import Path

from heap_tui.errors import StateError
from heap_tui.i18n import _

_FILE_MODE = 0o600
_DIRECTORY_MODE = 0o700


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a crash leaves the old file or the new one, never half of it.

    A symbolic link stays and its target is replaced; what was there is kept as ``<name>.bak`` beside it.
    Files are of mode 0600, directories made on the way of mode 0700.

    Raises:
        StateError: it cannot be written; the old file is untouched.
    """
    target = real_target(path)
    try:
        make_private_directory(target.parent)
        if target.exists():
            _write(target.with_name(target.name + ".bak"), target.read_bytes())
        _write(target, content)
    except OSError as error:
        raise StateError(
            _("{path} cannot be written: {reason}.").format(path=path, reason=error.strerror or error),
            _("Nothing was changed. Check the directory's permissions and the free disk space."),
        ) from error


def real_target(path: Path) -> Path:
    """The file a chain of symbolic links ends at, there or not; `path` itself when it is no link."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def make_private_directory(directory: Path) -> None:
    """Make `directory` and its missing parents, each of mode 0700; those that are there stay as they are."""
    if directory.is_dir():
        return
    make_private_directory(directory.parent)
    directory.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)


def _write(target: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        fresh.chmod(_FILE_MODE)
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_directory(target.parent)


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
