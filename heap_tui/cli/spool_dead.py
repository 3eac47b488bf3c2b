"""The list of dead letters, and everything about some of them."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import click

from heap_tui.cli import spool_json, spool_view
from heap_tui.cli.spool_place import Place
from heap_tui.cli.spool_view import say
from heap_tui.i18n import _, ngettext
from heap_tui.spool.choice import Choice, OpenState, count, letters

if TYPE_CHECKING:
    from heap_tui.spool.dead import Kept


@dataclass(frozen=True, slots=True)
class Shown:
    """What of the dead letters is shown.

    Args:
        place: the state.
        choice: which.
        limit: at most so many, 0 for all.
        oldest_first: the order.
        payload: with answers and payloads.
    """

    place: Place
    choice: Choice
    limit: int
    oldest_first: bool
    payload: bool

    def letters(self, connection: OpenState | None) -> "Iterator[Kept]":
        """The dead letters, in their order."""
        if connection is None:
            return iter(())
        return islice(letters(connection, self.choice, newest_first=not self.oldest_first), self.limit or None)


def show(connection: OpenState | None, shown: Shown, *, quiet: bool) -> None:
    """Print for people: blocks on a terminal, lines with tabs in a pipe, or everything."""
    total = count(connection, shown.choice) if connection else 0
    on_terminal = sys.stdout.isatty()
    printed = 0
    for kept in shown.letters(connection):
        if shown.payload:
            _show_whole(kept, first=not printed)
        elif on_terminal:
            say(spool_view.block(kept))
        else:
            say([spool_view.row(kept)])
        printed += 1
    if not quiet:
        say(_summary(shown, printed, total), err=True)


def _show_whole(kept: "Kept", *, first: bool) -> None:
    letter = kept.letter
    say([] if first else [""])
    say(spool_view.details(kept))
    if letter.answer:
        say(["", _("Answer")])
        say(spool_view.text_of(letter.answer.encode("utf-8", "replace")), wrap=False)
    if not letter.payload:
        say(["", _("Nothing of it was kept; only its source can give it again.")])
        return
    head = ngettext("Payload ({n:,} byte)", "Payload ({n:,} bytes)", len(letter.payload))
    say(["", head.format(n=len(letter.payload)) + (_(", the rest was cut off") if spool_json.is_cut(letter) else "")])
    say(spool_view.text_of(letter.payload), wrap=False)


def _summary(shown: Shown, printed: int, total: int) -> Iterator[str]:
    if not total:
        yield _("There are no dead letters of {place}.").format(place=shown.place.words)
    elif printed < total:
        words = _("{printed:,} of {total:,} dead letters of {place}; --limit 0 shows all.")
        yield words.format(printed=printed, total=total, place=shown.place.words)
    elif not shown.choice.numbers:
        words = ngettext("{n:,} dead letter of {place}.", "{n:,} dead letters of {place}.", total)
        yield words.format(n=total, place=shown.place.words)


def show_json(connection: OpenState | None, shown: Shown, *, lines: bool) -> None:
    """Print one object on one line, or with `lines` a line a dead letter; one of them in memory at a time."""
    objects = (
        spool_json.as_json(spool_json.letter_object(kept, payload=shown.payload)) for kept in shown.letters(connection)
    )
    if lines:
        for line in objects:
            click.echo(line)
        return
    total = count(connection, shown.choice) if connection else 0
    head = spool_json.as_json({"profile": shown.place.key, "directory": str(shown.place.directory), "total": total})
    click.echo(head[:-1] + ', "dead": [', nl=False)
    for n, line in enumerate(objects):
        click.echo((", " if n else "") + line, nl=False)
    click.echo("]}")
