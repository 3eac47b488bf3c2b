"""Which files a path, a directory or a glob stands for."""

import glob
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from heap_tui.errors import UsageError
from heap_tui.i18n import _
from heap_tui.spool.cursors import FileIdentity

FORMATS = ("avro", "ndjson", "jsonl", "json")
COMPRESSIONS = ("gz", "zst")
_DATE = re.compile(r"(?:^|/)date=([0-9-]+)(?:/|$)")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to be read, and what it was when it was found."""

    path: str
    identity: FileIdentity


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or directory that cannot be looked into, and why."""

    path: str
    reason: str


@dataclass(slots=True)
class Listing:
    """What was found.

    Args:
        files: in the order of their hour (Currents' ``date=`` segment) and path.
        unreadable: what could not be looked into.
    """

    files: list[FoundFile] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)


def format_of(path: str) -> tuple[str, str]:
    """Format and compression by the name: ``("ndjson", "gz")``; empty strings for what is not known."""
    stem, compression = path.lower(), ""
    for name in COMPRESSIONS:
        if stem.endswith("." + name):
            stem, compression = stem[: -len(name) - 1], name
    kind = next((name for name in FORMATS if stem.endswith("." + name)), "")
    return kind, compression


def is_glob(pattern: str) -> bool:
    """Whether `pattern` has wildcards and is not simply the name of something that is there."""
    return glob.has_magic(pattern) and not Path(pattern).expanduser().exists()


def check_exists(pattern: str) -> None:
    """Make sure that `pattern` stands for something now.

    Raises:
        UsageError: nothing is there, or a file's format is not known.
    """
    path = Path(pattern).expanduser()
    if path.is_dir():
        return
    if not path.exists() and not path.is_symlink():
        if glob.has_magic(pattern) and glob.glob(str(path), recursive=True):  # noqa: PTH207 - absolute patterns
            return
        raise UsageError(
            _("The source {pattern} does not exist.").format(pattern=pattern),
            _("Check the path; a glob must match at least one file now, unless --follow waits for more."),
        )
    if not format_of(pattern)[0]:
        raise UsageError(
            _("{path} has no ending that says its format.").format(path=pattern),
            _("Known are .avro, .ndjson, .jsonl and .json, each also with .gz or .zst."),
        )


def roots(pattern: str) -> list[Path]:
    """The files or directories to watch for `pattern`: itself, or the directory before a glob's first wildcard."""
    path = Path(pattern).expanduser()
    if path.exists() or not glob.has_magic(pattern):
        return [path if path.is_dir() else path.parent]
    fixed = Path(path.anchor)
    for part in path.parts[len(fixed.parts) :]:
        if glob.has_magic(part):
            break
        fixed /= part
    return [fixed]


def discover(pattern: str) -> Listing:
    """The files that `pattern` stands for now; files of other formats in a directory are passed over.

    A file that is reached by two ways (symbolic or hard links) is listed once; loops of links are followed once.
    """
    listing = Listing()
    seen: set[tuple[int, int]] = set()
    for path in _paths(str(Path(pattern).expanduser()), listing):
        if not format_of(path)[0]:
            continue
        try:
            found = Path(path).stat()
        except OSError as error:
            listing.unreadable.append(Unreadable(path, error.strerror or str(error)))
            continue
        if not stat.S_ISREG(found.st_mode) or (found.st_dev, found.st_ino) in seen:
            continue
        seen.add((found.st_dev, found.st_ino))
        identity = FileIdentity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        listing.files.append(FoundFile(path, identity))
    listing.files.sort(key=lambda file: _order(file.path))
    return listing


def _order(path: str) -> tuple[str, str]:
    match = _DATE.search(path.replace(os.sep, "/"))
    return (match[1] if match else "", path)


def _paths(pattern: str, listing: Listing) -> Iterator[str]:
    if Path(pattern).is_dir():
        yield from _walk(pattern, listing)
    elif Path(pattern).exists() or Path(pattern).is_symlink() or not glob.has_magic(pattern):
        yield pattern
    else:
        for match in glob.iglob(pattern, recursive=True):  # noqa: PTH207 - absolute patterns
            if Path(match).is_dir():
                yield from _walk(match, listing)
            else:
                yield match


def _walk(top: str, listing: Listing) -> Iterator[str]:
    """All files below `top`; directories behind links are followed, each once."""

    def failed(error: OSError) -> None:
        listing.unreadable.append(Unreadable(error.filename or top, error.strerror or str(error)))

    seen: set[tuple[int, int]] = set()
    for folder, folders, names in os.walk(top, onerror=failed, followlinks=True):
        here = Path(folder).stat()
        if (here.st_dev, here.st_ino) in seen:
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(folder, name) for name in names if not name.startswith("."))  # noqa: PTH118 - text, not paths, for speed
