"""How the state looks: lines for people, objects for scripts. What was received is shown, but steers no terminal."""

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from heap_tui.cli.spool_place import Place
from heap_tui.i18n import _, ngettext

if TYPE_CHECKING:
    from heap_tui.spool.choice import Causes
    from heap_tui.spool.dead import Kept
    from heap_tui.spool.items import DeadLetter
    from heap_tui.spool.store import Status

_NONE = "-"
_CAUSES_SHOWN = 12
_NUMBERS_SHOWN = 5
_INDENT = 4
_GAP = re.compile(r" *\S+(?: \S+){0,2}  +")  # a short name and what parts it from its value


def say(lines: Iterable[str], *, err: bool = False, wrap: bool = True) -> None:
    """Print lines, on a terminal wrapped to its width; signs that its encoding lacks are escaped."""
    from heap_tui.cli.findings import text_width

    stream = sys.stderr if err else sys.stdout
    width = text_width(stream) if wrap else None
    encoding = stream.encoding or "utf-8"
    for line in lines:
        for part in [line] if width is None else _wrapped(line, width):
            click.echo(part.encode(encoding, "backslashreplace").decode(encoding), err=err)


def _wrapped(line: str, width: int) -> list[str]:
    """`line` in parts; the later ones stand below what comes after the first gap, or a little further in.

    A line with a word that fits nowhere, such as a long path, stays whole: it can be copied, and the terminal folds it.
    """
    gap, lead = _GAP.match(line), len(line) - len(line.lstrip())
    indent = gap.end() if gap else lead and lead + _INDENT
    if any(len(word) > width - indent for word in line.split()):
        return [line]
    return textwrap.wrap(line, width, subsequent_indent=" " * indent, break_on_hyphens=False) or [""]


def visible(text: str) -> str:
    r"""`text` with everything that is no printable sign as an escape such as ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def status_lines(place: Place, status: "Status", causes: "Causes", now: float) -> Iterator[str]:
    """The state for people."""
    facts = [
        (_("State of"), place.words),
        (_("Kept in"), str(place.directory)),
        (_("In use"), _("yes, by a run") if status.locked else _("no")),
        (_("Pending"), _pending(status, now)),
        (_("Dead letters"), _dead(status)),
        (_("Size on disk"), size_text(status.database_bytes)),
    ]
    if status.damaged_rows:
        facts.append((_("Damaged"), _damaged(status)))
    if place.others:
        facts.append((_("Also here"), _("state reached by {options}").format(options=", ".join(place.others))))
    yield from _columns(facts)
    yield from _cause_lines(causes)
    yield from _what_next(place, status)


def _pending(status: "Status", now: float) -> str:
    if not status.pending:
        return _("none")
    words = ngettext("{n:,} event, {size}", "{n:,} events, {size}", status.pending)
    text = words.format(n=status.pending, size=size_text(status.pending_bytes))
    if status.oldest_at is None:
        return text
    oldest = _(", oldest from {moment} UTC ({age})")
    return text + oldest.format(moment=moment(status.oldest_at), age=_age(now - status.oldest_at))


def _dead(status: "Status") -> str:
    if not (status.refused or status.rejected):
        return _("none")
    words = _("{refused:,} refused by the endpoint, {rejected:,} rejected as unreadable")
    return words.format(refused=status.refused, rejected=status.rejected)


def _damaged(status: "Status") -> str:
    words = ngettext(
        "{n:,} row of the queue ({events:,} events), put aside",
        "{n:,} rows of the queue ({events:,} events), put aside",
        status.damaged_rows,
    )
    return words.format(n=status.damaged_rows, events=status.damaged_events)


def _columns(facts: list[tuple[str, str]]) -> Iterator[str]:
    width = max(len(name) for name, _value in facts)
    for name, value in facts:
        yield f"{name:<{width}}  {visible(value)}"


def _cause_lines(causes: "Causes") -> Iterator[str]:
    groups = causes.most_first()
    if not groups:
        return
    yield ""
    yield _("Dead letters by cause")
    width = len(f"{groups[0].count:,}")
    for cause in groups[:_CAUSES_SHOWN]:
        yield f"  {cause.count:>{width},}  {_kind(cause.kind)}: {visible(cause.reason)}"
    if (more := len(groups) - _CAUSES_SHOWN) > 0:
        yield "  " + ngettext("and {n} more cause", "and {n} more causes", more).format(n=more)


def _what_next(place: Place, status: "Status") -> Iterator[str]:
    lines = []
    if status.refused or status.rejected:
        lines.append(_("heap-tui spool dead lists the dead letters; heap-tui spool retry --all queues them again."))
    if status.pending and not status.locked and place.next_run:
        lines.append(_("{command} delivers what is pending.").format(command=place.next_run))
    if lines:
        yield ""
        yield from lines


def _kind(kind: str) -> str:
    return {"refused": _("refused"), "rejected": _("rejected")}.get(kind, kind)


def row(kept: "Kept") -> str:
    """One dead letter as a line of columns with tabs between, for programs that read lines."""
    letter = kept.letter
    cells = (
        str(kept.number),
        moment(letter.at),
        letter.kind,
        str(letter.status or ""),
        str(letter.attempts),
        letter.event_type,
        letter.event_id,
        _origin(letter),
        letter.reason,
    )
    return "\t".join(visible(cell) or _NONE for cell in cells)


def block(kept: "Kept") -> Iterator[str]:
    """One dead letter as some lines, for a terminal."""
    letter = kept.letter
    head = f"{kept.number}  {moment(letter.at)} UTC  {_kind(letter.kind)}"
    if letter.attempts:
        tried = ngettext("{n} attempt", "{n} attempts", letter.attempts).format(n=letter.attempts)
        head += f", {tried}"
    yield head
    if letter.event_type or letter.event_id:
        yield "    " + visible(f"{letter.event_type or _NONE}  {letter.event_id or _NONE}")
    yield "    " + visible(_origin(letter))
    yield "    " + visible(letter.reason)


def _origin(letter: "DeadLetter") -> str:
    return f"{letter.source}, {letter.place}" if letter.place else letter.source


def details(kept: "Kept") -> Iterator[str]:
    """Everything about one dead letter but its answer and payload."""
    letter = kept.letter
    yield from _columns(
        [
            (_("Number"), str(kept.number)),
            (_("Time"), _("{moment} UTC").format(moment=moment(letter.at))),
            (_("Kind"), _kind(letter.kind)),
            (_("Event type"), letter.event_type or _NONE),
            (_("Event id"), letter.event_id or _NONE),
            (_("Source"), letter.source),
            (_("Place"), letter.place or _NONE),
            (_("Reason"), letter.reason),
            (_("Status"), str(letter.status or _NONE)),
            (_("Attempts"), str(letter.attempts)),
        ]
    )


def text_of(data: bytes) -> Iterator[str]:
    """Bytes as lines: JSON with indents and its values as they were written, anything else as it is, escaped."""
    import msgspec

    with suppress(msgspec.DecodeError, RecursionError):
        data = msgspec.json.format(data, indent=2)
    for line in data.decode("utf-8", "backslashreplace").split("\n"):
        yield visible(line)


def moment(at: float) -> str:
    """A Unix time as date and time of day, UTC."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(at)


def size_text(size: int) -> str:
    """Bytes in a unit that suits."""
    value, units = float(size), ("bytes", "kB", "MB", "GB")
    place = 0
    while value >= 1000 and place < len(units) - 1:
        value, place = value / 1000, place + 1
    return f"{value:.1f} {units[place]}" if place else _("{n} bytes").format(n=size)


def _age(seconds: float) -> str:
    seconds = max(0.0, seconds)
    for unit, length in ((_("{n} days"), 86_400), (_("{n} h"), 3_600), (_("{n} min"), 60)):
        if seconds >= 2 * length:
            return _("{age} ago").format(age=unit.format(n=int(seconds // length)))
    return _("{n} s ago").format(n=int(seconds))
