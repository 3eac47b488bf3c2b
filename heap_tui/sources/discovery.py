"""Which files a path, a directory or a glob stands for."""

import glob
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from heap_tui.errors import UsageError
from heap_tui.i18n import _
from heap_tui.spool.cursors import FileIdentity

FORMATS = ("avro", "ndjson", "jsonl", "json")
LINE_FORMATS = ("ndjson", "jsonl")
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
    return glob.has_magic(pattern) and not _mode(_expanded(pattern))


def check_exists(pattern: str) -> None:
    """Make sure that `pattern` stands for something now.

    Raises:
        UsageError: nothing is there, it cannot be looked at, or a file's format is not known.
    """
    path = _expanded(pattern)
    mode = _mode(path)
    if stat.S_ISDIR(mode):
        return
    if not mode:
        _check_named(pattern, path)
    if mode and not stat.S_ISREG(mode):
        raise UsageError(
            _("{path} is neither a file nor a directory.").format(path=pattern),
            _("Let a pipe be standard input: heap-tui --run --source - < {path}").format(path=pattern),
        )
    if not format_of(pattern)[0] and not is_glob(pattern):
        raise UsageError(
            _("{path} has no ending that says its format.").format(path=pattern),
            _("Known are .avro, .ndjson, .jsonl and .json, each also with .gz or .zst."),
        )


def _check_named(pattern: str, path: Path) -> None:
    """Make sure that a glob matches, or that a name which cannot be followed is there at least."""
    if is_glob(pattern) and next(_matches(path, Listing()), None):
        return
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            _("The source {pattern} does not exist.").format(pattern=pattern),
            _("Check the path; a glob must match at least one file now, unless --follow waits for more."),
        ) from None
    except OSError as error:
        raise UsageError(
            _("The source {pattern} cannot be read ({reason}).").format(pattern=pattern, reason=error.strerror),
            _("Check the path and its permissions."),
        ) from error


def _expanded(pattern: str) -> Path:
    """`pattern` with ``~`` replaced; of a user who does not exist it stays as it is, as in a shell."""
    try:
        return Path(pattern).expanduser()
    except RuntimeError:
        return Path(pattern)


def _mode(path: Path) -> int:
    """Type and permissions of what is there; 0 when there is nothing, or it cannot be looked at."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def is_flat(pattern: str) -> bool:
    """Whether `pattern` is a file, or a glob of files in one directory, so that nothing below it matters."""
    path = _expanded(pattern)
    return bool(format_of(pattern)[0]) and not glob.has_magic(str(path.parent)) and not stat.S_ISDIR(_mode(path))


def roots(pattern: str) -> list[Path]:
    """The files or directories to watch for `pattern`: itself, or the directory before a glob's first wildcard."""
    path = _expanded(pattern)
    if is_glob(pattern):
        return [_fixed(path)]
    return [path if stat.S_ISDIR(_mode(path)) else path.parent]


def _fixed(pattern: Path) -> Path:
    """The directory before a glob's first wildcard."""
    fixed = Path(pattern.anchor)
    for part in pattern.parts[len(fixed.parts) :]:
        if glob.has_magic(part):
            break
        fixed /= part
    return fixed


def discover(pattern: str) -> Listing:
    """The files that `pattern` stands for now; files of other formats in a directory are passed over.

    A file that is reached by two ways (symbolic or hard links) is listed once; loops of links are followed once.
    """
    listing = Listing()
    seen: set[tuple[int, int]] = set()
    for path in _paths(pattern, listing):
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
    path = _expanded(pattern)
    if is_glob(pattern):
        yield from _matches(path, listing)
    elif stat.S_ISDIR(_mode(path)):
        yield from _walk(str(path), listing)
    else:
        yield str(path)


def _matches(pattern: Path, listing: Listing) -> Iterator[str]:
    """The files that a glob matches, and those below the directories that it matches."""
    if "**" in pattern.parts:
        yield from _matches_at_any_depth(pattern, listing)
        return
    for match in glob.iglob(str(pattern)):  # noqa: PTH207 - absolute patterns
        if stat.S_ISDIR(_mode(Path(match))):
            yield from _walk(match, listing)
        else:
            yield match


def _matches_at_any_depth(pattern: Path, listing: Listing) -> Iterator[str]:
    """The same for a glob with ``**``; unlike `glob`, it does not get lost in loops of links."""
    top = _fixed(pattern)
    wanted = pattern.parts[len(top.parts) :]
    if not stat.S_ISDIR(_mode(top)):
        return
    for path in _walk(str(top), listing):
        if _fits(Path(path).parts[len(top.parts) :], wanted):
            yield path


def _fits(names: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether the path `names`, or a directory on it, is one that the parts of a glob want."""
    if not wanted:
        return True
    if wanted[0] == "**":
        return any(_fits(names[n:], wanted[1:]) for n in range(len(names)))
    return bool(names) and fnmatchcase(names[0], wanted[0]) and _fits(names[1:], wanted[1:])


def _walk(top: str, listing: Listing) -> Iterator[str]:
    """All files below `top`; directories behind links are followed, each once."""

    def failed(error: OSError) -> None:
        listing.unreadable.append(Unreadable(error.filename or top, error.strerror or str(error)))

    seen: set[tuple[int, int]] = set()
    for folder, folders, names in os.walk(top, onerror=failed, followlinks=True):
        try:
            here = Path(folder).stat()
        except OSError as error:
            failed(error)
            folders.clear()
            continue
        if (here.st_dev, here.st_ino) in seen:
            folders.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        # Links last, so that a directory which is reached by two ways goes by its own name.
        folders[:] = sorted(
            (name for name in folders if not name.startswith(".")),
            key=lambda name: (Path(folder, name).is_symlink(), name),
        )
        yield from (os.path.join(folder, name) for name in names if not name.startswith("."))  # noqa: PTH118 - text, not paths, for speed
