"""Dead letters: events that were refused for good, and items that could not become events."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from heap_tui.spool.items import DeadLetter

REFUSED = "refused"
REJECTED = "rejected"
MAX_REJECTED_BYTES = 1_000_000  # kept of an item that is no event; a broken file may be one endless line

_COLUMNS = "kind, event_id, event_type, source, position, place, reason, status, answer, attempts, payload, at"


@dataclass(frozen=True, slots=True)
class Kept:
    """A dead letter with its number in the state."""

    number: int
    letter: DeadLetter


def _digest(letter: DeadLetter) -> bytes:
    """What makes a dead letter one: its source, position and content; the same one again replaces the first."""
    parts = [letter.kind, letter.source, str(letter.position)]
    if letter.position < 0:
        parts += [letter.event_id, letter.place]
    hashed = blake2b(digest_size=16)
    for part in (*(part.encode("utf-8", "surrogatepass") for part in parts), letter.payload):
        hashed.update(len(part).to_bytes(8, "little") + part)
    return hashed.digest()


def keep(transaction: sqlite3.Connection, letters: Sequence[DeadLetter]) -> None:
    """Write `letters`, inside the caller's transaction."""
    for letter in letters:
        values = [getattr(letter, name.strip()) for name in _COLUMNS.split(",")]
        # A lone surrogate, legal as an escape in JSON, has no UTF-8 form that the database would take.
        clean = [v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in values]
        transaction.execute(
            f"INSERT OR REPLACE INTO dead({_COLUMNS}, digest) VALUES({','.join('?' * len(values))}, ?)",
            (*clean, _digest(letter)),
        )


def read(
    connection: sqlite3.Connection, *, kind: str | None = None, numbers: Sequence[int] = (), limit: int = -1
) -> Iterator[Kept]:
    """Dead letters, oldest first.

    Args:
        connection: the state.
        kind: `REFUSED`, `REJECTED`, or None for both.
        numbers: only these; all when empty.
        limit: at most so many; negative for all.
    """
    chosen = f"AND id IN ({','.join('?' * len(numbers))})" if numbers else ""
    rows = connection.execute(
        f"SELECT id, {_COLUMNS} FROM dead WHERE (? IS NULL OR kind=?) {chosen} ORDER BY id LIMIT ?",  # noqa: S608
        (kind, kind, *numbers, limit),
    )
    for number, *values in rows:
        yield Kept(int(number), DeadLetter(*values))


def remove(transaction: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """Delete the dead letters of those numbers."""
    transaction.executemany("DELETE FROM dead WHERE id=?", [(number,) for number in numbers])


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many dead letters there are, by kind."""
    return {kind: int(n) for kind, n in connection.execute("SELECT kind, count(*) FROM dead GROUP BY kind")}
