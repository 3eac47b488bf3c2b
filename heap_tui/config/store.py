"""Reads and writes config.toml; comments, order and unknown keys that people wrote survive every save."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from heap_tui.config.files import replace_file
from heap_tui.config.model import VERSION, Config, Profile
from heap_tui.config.toml import edited_toml, read_toml
from heap_tui.config.validation import parse_config
from heap_tui.errors import UsageError
from heap_tui.i18n import _

_NEW_FILE = "version = 1\n"


def load(path: Path) -> Config:
    """Read the configuration; a file that is not there is an empty one.

    Raises:
        UsageError: it cannot be read, or holds mistakes (each named with its line).
    """
    text = read_text(path)
    return Config() if text is None else parse_config(text, str(path))


def save_profile(path: Path, profile: Profile, *, make_default: bool | None = None) -> None:
    """Add `profile` to the file at `path`, or change the one of its key.

    Args:
        path: the configuration file; it is made, with its directory, when it is not there.
        profile: what to save; values equal to their defaults are written only where they stand already.
        make_default: make it (True) or do not make it (False) the default; None: only when it is the first.

    Raises:
        UsageError: the file holds mistakes or cannot be edited, or the profile is wrong.
        StateError: the file cannot be written.
    """
    text = _text_to_edit(path)
    plain = read_toml(text, str(path))
    profiles = plain.get("profiles", {})
    merged = {**profiles, profile.key: profile_table(profile, profiles.get(profile.key, {}))}
    wanted = {**plain, "version": plain.get("version", VERSION), "profiles": merged}
    if make_default or (make_default is None and not profiles):
        wanted["default_profile"] = profile.key
    _replace(path, text, wanted)


def delete_profile(path: Path, key: str) -> None:
    """Remove a profile from the file; a default that named it is removed, too.

    Raises:
        UsageError: there is no such profile, or the file holds mistakes or cannot be edited.
        StateError: the file cannot be written.
    """
    text = _text_to_edit(path)
    parse_config(text, str(path)).profile(key)
    plain = read_toml(text, str(path))
    wanted = {**plain, "profiles": {name: table for name, table in plain["profiles"].items() if name != key}}
    if wanted.get("default_profile") == key:
        del wanted["default_profile"]
    _replace(path, text, wanted)


def read_text(path: Path) -> str | None:
    """The file's text; None when there is no file.

    Raises:
        UsageError: it cannot be read or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError(
            _("{path}, line {line}: this is not UTF-8 text.").format(path=path, line=line),
            _("Save the file as UTF-8 in your editor."),
        ) from None
    except OSError as error:
        raise UsageError(
            _("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror or error),
            _("Check its permissions, or name another file with --config."),
        ) from None


def profile_table(profile: Profile, old: Mapping[str, Any]) -> dict[str, Any]:
    """The TOML table of a profile, as plain dicts: `old` with the profile's values in it.

    A value equal to its default is written only where the key stands in `old` already.
    """
    table = dict(old)
    if profile.name != profile.key or "name" in old:
        table["name"] = profile.name
    for part in ("destination", "events", "transform", "delivery"):
        merged = _merged(getattr(profile, part), old.get(part, {}))
        if merged or part in old:
            table[part] = merged
    if profile.sources:
        table["sources"] = _sources([entry.uri for entry in profile.sources], old.get("sources", []))
    elif old.get("sources"):
        del table["sources"]
    return table


def _merged(record: Any, old: Mapping[str, Any]) -> dict[str, Any]:
    table = dict(old)
    for entry in fields(record):
        value = getattr(record, entry.name)
        plain = list(value) if isinstance(value, tuple) else value
        if plain is None:
            table.pop(entry.name, None)
        elif entry.name not in old:
            if value != entry.default:
                table[entry.name] = plain
        elif old[entry.name] != plain:
            table[entry.name] = plain
    return table


def _sources(uris: Sequence[str], old: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A table for each URI; one that was there keeps its unknown keys."""
    left = list(old)
    tables = []
    for uri in uris:
        known = next((entry for entry in left if entry.get("uri") == uri), None)
        if known is not None:
            left.remove(known)
        tables.append({**(known or {}), "uri": uri})
    return tables


def _text_to_edit(path: Path) -> str:
    text = read_text(path)
    if text is None:
        return _NEW_FILE
    parse_config(text, str(path))
    return text


def _replace(path: Path, text: str, wanted: Mapping[str, Any]) -> None:
    try:
        edited = edited_toml(text, wanted)
    except ValueError:
        raise UsageError(
            _("{path} is written in a way that cannot be edited automatically; it was left as it is.").format(
                path=path
            ),
            _("Give each profile headers such as [profiles.NAME.destination], or edit the file by hand."),
        ) from None
    # What is wrong now was not in the file, but in the profile that was to be saved.
    parse_config(edited, _("{path}, as it would be saved,").format(path=path))
    replace_file(path, edited.encode())
