"""How the catalogue looks: on a terminal it fits the width, in a pipe nothing is cut and a line is a row."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from heap_tui.currents.catalog import GROUPS, EventType, Field
from heap_tui.i18n import _

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_PIPE_WIDTH = 10_000  # nothing is as wide as this, so nothing is folded
_NONE = "-"  # for awk and for eyes, a column is never empty


def open_console(*, no_color: bool) -> "Console":
    """A console on standard output; as wide as need be when that is no terminal."""
    from rich.console import Console

    console = Console(no_color=True if no_color else None, highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    return console


def print_lines(console: "Console", things: Sequence["RenderableType"]) -> None:
    """Print, without the blanks at the ends of lines that a table pads its last column with."""
    with console.capture() as captured:
        console.print(*things, sep="\n")
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def type_list(event_types: Sequence[EventType], console: "Console") -> list["RenderableType"]:
    """A row for each type where there is room for it, else a heading for each channel and two lines a type."""
    table = _type_table(event_types, header=console.is_terminal)
    if console.measure(table, options=console.options.update(width=_PIPE_WIDTH)).maximum <= console.width:
        return [table]
    return _type_sections(event_types)


def _type_table(event_types: Sequence[EventType], *, header: bool) -> "Table":
    table = _table(_("Event type"), _("Group"), _("Channel"), _("Description"), header=header)
    for event_type in event_types:
        channel = event_type.channel or _NONE
        table.add_row(event_type.name, event_type.group, channel, _(event_type.description))
    return table


def _type_sections(event_types: Sequence[EventType]) -> list["RenderableType"]:
    from rich.padding import Padding
    from rich.text import Text

    lines: list[RenderableType] = []
    for (place, channel), types in groupby(sorted(event_types, key=_section), _section):
        heading = f"{GROUPS[place]}, {channel}" if channel else GROUPS[place]
        lines.append(Text(("\n" if lines else "") + heading, style="bold"))
        for event_type in types:
            lines.append(Padding(Text(event_type.name, style="cyan"), (0, 0, 0, 2)))
            lines.append(Padding(Text(_(event_type.description)), (0, 0, 0, 6)))
    return lines


def _section(event_type: EventType) -> tuple[int, str]:
    return GROUPS.index(event_type.group), event_type.channel or ""


def type_details(event_type: EventType) -> list["RenderableType"]:
    """Everything that is known of one type, but for an example."""
    from rich.text import Text

    facts = [
        (_("Group"), event_type.group),
        (_("Channel"), event_type.channel or _NONE),
        (_("Sent by"), _sent_by(event_type)),
    ]
    width = max(len(name) for name, _value in facts)
    notes = _notes(event_type)
    return [
        Text(event_type.name, style="bold"),
        _(event_type.description) + "\n",
        *(f"{name.ljust(width)}  {value}" for name, value in facts),
        "",
        _field_table(event_type),
        *notes,
        Text("\n" + _("Example"), style="bold"),
    ]


def _sent_by(event_type: EventType) -> str:
    if not event_type.http:
        return _("storage files only")
    return _("webhook and storage files") if event_type.storage else _("webhook only")


def _field_table(event_type: EventType) -> "Table":
    table = _table(_("Field"), _("Type"), _("Required"), _("Personal data"), _("Place"), header=True)
    for field in event_type.fields:
        required, personal = (_("yes") if flag else _NONE for flag in (field.required, field.pii))
        table.add_row(field.name, field.type, required, personal, field.place + _mark(event_type, field))
    return table


def _mark(event_type: EventType, field: Field) -> str:
    """Points to a note when only one of the two forms of the type has the field."""
    if not (event_type.storage and event_type.http):
        return ""
    return "" if field.storage and field.http else "*" if field.storage else "+"


def _notes(event_type: EventType) -> list[str]:
    marks = {_mark(event_type, field) for field in event_type.fields}
    notes = {
        "*": _("* only in storage files; the webhook does not send it"),
        "+": _("+ only sent by the webhook; storage files do not have it"),
    }
    return [note for mark, note in notes.items() if mark in marks]


def _table(*columns: str, header: bool) -> "Table":
    from rich.table import Table

    table = Table(box=None, show_header=header, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, no_wrap=place == 0, style="cyan" if place == 0 else "")
    return table
