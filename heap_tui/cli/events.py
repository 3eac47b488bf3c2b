"""``heap-tui events``: the catalogue of event types and fields."""

import json
from typing import Any

import click

from heap_tui.cli.context import App, common_options, pass_app
from heap_tui.cli.events_view import open_console, print_lines, type_details, type_list
from heap_tui.currents.catalog import GROUPS, EventType, Field, catalog
from heap_tui.errors import UsageError
from heap_tui.i18n import _, ngettext

_EXAMPLE_SEED = 1
_EXAMPLE_TIME = 1_767_225_600  # 2026-01-01; a fixed one, so that two calls print the same

_output_option = click.option(
    "--output", type=click.Choice(["human", "json"]), default="human", help=_("Form of the output.")
)


class _ListsByDefault(click.Group):
    """A group that lists when only options are given, so that ``events --group user`` works."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``list`` in front of options that stand alone."""
        named = {*self.commands, *ctx.help_option_names}
        if named.isdisjoint(args) and (not args or args[0].startswith("-")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ListsByDefault, help=_("The catalogue of event types and fields; lists it unless told otherwise."))
@common_options
def events() -> None:
    """Hold the commands together; each does its own work."""


@events.command("list", help=_("List the event types that match one of the globs, or all."))
@click.argument("globs", metavar="[GLOB]...", nargs=-1)
@click.option("--group", type=click.Choice(GROUPS), help=_("Only this group."))
@click.option("--channel", metavar="CHANNEL", help=_("Only this channel, such as email or sms."))
@_output_option
@common_options
@pass_app
def list_types(app: App, globs: tuple[str, ...], group: str | None, channel: str | None, output: str) -> None:
    """Print name, group, channel and description of each selected type."""
    selected = catalog().matching(globs or ("*",), group, channel)
    if output == "json":
        _print_json([_summary(event_type) for event_type in selected])
    elif selected:
        console = open_console(no_color=app.no_color)
        print_lines(console, type_list(selected, console))
    if not selected:
        click.echo(_nothing_matches(channel), err=True)
    elif output == "human" and not app.quiet:
        found = ngettext("{count} event type.", "{count} event types.", len(selected))
        click.echo(found.format(count=len(selected)), err=True)


@events.command(help=_("Show the fields of an event type and an example of it."))
@click.argument("name", metavar="TYPE")
@_output_option
@common_options
@pass_app
def show(app: App, name: str, output: str) -> None:
    """Print everything that is known of one type."""
    from heap_tui.currents.samples import example

    event_type = catalog().get(name)
    if event_type is None:
        raise _unknown_type(name)
    sample = example(event_type, seed=_EXAMPLE_SEED, time=_EXAMPLE_TIME)
    if output == "json":
        fields = [_field_summary(field) for field in event_type.fields]
        _print_json({**_summary(event_type), "fields": fields, "example": sample})
        return
    print_lines(open_console(no_color=app.no_color), type_details(event_type))
    click.echo(json.dumps(sample, ensure_ascii=False, indent=2))


def _unknown_type(name: str) -> UsageError:
    remedy = _("heap-tui events list shows all types.")
    if near := _near_names(name):
        remedy = _("Did you mean: {names}?").format(names=", ".join(near)) + " " + remedy
    return UsageError(_("There is no event type {name} in the catalogue.").format(name=name), remedy)


def _near_names(name: str) -> list[str]:
    """At most three types whose names hold what was written, or else look like it."""
    import difflib

    holding = [known for known in catalog().names if name.lower() in known.lower()]
    return holding[:3] or difflib.get_close_matches(name, catalog().names, n=3, cutoff=0.5)


def _nothing_matches(channel: str | None) -> str:
    if channel and channel not in catalog().channels:
        known = ", ".join(catalog().channels)
        return _("No event type has the channel {channel}; there are: {known}.").format(channel=channel, known=known)
    return _("No event type in the catalogue matches.")


def _summary(event_type: EventType) -> dict[str, Any]:
    return {
        "name": event_type.name,
        "group": event_type.group,
        "channel": event_type.channel,
        "description": _(event_type.description),
        "storage": event_type.storage,
        "http": event_type.http,
        "pii": [field.name for field in event_type.pii_fields],
    }


def _field_summary(field: Field) -> dict[str, Any]:
    return {name: getattr(field, name) for name in ("name", "type", "required", "pii", "place", "storage", "http")}


def _print_json(document: object) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
