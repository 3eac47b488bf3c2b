"""Finds the line of every key of a TOML text, which the TOML readers forget, so that mistakes can name it."""

import re
import tomllib
from dataclasses import dataclass, field

Path = tuple[str | int, ...]

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def line_numbers(text: str) -> dict[Path, int]:
    """The line, from 1, on which each table, key and list item of a TOML text stands.

    Args:
        text: TOML that `tomllib` has accepted; of other text nothing sensible can be said.

    Returns:
        Path of keys and list indexes, such as ``("profiles", "p", "sources", 0, "uri")``, to its first line.
    """
    scan = _Scan(text)
    scan.document()
    return scan.lines


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of `path`, else of the nearest table around it; 0 when nothing is known."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def dotted(path: Path) -> str:
    """A path as people write it: ``profiles.p.sources[2].uri`` (list items are counted from 1)."""
    parts = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


@dataclass(slots=True)
class _Scan:
    """One walk through the text; `at` is the position."""

    text: str
    at: int = 0
    lines: dict[Path, int] = field(default_factory=dict)
    _counted: tuple[int, int] = (0, 1)
    _lists: dict[Path, int] = field(default_factory=dict)

    def document(self) -> None:
        table: Path = ()
        self._skip(_GAP)
        while self.at < len(self.text):
            if self._take("[["):
                table = self._next_item(self._named(self._key()))
                self._take("]]")
            elif self._take("["):
                table = self._named(self._key())
                self._take("]")
            else:
                self._pair(table)
            self._skip(_GAP)

    def _pair(self, table: Path) -> None:
        start = self.at
        path = self._note(table, self._key(), start)
        self._take("=")
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._take("{"):
            self._inline_table(path)
        elif self._take("["):
            self._array(path)
        else:
            string = _STRING.match(self.text, self.at)
            self._skip(_SCALAR) if string is None else self._move(string.end())

    def _inline_table(self, path: Path) -> None:
        self._skip(_GAP)
        while not self._take("}"):
            self._pair(path)
            self._skip(_GAP)
            self._take(",")
            self._skip(_GAP)

    def _array(self, path: Path) -> None:
        index = 0
        self._skip(_GAP)
        while not self._take("]"):
            self._note(path, (index,), self.at)
            self._value((*path, index))
            index += 1
            self._skip(_GAP)
            self._take(",")
            self._skip(_GAP)

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._skip(_BLANK)
            match = _BARE.match(self.text, self.at) or _STRING.match(self.text, self.at)
            assert match is not None, "tomllib accepted this text, so a key stands here"
            parts.append(match[0] if match[0][0] not in "\"'" else _unquoted(match[0]))
            self._move(match.end())
            self._skip(_BLANK)
            if not self._take("."):
                return tuple(parts)

    def _named(self, keys: tuple[str, ...]) -> Path:
        """The path of a table header, in which a list of tables stands for its newest item."""
        path: Path = ()
        for key in keys:
            path = self._newest(path)
            path = self._note(path, (key,), self.at)
        return path

    def _newest(self, path: Path) -> Path:
        return (*path, self._lists[path]) if path in self._lists else path

    def _next_item(self, path: Path) -> Path:
        self._lists[path] = self._lists.get(path, -1) + 1
        return self._note(path, (self._lists[path],), self.at)

    def _note(self, table: Path, keys: Path, position: int) -> Path:
        """Remember the line of each new part of a dotted key; gives the whole path."""
        line = self._line(position)
        for key in keys:
            table = (*table, key)
            self.lines.setdefault(table, line)
        return table

    def _line(self, position: int) -> int:
        counted, line = self._counted
        line += self.text.count("\n", counted, position)
        self._counted = (position, line)
        return line

    def _take(self, mark: str) -> bool:
        if not self.text.startswith(mark, self.at):
            return False
        self._move(self.at + len(mark))
        return True

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self._move(match.end() if match else self.at)

    def _move(self, position: int) -> None:
        self.at = position


def _unquoted(key: str) -> str:
    (value,) = tomllib.loads(f"k = {key}").values()
    return str(value)
