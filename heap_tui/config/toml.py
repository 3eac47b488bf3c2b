"""TOML in and out: reads it with `tomllib`, edits it with tomlkit so that comments and order survive."""

import copy
import difflib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from heap_tui.errors import UsageError
from heap_tui.i18n import _

if TYPE_CHECKING:
    from tomlkit.items import AoT, Array

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_toml(text: str, name: str) -> dict[str, Any]:
    """TOML as plain dicts and lists.

    Raises:
        UsageError: with line and column of the first mistake.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
        position = _POSITION.search(reason)
        line, column = (position[1], position[2]) if position and position[1] else _end_of(text)
        raise UsageError(
            _("{name}, line {line}, column {column}: this is not TOML: {reason}.").format(
                name=name, line=line, column=column, reason=_POSITION.sub("", reason)
            ),
            _("Correct that line by hand, or with heap-tui config edit."),
        ) from None


def _end_of(text: str) -> tuple[str, str]:
    before, _newline, last = text.rpartition("\n")
    return str(before.count("\n") + (2 if _newline else 1)), str(len(last) + 1)


def edited_toml(text: str, wanted: Mapping[str, Any]) -> str:
    """Change as little of a TOML text as makes it mean `wanted`; comments of what stays are kept.

    Args:
        text: valid TOML.
        wanted: the whole document, as plain dicts, lists and scalars.

    Raises:
        ValueError: the result would not read back as `wanted`; tomlkit cannot edit every way of writing TOML.
    """
    # Where tables are written as dotted keys, a new table with a header of its own would be misplaced.
    for inline in (False, True):
        result = _attempt(text, wanted, inline=inline)
        if result is not None:
            kept = _with_comments(text, result)
            return kept if _means(kept, wanted) else result
    raise ValueError("this text cannot be edited in place")


def _attempt(text: str, wanted: Mapping[str, Any], *, inline: bool) -> str | None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        _Edit(inline).table(document, tomllib.loads(text), wanted)
        result = tomlkit.dumps(document)
    except (TOMLKitError, LookupError, TypeError, AttributeError):
        return None
    return result if _means(result, wanted) else None


def _means(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return canonical(tomllib.loads(text)) == canonical(wanted)
    except tomllib.TOMLDecodeError:
        return False


def _with_comments(old: str, new: str) -> str:
    """Leave comments above the table they stand above; tomlkit counts them to the table before.

    So they went with that table when it was removed, and got apart from theirs when something was added to it.
    """
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    for tag, low, high, new_low, new_high in reversed(matcher.get_opcodes()):
        if tag in ("delete", "replace"):
            above = list(takewhile(_is_comment, reversed(before[low:high])))
            after[new_high:new_high] = [line for line in reversed(above) if line not in after[new_low:new_high]]
        elif tag == "insert" and before[low:] and before[low].startswith("["):
            above = list(takewhile(_is_comment, reversed(after[:new_low])))
            start = new_low - len(above)
            after[start:new_high] = after[new_low:new_high] + after[start:new_low]
    return "".join(after)


def _is_comment(line: str) -> bool:
    return line.lstrip()[:1] in ("", "#")


def canonical(plain: object) -> str:
    """One text for one meaning, to compare documents: tells 1 from 1.0 and true, and nan equals nan."""
    return json.dumps(plain, sort_keys=True, default=repr)


@dataclass(frozen=True, slots=True)
class _Edit:
    """Edits a tomlkit document; `inline`: new tables are written in braces."""

    inline: bool

    def table(self, table: Any, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        for key in old:
            if key not in new:
                del table[key]
        for key, value in new.items():
            if key not in old:
                table[key] = self._fresh(value, table)
            elif canonical(old[key]) != canonical(value):
                self._value(table, key, old[key], value)

    def _value(self, table: Any, key: str | int, old: object, new: object) -> None:
        if isinstance(old, dict) and isinstance(new, dict):
            self.table(table[key], old, new)
        elif isinstance(old, list) and isinstance(new, list) and old and new:
            self._list(table[key], old, new)
        else:
            table[key] = self._fresh(new, table)

    def _list(self, items: "AoT | Array", old: Sequence[Any], new: Sequence[Any]) -> None:
        """Insert and delete only what changed: a new list would lose the comments between its items."""
        matcher = difflib.SequenceMatcher(a=[canonical(item) for item in old], b=[canonical(item) for item in new])
        for tag, low, high, new_low, new_high in reversed(matcher.get_opcodes()):
            if tag == "equal":
                continue
            paired = min(high - low, new_high - new_low)
            for index in reversed(range(low + paired, high)):
                del items[index]
            for index in range(paired):
                self._value(items, low + index, old[low + index], new[new_low + index])
            for index in range(paired, new_high - new_low):
                items.insert(low + index, self._fresh(new[new_low + index], items))

    def _fresh(self, value: object, parent: object) -> Any:
        import tomlkit
        from tomlkit.items import Array, InlineTable

        inline = self.inline or isinstance(parent, Array | InlineTable)
        if isinstance(value, dict) and inline:
            table = tomlkit.inline_table()
            table.update({key: self._fresh(item, table) for key, item in value.items()})
            return table
        if isinstance(value, list) and inline:
            array = tomlkit.array()
            array.extend([self._fresh(item, array) for item in value])
            return array
        return tomlkit.item(copy.deepcopy(value))
