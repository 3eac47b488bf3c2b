"""What a source's URI means."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from heap_tui.errors import UsageError
from heap_tui.i18n import _

LATER_SCHEMES = ("s3", "gs", "az", "listen")


@dataclass(frozen=True, slots=True)
class SampleUri:
    """``sample:?count=1000&seed=1&users=200&rate=50``.

    Args:
        count: events; 0 is endless.
        seed: None draws a fresh one.
        users: people in the journeys.
        rate: events a second; None is as fast as can be.
        types: globs of the event types to make; empty for all that journeys have.
    """

    count: int = 1000
    seed: int | None = None
    users: int = 200
    rate: float | None = None
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilesUri:
    """A file, a directory or a glob."""

    pattern: str


@dataclass(frozen=True, slots=True)
class StdinUri:
    """``-``: lines of JSON on standard input."""


SourceUri = SampleUri | FilesUri | StdinUri


def parse_source(uri: str) -> SourceUri:
    """What `uri` means.

    Raises:
        UsageError: it means nothing, or something that this version does not have.
    """
    if uri == "-":
        return StdinUri()
    scheme, colon, rest = uri.partition(":")
    if colon and scheme in LATER_SCHEMES:
        raise UsageError(
            _("Sources of the kind {scheme}: come with a later version; {uri} cannot be used yet.").format(
                scheme=scheme, uri=uri
            ),
            _("Use a file, a directory, a glob, standard input (-) or sample:."),
        )
    if colon and scheme == "sample":
        return _sample(uri, rest)
    path = _path_of_file_uri(rest) if colon and scheme == "file" else uri
    if not path.strip() or "://" in path:
        raise UsageError(
            _("{uri!r} is no source that heap-tui knows.").format(uri=uri),
            _("Use a file, a directory, a glob, standard input (-) or sample:."),
        )
    return FilesUri(path)


def _path_of_file_uri(rest: str) -> str:
    """The path in ``file:PATH`` or ``file:///PATH``; empty when it is on another machine."""
    if not rest.startswith("//"):
        return rest
    host, slash, path = rest[2:].partition("/")
    return unquote(slash + path) if host in ("", "localhost") else ""


def _sample(uri: str, rest: str) -> SampleUri:
    example = _("Write it like sample:?count=1000&seed=1&users=200&rate=50.")
    values: dict[str, str] = {}
    for name, value in parse_qsl(rest.removeprefix("?"), keep_blank_values=True):
        if name not in ("count", "seed", "users", "rate", "types"):
            raise UsageError(_("{uri}: there is no option {name}.").format(uri=uri, name=name), example)
        values[name] = value
    try:
        found = SampleUri(
            count=int(values.get("count", 1000)),
            seed=int(values["seed"]) if "seed" in values else None,
            users=int(values.get("users", 200)),
            rate=float(values["rate"]) if "rate" in values else None,
            types=tuple(glob for glob in values.get("types", "").split(",") if glob),
        )
    except ValueError as error:
        raise UsageError(_("{uri}: {reason}.").format(uri=uri, reason=error), example) from error
    if found.count < 0 or found.users < 1 or not (found.rate is None or 0 < found.rate < 1e9):
        raise UsageError(_("{uri}: count is 0 or more, users 1 or more, rate above 0.").format(uri=uri), example)
    return found
