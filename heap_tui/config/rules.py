"""What a single setting may be: one small rule for each kind of value, with its words for a bad one.

A rule stands beside its field in model.py, so that the file, the flags and the screen judge alike.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol

from heap_tui.i18n import _
from heap_tui.redact import redact


class Rule(Protocol):
    """Judges one value as TOML gives it, and turns a good one into the model's type."""

    def problem(self, value: object) -> str:
        """What is wrong with `value`, without a final stop; empty when nothing is."""
        ...

    def read(self, value: Any) -> Any:
        """The model's form of a value that has no problem."""
        ...


def shown(value: object) -> str:
    """A value as people wrote it, short and without secrets, for messages."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = redact(text.replace("\n", " "))
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`, both included."""

    low: int
    high: int

    def problem(self, value: object) -> str:
        """See `Rule.problem`."""
        if isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high:
            return ""
        return _("must be a whole number from {low} to {high}, and is {value}").format(
            low=self.low, high=self.high, value=shown(value)
        )

    def read(self, value: Any) -> Any:
        """See `Rule.read`."""
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`, both included; whole numbers are taken, too."""

    low: float
    high: float

    def problem(self, value: object) -> str:
        """See `Rule.problem`."""
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if fits and self.low <= value <= self.high:  # type: ignore[operator]  # a number, by the line above
            return ""
        return _("must be a number from {low} to {high}, and is {value}").format(
            low=f"{self.low:.15g}", high=f"{self.high:.15g}", value=shown(value)
        )

    def read(self, value: Any) -> Any:
        """See `Rule.read`."""
        return float(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def problem(self, value: object) -> str:
        """See `Rule.problem`."""
        return "" if isinstance(value, bool) else _("must be true or false, and is {value}").format(value=shown(value))

    def read(self, value: Any) -> Any:
        """See `Rule.read`."""
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """Text of at most `longest` characters without control characters; `empty` says whether "" will do."""

    longest: int = 4096
    empty: bool = False

    def problem(self, value: object) -> str:
        """See `Rule.problem`."""
        if not isinstance(value, str):
            return _("must be text in quotes, and is {value}").format(value=shown(value))
        if not value.strip() and not self.empty:
            return _("must not be empty")
        if len(value) > self.longest:
            return _("must have at most {longest} characters, and has {count}").format(
                longest=self.longest, count=len(value)
            )
        return "" if not _has_controls(value) else _("must not hold line breaks or other control characters")

    def read(self, value: Any) -> Any:
        """See `Rule.read`."""
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words; `secret` keeps what was written instead out of the message."""

    choices: tuple[str, ...]
    secret: bool = False

    def problem(self, value: object) -> str:
        """See `Rule.problem`."""
        if isinstance(value, str) and value in self.choices:
            return ""
        words = ", ".join(f'"{choice}"' for choice in self.choices)
        if self.secret:
            return _("must be one of {words}: it says where the token is, never what it is").format(words=words)
        return _("must be one of {words}, and is {value}").format(words=words, value=shown(value))

    def read(self, value: Any) -> Any:
        """See `Rule.read`."""
        return value


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts, none of them empty; `fewest` of them at least."""

    fewest: int = 0

    def problem(self, value: object) -> str:
        """See `Rule.problem`."""
        if not isinstance(value, list | tuple):
            return _('must be a list such as ["a", "b"], and is {value}').format(value=shown(value))
        if len(value) < self.fewest:
            return _("must not be an empty list; remove the line to take everything")
        for index, item in enumerate(value, start=1):
            if problem := Text().problem(item):
                return _("item {index} {problem}").format(index=index, problem=problem)
        return ""

    def read(self, value: Any) -> Any:
        """See `Rule.read`."""
        return tuple(value)


@dataclass(frozen=True, slots=True)
class Proxy:
    """The address of an HTTP proxy."""

    def problem(self, value: object) -> str:
        """See `Rule.problem`."""
        from urllib.parse import urlsplit

        if problem := Text().problem(value):
            return problem
        try:
            parts = urlsplit(str(value))
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        return (
            "" if good else _("must be an address such as http://proxy:3128, and is {value}").format(value=shown(value))
        )

    def read(self, value: Any) -> Any:
        """See `Rule.read`."""
        return value


def _has_controls(text: str) -> bool:
    # Lone surrogates are bytes of an argument that are not UTF-8; no file can hold them.
    return any(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) <= 0xDFFF for char in text)
