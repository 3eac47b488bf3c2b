"""The root command: help, version, and ``--run``."""

import click

from heap_tui import __version__
from heap_tui.cli.context import common_options
from heap_tui.cli.main import LazyGroup


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@common_options
@click.version_option(__version__, prog_name="heap-tui", message="%(prog)s %(version)s")
@click.pass_context
def root(ctx: click.Context) -> None:
    """Deliver Braze Currents engagement events to Heap, durably, and see what arrives."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
