"""``heap-tui doctor``: check everything a delivery needs and say what to do."""

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heap_tui import __version__
from heap_tui.cli.context import App, common_options, pass_app
from heap_tui.errors import ExitCode
from heap_tui.i18n import _, ngettext

if TYPE_CHECKING:
    from heap_tui.setup.doctor import Surroundings
    from heap_tui.setup.findings import Finding


@click.command(
    "doctor",
    help=_("Check configuration, token, network, endpoint, state and machine; what it prints can be shared."),
)
@click.option("--output", type=click.Choice(["human", "json"]), default="human", help=_("Form of the result."))
@common_options
@pass_app
def doctor(app: App, /, output: str) -> None:
    """Examine, print, and exit with 1 when a check failed."""
    from heap_tui.config.paths import config_path, state_dir
    from heap_tui.setup.doctor import Surroundings
    from heap_tui.setup.findings import any_failed

    where = Surroundings(
        config_path=config_path(app.config_path, os.environ),
        state_dir=state_dir(app.state_dir, os.environ),
        profile=app.profile,
        environ=os.environ,
        home=str(Path("~").expanduser()),
    )
    findings = asyncio.run(_examine(app, where, show=output == "human"))
    failed = any_failed(findings)
    if output == "json":
        result = {"ok": not failed, "version": __version__, "checks": [finding.as_dict() for finding in findings]}
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        _conclude(findings)
    raise click.exceptions.Exit(ExitCode.REFUSED if failed else ExitCode.OK)


async def _examine(app: App, where: "Surroundings", *, show: bool) -> "list[Finding]":
    """All findings, each printed as soon as it is there; ``--quiet`` prints warnings and failures only."""
    from heap_tui.cli.findings import show_finding
    from heap_tui.setup.doctor import diagnose
    from heap_tui.setup.findings import State

    findings = []
    async for finding in diagnose(where):
        findings.append(finding)
        if show and (not app.quiet or finding.state in (State.FAILED, State.WARNING)):
            show_finding(app, finding, err=False)
    return findings


def _conclude(findings: "list[Finding]") -> None:
    """One line on the whole."""
    from heap_tui.setup.findings import State

    failed = sum(finding.state is State.FAILED for finding in findings)
    warned = sum(finding.state is State.WARNING for finding in findings)
    if failed:
        words = ngettext("{n} check failed.", "{n} checks failed.", failed).format(n=failed)
    elif warned:
        words = ngettext("All works, with {n} warning.", "All works, with {n} warnings.", warned).format(n=warned)
    else:
        words = _("All is well.")
    click.echo(words)
