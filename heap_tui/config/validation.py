"""Makes a `Config` from TOML, and names every mistake at once with its table, key and line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heap_tui.config.checks import profile_problems
from heap_tui.config.lines import Path, dotted, line_numbers, line_of
from heap_tui.config.model import (
    VERSION,
    Config,
    DeliverySettings,
    Destination,
    EventSelection,
    Problem,
    Profile,
    SourceEntry,
    Transform,
    rules_of,
)
from heap_tui.config.rules import Text, shown
from heap_tui.config.toml import read_toml
from heap_tui.errors import UsageError
from heap_tui.i18n import _, ngettext

_PROFILE_KEY = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_-]{0,63}")
_TOP_KEYS = ("version", "default_profile", "profiles")
_TABLES = {
    "destination": Destination,
    "events": EventSelection,
    "transform": Transform,
    "delivery": DeliverySettings,
}
_PROFILE_KEYS = ("name", "sources", *_TABLES)


@dataclass(slots=True)
class _Findings:
    """What was found so far; `lines` is asked for places."""

    lines: dict[Path, int]
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    places: list[Path] = field(default_factory=list)

    def problem(self, path: Path, text: str) -> None:
        self.places.append(path)
        self.problems.append(Problem(line_of(self.lines, path), dotted(path), text))

    def warning(self, path: Path, text: str) -> None:
        self.warnings.append(Problem(line_of(self.lines, path), dotted(path), text))

    def has_problem(self, path: Path) -> bool:
        return any(place[: len(path)] == path for place in self.places)

    def unknown_keys(self, path: Path, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                self.warning((*path, key), _unknown(key, known))


def parse_config(text: str, name: str) -> Config:
    """Read a configuration.

    Args:
        text: the TOML.
        name: the file's name, for messages.

    Raises:
        UsageError: it is no TOML, of a newer version, or has mistakes (all of them are named).
    """
    config, problems = examine(text, name)
    if problems:
        raise UsageError(
            "\n  ".join([_mistakes(len(problems), name), *map(str, problems)]),
            _("Correct the file by hand, or with heap-tui config edit."),
        )
    return config


def examine(text: str, name: str) -> tuple[Config, list[Problem]]:
    """Read a configuration as far as it is right; the problems, in the order of lines, say what is wrong.

    Raises:
        UsageError: it is no TOML at all, or of a newer version.
    """
    plain = read_toml(text, name)
    found = _Findings(line_numbers(text))
    version = _version(plain, name, found)
    found.unknown_keys((), plain, _TOP_KEYS)
    profiles = _profiles(plain.get("profiles", {}), found)
    default = _default_profile(plain, found)
    return Config(version, default, profiles, tuple(_by_line(found.warnings))), _by_line(found.problems)


def profile_key_problem(key: str) -> str:
    """What is wrong with the name of a profile, in words; empty when nothing is."""
    if _PROFILE_KEY.fullmatch(key):
        return ""
    return _("a profile's name has 1 to 64 letters, digits, - and _, and does not start with _")


def _by_line(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.line)


def _mistakes(count: int, name: str) -> str:
    return ngettext("{name} has {count} mistake:", "{name} has {count} mistakes:", count).format(name=name, count=count)


def _unknown(key: str, known: tuple[str, ...]) -> str:
    import difflib

    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if near:
        return _("unknown key, without effect; did you mean {near}?").format(near=near[0])
    return _("unknown key, without effect")


def _version(plain: Mapping[str, Any], name: str, found: _Findings) -> int:
    version = plain.get("version", VERSION)
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        raise UsageError(
            _("{name} was made by a newer heap-tui (version {version} of the file).").format(
                name=name, version=version
            ),
            _("Update heap-tui, or name another file with --config."),
        )
    if version != VERSION or isinstance(version, bool):
        found.problem(("version",), _("must be 1, and is {value}").format(value=shown(version)))
    return VERSION


def _default_profile(plain: Mapping[str, Any], found: _Findings) -> str | None:
    default = plain.get("default_profile")
    if default is None:
        return None
    if problem := Text().problem(default):
        found.problem(("default_profile",), problem)
        return None
    profiles = plain.get("profiles")
    if isinstance(profiles, dict) and default not in profiles:
        names = ", ".join(profiles) or _("none")
        found.problem(
            ("default_profile",),
            _("names the profile {value}, which is not there; there are: {names}").format(
                value=shown(default), names=names
            ),
        )
    return str(default)


def _profiles(plain: object, found: _Findings) -> dict[str, Profile]:
    profiles: dict[str, Profile] = {}
    lowered: dict[str, str] = {}
    for key, table in _table(("profiles",), plain, found).items():
        path: Path = ("profiles", key)
        if problem := profile_key_problem(key):
            found.problem(path, problem)
        if twin := lowered.get(key.lower()):
            found.problem(path, _("differs from profile {twin} only in case; choose another name").format(twin=twin))
        lowered[key.lower()] = key
        if not isinstance(table, dict):
            _table(path, table, found)
        elif profile := _profile(key, path, table, found):
            profiles[key] = profile
    return profiles


def _profile(key: str, path: Path, table: Mapping[str, Any], found: _Findings) -> Profile | None:
    found.unknown_keys(path, table, _PROFILE_KEYS)
    name = table.get("name", key)
    if problem := Text(longest=200).problem(name):
        found.problem((*path, "name"), problem)
    made: dict[str, Any] = {}
    for part, kind in _TABLES.items():
        if part == "destination" and part not in table:
            found.problem(path, _("has no destination table"))
        else:
            made[part] = _record(kind, (*path, part), table.get(part, {}), found)
    sources = _sources((*path, "sources"), table.get("sources", []), found)
    if made.get("destination") is None:
        return None
    profile = Profile(key=key, name=name, sources=sources, **made)
    for place, words in profile_problems(profile):
        # A setting that is already known to be wrong is judged once.
        if not found.has_problem((*path, *place)):
            found.problem((*path, *place), words)
    return None if found.has_problem(path) else profile


def _sources(path: Path, plain: object, found: _Findings) -> tuple[SourceEntry, ...]:
    if not isinstance(plain, list):
        found.problem(path, _("must be a list of tables: write [[profiles.NAME.sources]]"))
        return ()
    entries = [_record(SourceEntry, (*path, index), entry, found) for index, entry in enumerate(plain)]
    return tuple(entry for entry in entries if entry is not None)


def _record(kind: type[Any], path: Path, plain: object, found: _Findings) -> Any:
    """One of the model's tables, made of what is right in it; None when even that cannot be made."""
    table = _table(path, plain, found)
    rules = rules_of(kind)
    found.unknown_keys(path, table, tuple(rules))
    values: dict[str, Any] = {}
    for key, rule in rules.items():
        if key not in table:
            continue
        if problem := rule.problem(table[key]):
            found.problem((*path, key), problem)
        else:
            values[key] = rule.read(table[key])
    needed = [key for key in ("kind", "uri") if key in rules]
    for key in needed:
        if key not in table and not found.has_problem(path):
            found.problem(path, _("has no {key}").format(key=key))
    return kind(**values) if all(key in values for key in needed) else None


def _table(path: Path, plain: object, found: _Findings) -> Mapping[str, Any]:
    if isinstance(plain, dict):
        return plain
    found.problem(path, _("must be a table, and is {value}").format(value=shown(plain)))
    return {}
