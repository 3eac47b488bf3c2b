"""What people do with dead letters and the queue: retry and purge.

Everything works through portions, so that a million dead letters need no more memory than a thousand. A dead
letter that is queued again leaves the dead letters in the same durable transaction: it is always in one of the
two places, never in none.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from heap_tui.currents.event import Event, Rejected, decode
from heap_tui.currents.record import type_from_path
from heap_tui.i18n import _
from heap_tui.spool import dead, queue
from heap_tui.spool.choice import Causes, Choice, count, letters, numbers_of
from heap_tui.spool.dead import REFUSED, Kept
from heap_tui.spool.items import DeadLetter
from heap_tui.spool.queue import Stored
from heap_tui.spool.seen import SeenIndex, key_of
from heap_tui.spool.store import Store

_PORTION_LETTERS = 2_000
_PORTION_BYTES = 8_000_000

Prepare = Callable[[Event], bytes | None]


@dataclass(slots=True)
class Retried:
    """What came of a retry.

    Args:
        queued: dead letters that are in the queue now.
        queued_bytes: their size.
        stayed: those that are still dead letters, and why.
    """

    queued: int = 0
    queued_bytes: int = 0
    stayed: Causes = field(default_factory=Causes)


def retry(store: Store, choice: Choice, prepare: Prepare, seen: SeenIndex | None, now: float) -> Retried:
    """Put the chosen dead letters back into the queue, with their ids; the next run sends them first.

    A refused event goes as it was sent. A rejected item is decoded again, since a newer version may be able to;
    it was never selected nor transformed, so that `prepare` does that now.

    Args:
        store: the open state.
        choice: which.
        prepare: the event as it is to be sent, None when it is not wanted; may raise `Rejected`.
        seen: ids known to the destination, so that a rejected item is not sent beside its repaired twin; None
            when the destination is not known.
        now: Unix time in seconds.

    Raises:
        StateError: the state cannot be written; portions moved before are moved, the others are where they were.
    """
    done = Retried()
    for portion in _portions(letters(store.reader, choice)):
        _move(store, portion, _Judge(prepare, seen), now, done)
    return done


def _portions(kept: Iterable[Kept]) -> Iterator[list[Kept]]:
    portion: list[Kept] = []
    size = 0
    for one in kept:
        portion.append(one)
        size += len(one.letter.payload)
        if len(portion) >= _PORTION_LETTERS or size >= _PORTION_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _move(store: Store, portion: list[Kept], judge: "_Judge", now: float, done: Retried) -> None:
    events: list[Stored] = []
    numbers: list[int] = []
    for kept in portion:
        try:
            events.append(judge.event(kept.letter))
        except Rejected as reason:
            done.stayed.add(kept.letter.kind, kept.letter.status, str(reason), number=kept.number)
        else:
            numbers.append(kept.number)
    if not events:
        return
    with store.transaction(durable=True) as transaction:
        size = queue.append(transaction, events, now)
        if judge.seen is not None:
            judge.seen.add(transaction, list(judge.keys), now)
        dead.remove(transaction, numbers)
    done.queued += len(events)
    done.queued_bytes += size


class _Judge:
    """Says what of one portion can be sent; `keys` are the ids that become seen with it."""

    def __init__(self, prepare: Prepare, seen: SeenIndex | None) -> None:
        self._prepare = prepare
        self.seen = seen
        self.keys: dict[bytes, None] = {}

    def event(self, letter: DeadLetter) -> Stored:
        """The event of `letter`, for the queue.

        Raises:
            Rejected: it still is none, or must not be sent.
        """
        if letter.kind == REFUSED:
            return letter.event_id, letter.event_type, letter.payload
        if not letter.payload:
            raise Rejected(
                _("nothing of it was kept, only its source can give it again ({reason})").format(reason=letter.reason)
            )
        event = decode(letter.payload, type_from_path(letter.source))
        raw = self._prepare(event)
        if raw is None:
            raise Rejected(_("it is not among the events that are delivered"))
        key = key_of(event.id)
        if key in self.keys or (self.seen is not None and key in self.seen):
            raise Rejected(_("an event with its id was accepted already"))
        self.keys[key] = None
        return _storable(event.id), _storable(event.type), raw


def _storable(text: str) -> str:
    """`text` as the queue can hold it; a lone surrogate has no UTF-8 form (the payload keeps it as an escape)."""
    return text.encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class Purge:
    """What is to be deleted.

    Args:
        dead: these dead letters, None for none of them.
        pending: the whole queue.
        damaged: rows of the queue that were put aside because they cannot be read.
    """

    dead: Choice | None = None
    pending: bool = False
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Purged:
    """How much is, or would be, deleted: dead letters, pending events and their bytes, damaged rows."""

    dead: int = 0
    pending: int = 0
    pending_bytes: int = 0
    damaged: int = 0

    @property
    def nothing(self) -> bool:
        """There is nothing to delete."""
        return not (self.dead or self.pending or self.damaged)


def weigh(connection: sqlite3.Connection, wanted: Purge) -> Purged:
    """How much `wanted` is."""
    pending, size, _oldest = queue.pending(connection) if wanted.pending else (0, 0, None)
    rows = connection.execute("SELECT count(*) FROM damaged").fetchone()[0] if wanted.damaged else 0
    return Purged(count(connection, wanted.dead) if wanted.dead else 0, pending, size, rows)


def purge(store: Store, wanted: Purge) -> Purged:
    """Delete, all in one transaction, and give the space back; deleted data does not stay in the file.

    Raises:
        StateError: the state cannot be written; nothing was deleted.
    """
    store.connection.execute("PRAGMA secure_delete=ON")
    with store.transaction(durable=True) as transaction:
        found = weigh(transaction, wanted)
        if wanted.dead is not None:
            _delete_letters(transaction, wanted.dead)
        if wanted.pending:
            transaction.execute("DELETE FROM queue")
        if wanted.damaged:
            transaction.execute("DELETE FROM damaged")
    _shrink(store.connection)
    return found


def _delete_letters(transaction: sqlite3.Connection, choice: Choice) -> None:
    if choice.numbers:
        dead.remove(transaction, list(numbers_of(transaction, choice)))
    else:
        transaction.execute("DELETE FROM dead WHERE (? IS NULL OR kind=?)", (choice.kind, choice.kind))


def _shrink(connection: sqlite3.Connection) -> None:
    """Give free space back to the disk, where that costs no more than copying as much as is freed."""
    pages, free = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
    # What was to be deleted is deleted; a disk too full for a copy, or a reader, only keeps the file large.
    with suppress(sqlite3.OperationalError):
        if 2 * free >= pages:
            connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
