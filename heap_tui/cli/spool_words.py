"""What was done with the queue and the dead letters, in words."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from heap_tui.cli.spool_place import Place
from heap_tui.cli.spool_view import size_text, visible
from heap_tui.i18n import _, ngettext

if TYPE_CHECKING:
    from heap_tui.spool.actions import Purged, Retried
    from heap_tui.spool.choice import Causes
    from heap_tui.spool.export import Exported

_CAUSES_SHOWN = 12
_NUMBERS_SHOWN = 5


def retried_lines(place: Place, done: "Retried") -> Iterator[str]:
    """What came of a retry, and what to do next."""
    if not (done.queued or done.stayed.total):
        yield _("There are no dead letters of {place}.").format(place=place.words)
        return
    if done.queued:
        queued = ngettext(
            "{n:,} dead letter of {place} is queued again ({size}).",
            "{n:,} dead letters of {place} are queued again ({size}).",
            done.queued,
        )
        yield queued.format(n=done.queued, place=place.words, size=size_text(done.queued_bytes))
    if done.stayed.total:
        stayed = ngettext(
            "{n:,} stays with the dead letters of {place}:",
            "{n:,} stay with the dead letters of {place}:",
            done.stayed.total,
        )
        yield stayed.format(n=done.stayed.total, place=place.words)
        yield from _stayed(done.stayed)
    if done.queued and place.next_run:
        yield _("Next: {command} delivers them, before anything else.").format(command=place.next_run)
    elif done.queued:
        yield _("Set up profile {name} again to deliver them.").format(name=place.key)


def _stayed(causes: "Causes") -> Iterator[str]:
    groups = causes.most_first()
    for cause in groups[:_CAUSES_SHOWN]:
        numbers = ", ".join(str(number) for number in cause.numbers[:_NUMBERS_SHOWN])
        more = ", ..." if cause.count > _NUMBERS_SHOWN else ""
        yield _("  {n:,}: {reason} (number {numbers})").format(
            n=cause.count, reason=visible(cause.reason), numbers=numbers + more
        )
    if (more_causes := len(groups) - _CAUSES_SHOWN) > 0:
        yield "  " + ngettext("and {n} more cause", "and {n} more causes", more_causes).format(n=more_causes)


def exported_lines(place: Place, told: "Exported", path: Path) -> Iterator[str]:
    """What was exported, and what could not be."""
    words = ngettext(
        "{n:,} event of {place} exported ({size}).", "{n:,} events of {place} exported ({size}).", told.events
    )
    if str(path) != "-":
        words = ngettext(
            "{n:,} event of {place} exported to {path} ({size}).",
            "{n:,} events of {place} exported to {path} ({size}).",
            told.events,
        )
    yield words.format(n=told.events, place=place.words, path=visible(str(path)), size=size_text(told.size))
    if told.without_payload:
        yield ngettext(
            "{n:,} dead letter has no content (its file could not be read).",
            "{n:,} dead letters have no content (their files could not be read).",
            told.without_payload,
        ).format(n=told.without_payload)
    if told.damaged:
        yield ngettext(
            "{n:,} queued event cannot be read; the next run puts it aside.",
            "{n:,} queued events cannot be read; the next run puts them aside.",
            told.damaged,
        ).format(n=told.damaged)


def purged_lines(place: Place, found: "Purged") -> Iterator[str]:
    """What was deleted."""
    if found.nothing:
        yield _("There is nothing to delete for {place}.").format(place=place.words)
        return
    yield _("Deleted {what} of {place}.").format(what=purged_words(found), place=place.words)
    if found.pending:
        yield _(
            "The pending events will not be delivered. Their ids stay known: whoever reads them again from a source "
            "needs --run --replay, or they count as duplicates."
        )


def purged_words(found: "Purged") -> str:
    """What is deleted, as a part of a sentence."""
    parts = []
    if found.dead:
        parts.append(ngettext("{n:,} dead letter", "{n:,} dead letters", found.dead).format(n=found.dead))
    if found.pending:
        words = ngettext(
            "{n:,} pending event that was not delivered ({size})",
            "{n:,} pending events that were not delivered ({size})",
            found.pending,
        )
        parts.append(words.format(n=found.pending, size=size_text(found.pending_bytes)))
    if found.damaged:
        parts.append(ngettext("{n:,} damaged row", "{n:,} damaged rows", found.damaged).format(n=found.damaged))
    return _(" and ").join([_(", ").join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
