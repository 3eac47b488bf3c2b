"""Which dead letters are meant, and why they are there."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from heap_tui.i18n import _
from heap_tui.spool import dead
from heap_tui.spool.dead import Kept

OpenState = sqlite3.Connection  # what others may hold and hand on, and only the spool uses
_PAGE = 500  # numbers looked up at once; SQLite limits the variables of a statement
_MOST_CAUSES = 200
_MOST_NUMBERS = 20
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters are meant.

    Args:
        kind: ``refused``, ``rejected``, or None for both.
        numbers: only these; all when empty.
    """

    kind: str | None = None
    numbers: tuple[int, ...] = ()


def letters(connection: sqlite3.Connection, choice: Choice, *, newest_first: bool = False) -> Iterator[Kept]:
    """The chosen dead letters, one in memory at a time; what comes and goes meanwhile does no harm."""
    for number in numbers_of(connection, choice, newest_first=newest_first):
        yield from dead.read(connection, numbers=(number,))


def missing(connection: sqlite3.Connection, choice: Choice) -> list[int]:
    """The chosen numbers that no dead letter of the chosen kind has."""
    return sorted(set(choice.numbers).difference(numbers_of(connection, choice))) if choice.numbers else []


def count(connection: sqlite3.Connection, choice: Choice) -> int:
    """How many dead letters are chosen."""
    if choice.numbers:
        return sum(1 for _number in numbers_of(connection, choice))
    found = connection.execute("SELECT count(*) FROM dead WHERE (? IS NULL OR kind=?)", (choice.kind, choice.kind))
    return int(found.fetchone()[0])


def numbers_of(connection: sqlite3.Connection, choice: Choice, *, newest_first: bool = False) -> Iterator[int]:
    """The numbers of the chosen dead letters, looked up in portions."""
    for page in _pages(connection, choice, newest_first=newest_first):
        yield from page


def _pages(connection: sqlite3.Connection, choice: Choice, *, newest_first: bool) -> Iterator[list[int]]:
    kind = (choice.kind, choice.kind)
    if choice.numbers:
        wanted = sorted(set(choice.numbers), reverse=newest_first)
        for begin in range(0, len(wanted), _PAGE):
            part = wanted[begin : begin + _PAGE]
            marks = ",".join("?" * len(part))
            sql = f"SELECT id FROM dead WHERE (? IS NULL OR kind=?) AND id IN ({marks})"  # noqa: S608 - marks only
            found = {number for (number,) in connection.execute(sql, (*kind, *part))}
            yield [number for number in part if number in found]
        return
    beyond, order = ("<", "DESC") if newest_first else (">", "ASC")
    sql = f"SELECT id FROM dead WHERE (? IS NULL OR kind=?) AND id{beyond}? ORDER BY id {order} LIMIT ?"  # noqa: S608
    last = (1 << 63) - 1 if newest_first else -1
    while page := [number for (number,) in connection.execute(sql, (*kind, last, _PAGE))]:
        yield page
        last = page[-1]


@dataclass(slots=True)
class Cause:
    """Dead letters that are there for the same reason.

    Args:
        kind: ``refused`` or ``rejected``.
        status: HTTP status of the last answer, 0 without one.
        reason: why, in words; numbers that differ from one to the other are ``N``.
        count: how many.
        numbers: of the first of them.
    """

    kind: str
    status: int
    reason: str
    count: int = 0
    numbers: list[int] = field(default_factory=list)


class Causes:
    """Groups dead letters by cause; beyond some hundred causes the rest is one group."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, int, str], Cause] = {}

    def add(self, kind: str, status: int, reason: str, more: int = 1, number: int | None = None) -> None:
        """Count `more` dead letters of one reason; `number` is remembered when it is among the first."""
        general = _DIGITS.sub("N", reason)
        key = (kind, status, general)
        if key not in self._groups and len(self._groups) >= _MOST_CAUSES:
            reason = general = _("other reasons")
            key = (kind, 0, general)
        cause = self._groups.setdefault(key, Cause(*key[:2], reason))
        if cause.reason != reason:
            cause.reason = general
        cause.count += more
        if number is not None and len(cause.numbers) < _MOST_NUMBERS:
            cause.numbers.append(number)

    @property
    def total(self) -> int:
        """How many dead letters were counted."""
        return sum(cause.count for cause in self._groups.values())

    def most_first(self) -> list[Cause]:
        """The groups, the largest first."""
        return sorted(self._groups.values(), key=lambda cause: -cause.count)


def causes(connection: sqlite3.Connection) -> Causes:
    """All dead letters by cause."""
    groups = Causes()
    for kind, status, reason, n in connection.execute(
        "SELECT kind, status, reason, count(*) FROM dead GROUP BY kind, status, reason"
    ):
        groups.add(kind, status, reason, n)
    return groups
