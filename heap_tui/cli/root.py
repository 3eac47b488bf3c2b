"""The root command: help, version, and ``--run`` with its options."""

from typing import Any

import click

from heap_tui import __version__
from heap_tui.cli.context import App, common_options
from heap_tui.cli.lazy import LazyGroup
from heap_tui.errors import UsageError
from heap_tui.i18n import _

_LATER = ("metrics", "app_id", "identity", "region")


def _run_options(command: Any) -> Any:
    options = [
        click.option("--run", is_flag=True, help=_("Deliver without a screen.")),
        click.option("--source", "sources", multiple=True, metavar="URI", help=_("Read from here (repeatable).")),
        click.option("--endpoint", metavar="URL", help=_("Deliver to this address.")),
        click.option("--no-profile", is_flag=True, help=_("Do without a profile, even if there is one.")),
        click.option("--destination", type=click.Choice(["webhook", "track"]), help=_("Kind of destination.")),
        click.option("--app-id", metavar="ID", help=_("Heap app id (track, in a later version).")),
        click.option("--identity", metavar="FIELD", help=_("Identity (track, in a later version).")),
        click.option("--region", metavar="REGION", help=_("Data centre (track, in a later version).")),
        click.option("--events", multiple=True, metavar="GLOB", help=_("Only these event types (repeatable).")),
        click.option("--follow", is_flag=True, help=_("Keep reading as more comes.")),
        click.option("--replay", is_flag=True, help=_("Send again what was delivered before.")),
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help=_("Stop after N accepted events.")),
        click.option("--rate", metavar="N/s", help=_("At most N events a second.")),
        click.option("--batch-size", type=int, metavar="N", help=_("Events in a request.")),
        click.option("--max-in-flight", type=int, metavar="N", help=_("Requests at the same time.")),
        click.option("--drain-timeout", type=float, metavar="SECONDS", help=_("Wait when stopping.")),
        click.option(
            "--deadline",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help=_("Stop after so long."),
        ),
        click.option("--dry-run", is_flag=True, help=_("Print the batches, send nothing.")),
        click.option("--sandbox", is_flag=True, help=_("Deliver to a sandbox started for this run.")),
        click.option("--insecure-http", is_flag=True, help=_("Allow http:// to other machines.")),
        click.option("--output", type=click.Choice(["human", "json"]), default="human", help=_("Form of the result.")),
        click.option("--metrics", metavar="HOST:PORT", help=_("Prometheus metrics (in a later version).")),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_("Deliver Braze Currents engagement events to Heap, durably, and see what arrives."),
)
@_run_options
@common_options
@click.version_option(__version__, prog_name="heap-tui", message="%(prog)s %(version)s")
@click.pass_context
def root(ctx: click.Context, /, **options: Any) -> int:
    """Run headless, or show the help until there is a screen."""
    given = _given(ctx, options)
    if not options["run"]:
        if given and ctx.invoked_subcommand is None:
            raise UsageError(
                _("--{option} goes with --run.").format(option=given[0].replace("_", "-")),
                _("Write heap-tui --run --{option} ...").format(option=given[0].replace("_", "-")),
            )
        if given:
            raise UsageError(
                _("--{option} belongs after the command, or to --run.").format(option=given[0].replace("_", "-")),
                _("Write heap-tui {command} --help for its options.").format(command=ctx.invoked_subcommand),
            )
        if ctx.invoked_subcommand is None:
            click.echo(ctx.get_help())
            raise UsageError(
                _("The terminal app comes with a later version."), _("Use heap-tui --run or one of the commands above.")
            )
        return 0
    if ctx.invoked_subcommand is not None:
        raise UsageError(
            _("--run takes no command."),
            _("Write heap-tui --run, or heap-tui {command}.").format(command=ctx.invoked_subcommand),
        )
    _refuse_later(options)
    from heap_tui.cli.run import run

    return run(ctx.ensure_object(App), options)


def _given(ctx: click.Context, options: dict[str, Any]) -> list[str]:
    """The names of the options of ``--run`` that were given."""
    default = click.core.ParameterSource.DEFAULT
    names = {"sources": "source"}
    return [names.get(o, o) for o in options if o != "run" and ctx.get_parameter_source(o) is not default]


def _refuse_later(options: dict[str, Any]) -> None:
    """Name what a later version brings, instead of doing half of it.

    Raises:
        UsageError: such an option was given.
    """
    named = [name for name in _LATER if options[name] is not None]
    if options["destination"] == "track":
        named.append("destination track")
    if named:
        raise UsageError(
            _("--{option} comes with a later version.").format(option=named[0].replace("_", "-")),
            _("Leave it out for now."),
        )
