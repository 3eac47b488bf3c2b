"""How the sandbox's counts look: a small table for a terminal, a line for everything else."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from heap_tui.i18n import _, ngettext
from heap_tui.sandbox.tally import LastEvent, SandboxReport, warning_text

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_LAST_SHOWN = 5
_TYPES_SHOWN = 12
_FIXED_LINES = 12  # counts, answers, headings, warnings and the lines that stand above the table


def picture(report: SandboxReport, height: int) -> "Group":
    """The whole view as a rich renderable.

    Args:
        report: what arrived so far.
        height: lines of the terminal; the list of types gives way when they are few.
    """
    from rich.console import Group

    last = report.last_events[-_LAST_SHOWN:]
    room = max(2, min(_TYPES_SHOWN, height - _FIXED_LINES - len(last) - len(report.warnings)))
    parts = [_counts(report)]
    if last:
        parts += [_types(report, room), _last(last)]
    if report.warnings:
        parts.append(_warnings(report))
    return Group(*parts)


def line(report: SandboxReport, log_format: str = "human", rate: float | None = None) -> str:
    """The counts in one line, as words or as JSON; `rate` is events a second since the line before."""
    if log_format == "json":
        plain = report.as_dict()
        del plain["by_type"], plain["last_events"]
        return json.dumps(plain)
    text = ngettext("{events} event", "{events} events", report.events).format(events=report.events)
    text += _(" ({unique} unique, {duplicates} duplicates) in ").format(
        unique=report.unique, duplicates=report.duplicates
    )
    text += ngettext("{requests} request", "{requests} requests", report.requests).format(requests=report.requests)
    if report.requests:
        text += f" [{_answers(report)}]"
    return text if rate is None else text + _(", {rate} events/s").format(rate=round(rate))


def warning_lines(report: SandboxReport) -> list[str]:
    """One line for each warning, with the number of requests that it speaks of."""
    return [
        _("warning: {count} {what}").format(count=count, what=warning_text(name))
        for name, count in report.warnings.items()
    ]


def _counts(report: SandboxReport) -> "Table":
    grid = _grid()
    for name, value in (
        (_("Events"), str(report.events)),
        (_("Unique"), str(report.unique)),
        (_("Duplicates"), str(report.duplicates)),
        (_("Requests"), str(report.requests)),
        (_("Answers"), _answers(report) or "-"),
    ):
        grid.add_row(name, value)
    return grid


def _answers(report: SandboxReport) -> str:
    parts = [f"{status}: {count}" for status, count in report.by_status.items()]
    if report.unanswered:
        parts.append(_("no answer: {count}").format(count=report.unanswered))
    return ", ".join(parts)


def _types(report: SandboxReport, room: int) -> "Table":
    grid = _grid((_("Event type"), _("Events")))
    grid.columns[1].justify = "right"
    shown = list(report.by_type.items())
    if len(shown) > room:
        rest = shown[room - 1 :]
        del shown[room - 1 :]
        name = ngettext("{n} more type", "{n} more types", len(rest)).format(n=len(rest))
        shown.append((name, sum(count for _type, count in rest)))
    for name, count in shown:
        grid.add_row(printable(name), str(count))
    return grid


def _last(events: tuple[LastEvent, ...]) -> "Table":
    grid = _grid((_("Time (UTC)"), _("Last events"), _("Id")))
    for event in events:
        grid.add_row(_moment(event.time), printable(event.event_type), printable(event.id[:8]))
    return grid


def _warnings(report: SandboxReport) -> "Table":
    grid = _grid()
    for text in warning_lines(report):
        grid.add_row(text)
    return grid


def _grid(headings: tuple[str, ...] = ()) -> "Table":
    from rich.table import Table

    grid = Table(
        *headings,
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        show_header=bool(headings),
    )
    for column in grid.columns:
        column.no_wrap = True
    return grid


def printable(text: str) -> str:
    """`text` without what could steer a terminal or cannot be written to one; safe as rich markup."""
    from rich.markup import escape

    return escape("".join(sign if sign.isprintable() else "?" for sign in text))


def _moment(time: float) -> str:
    try:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(time)
