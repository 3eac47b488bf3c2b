"""``heap-tui spool``: look into the disk queue and the dead letters, and act on them."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heap_tui.cli.context import App, common_options, pass_app
from heap_tui.cli.spool_options import (
    kind_option,
    no_profile_option,
    numbers_argument,
    output_option,
    to_purge,
)
from heap_tui.cli.spool_place import Place, check_numbers, find_place, reading
from heap_tui.errors import ExitCode, UsageError
from heap_tui.i18n import _

if TYPE_CHECKING:
    from heap_tui.spool.actions import Retried
    from heap_tui.spool.choice import Choice

_SHOWN = 20  # dead letters, where a person reads and did not say how many


@click.group(
    "spool", invoke_without_command=True, help=_("Look into the disk queue and the dead letters; act on them.")
)
@no_profile_option
@click.option("--output", type=click.Choice(["human", "json"]), help=_("Form of the result."))
@common_options
@click.pass_context
def spool(ctx: click.Context, /, no_profile: bool, output: str | None) -> None:
    """Show the status when no subcommand is given."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(status, no_profile=no_profile, output=output or "human")
    elif no_profile or output:
        name = "--no-profile" if no_profile else "--output"
        words = _("{option} belongs after {command}.").format(option=name, command=ctx.invoked_subcommand)
        raise UsageError(
            words, _("Write heap-tui spool {command} {option}.").format(command=ctx.invoked_subcommand, option=name)
        )


@spool.command("status", help=_("Show what is pending, what are dead letters, and where it is kept."))
@no_profile_option
@output_option
@common_options
@pass_app
def status(app: App, /, no_profile: bool, output: str) -> None:
    """Print the state in figures; works beside a run."""
    from heap_tui.cli import spool_json, spool_view
    from heap_tui.spool import choice, store

    place = find_place(app, no_profile=no_profile)
    found = store.status(place.directory)
    with store.reading(place.directory) as connection:
        causes = choice.causes(connection) if connection else choice.Causes()
    if output == "json":
        click.echo(spool_json.as_json(spool_json.status_object(place, found, causes, time.time())))
    else:
        spool_view.say(spool_view.status_lines(place, found, causes, time.time()))


@spool.command(
    "dead",
    short_help=_("List the dead letters, or show some of them."),
    help=_("List the dead letters, the newest first; with numbers: everything about these."),
)
@numbers_argument
@kind_option
@click.option(
    "--limit", type=click.IntRange(min=0), metavar="N", help=_("At most so many; 0: all. Else 20, and all as JSON.")
)
@click.option("--oldest", is_flag=True, help=_("The oldest first."))
@click.option("--payload", is_flag=True, help=_("The events themselves, too (personal data), also in a list."))
@click.option(
    "--output", type=click.Choice(["human", "json", "ndjson"]), default="human", help=_("Form of the result.")
)
@no_profile_option
@common_options
@pass_app
def dead(app: App, /, numbers: tuple[int, ...], kind: str | None, **options: Any) -> None:
    """Print dead letters; works beside a run."""
    from heap_tui.cli import spool_dead
    from heap_tui.spool.choice import Choice

    place = find_place(app, no_profile=options["no_profile"])
    wanted = Choice(kind, numbers)
    as_people = options["output"] == "human"
    limit = options["limit"]
    if limit is None:
        limit = _SHOWN if as_people and not numbers else 0
    with reading(place) as connection:
        check_numbers(connection, wanted, place)
        shown = spool_dead.Shown(place, wanted, limit, options["oldest"], bool(numbers) or options["payload"])
        if as_people:
            spool_dead.show(connection, shown, quiet=app.quiet)
        else:
            spool_dead.show_json(connection, shown, lines=options["output"] == "ndjson")


@spool.command(
    "retry",
    short_help=_("Queue dead letters again."),
    help=_(
        "Queue dead letters again, with their ids; the next run delivers them first. "
        "Rejected ones are read again; what still is no event stays, and the exit code is 1."
    ),
)
@numbers_argument
@click.option("--all", "everything", is_flag=True, help=_("All dead letters (of the kind)."))
@kind_option
@output_option
@no_profile_option
@common_options
@pass_app
def retry(app: App, /, numbers: tuple[int, ...], kind: str | None, **options: Any) -> None:
    """Queue dead letters again; exit with 1 when some had to stay."""
    from heap_tui.cli import spool_json, spool_view, spool_words
    from heap_tui.spool.actions import Retried
    from heap_tui.spool.choice import Choice

    if bool(numbers) == options["everything"]:
        words = (
            _("Numbers and --all exclude each other.") if numbers else _("Which dead letters? Name numbers, or --all.")
        )
        raise UsageError(words, _("heap-tui spool dead lists them."))
    place = find_place(app, no_profile=options["no_profile"])
    wanted = Choice(kind, numbers)
    with reading(place) as connection:
        check_numbers(connection, wanted, place)
    done = Retried() if connection is None else _retry(place, wanted)
    if options["output"] == "json":
        click.echo(spool_json.as_json(spool_json.retried_object(place, done)))
    else:
        spool_view.say(spool_words.retried_lines(place, done))
    raise click.exceptions.Exit(ExitCode.REFUSED if done.stayed.total else ExitCode.OK)


def _retry(place: Place, wanted: "Choice") -> "Retried":
    from heap_tui.cli.spool_place import rules_of, seen_of
    from heap_tui.spool import actions
    from heap_tui.spool.store import Store

    with Store(place.directory) as store:
        return actions.retry(store, wanted, rules_of(place), seen_of(place, store), time.time())


@spool.command(
    "export",
    short_help=_("Write the raw events as NDJSON."),
    help=_(
        "Write the raw events as NDJSON: those in the queue, unless --dead or numbers are given. "
        "To deliver from an export, use --run --replay: its ids are known already."
    ),
)
@numbers_argument
@click.option("--pending", is_flag=True, help=_("The events in the queue."))
@click.option("--dead", "dead_too", is_flag=True, help=_("The dead letters, as they were received."))
@kind_option
@click.option(
    "--output-file",
    type=click.Path(path_type=Path, allow_dash=True),
    default="-",
    metavar="FILE",
    help=_("A new file that only you can read; -: standard output."),
)
@click.option("--force", is_flag=True, help=_("Replace the file."))
@no_profile_option
@common_options
@pass_app
def export(app: App, /, numbers: tuple[int, ...], kind: str | None, **options: Any) -> None:
    """Write events; works beside a run."""
    from heap_tui.cli import spool_export, spool_view, spool_words
    from heap_tui.spool.choice import Choice
    from heap_tui.spool.export import Exported

    letters = options["dead_too"] or bool(numbers)
    if kind and not letters:
        raise UsageError(
            _("--kind goes with --dead."), _("Write heap-tui spool export --dead --kind {kind}.").format(kind=kind)
        )
    place = find_place(app, no_profile=options["no_profile"])
    wanted = Choice(kind, numbers)
    told = Exported()
    with reading(place) as connection:
        check_numbers(connection, wanted, place)
        lines = spool_export.lines(
            connection, told, wanted if letters else None, pending=options["pending"] or not letters
        )
        spool_export.write(lines, options["output_file"], force=options["force"])
    if not app.quiet:
        spool_view.say(spool_words.exported_lines(place, told, options["output_file"]), err=True)


@spool.command("purge", help=_("Delete dead letters, the queue, or all of it; needs --yes."))
@numbers_argument
@click.option("--dead", "dead_too", is_flag=True, help=_("Dead letters: those of the numbers or the kind, or all."))
@click.option("--pending", is_flag=True, help=_("The queue: its events will not be delivered."))
@click.option("--all", "everything", is_flag=True, help=_("Dead letters, the queue, and its damaged rows."))
@kind_option
@click.option("--yes", is_flag=True, help=_("Do delete."))
@output_option
@no_profile_option
@common_options
@pass_app
def purge(app: App, /, **options: Any) -> None:
    """Delete what is named, or say what would be deleted."""
    from heap_tui.cli import spool_json, spool_view, spool_words
    from heap_tui.spool import actions
    from heap_tui.spool.store import Store

    wanted = to_purge(options)
    place = find_place(app, no_profile=options["no_profile"])
    with reading(place) as connection:
        if wanted.dead:
            check_numbers(connection, wanted.dead, place)
        found = actions.weigh(connection, wanted) if connection else actions.Purged()
    if connection is not None and options["yes"]:
        with Store(place.directory) as store:
            found = actions.purge(store, wanted)
    elif not found.nothing:
        raise UsageError(
            _("This would delete {what} of {place}, for good.").format(
                what=spool_words.purged_words(found), place=place.words
            ),
            _("Add --yes to do it. heap-tui spool export keeps a copy before."),
        )
    if options["output"] == "json":
        click.echo(spool_json.as_json(spool_json.purged_object(place, found)))
    else:
        spool_view.say(spool_words.purged_lines(place, found))
