"""``heap-tui config``: where the configuration is, what it says, whether it is right; and to edit it."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heap_tui.cli.context import App, common_options, pass_app
from heap_tui.i18n import _, ngettext
from heap_tui.redact import redact

if TYPE_CHECKING:
    from heap_tui.config.edit import Edit
    from heap_tui.config.model import Config, Problem

_output = click.option("--output", type=click.Choice(["human", "json"]), default="human", help=_("Form of the result."))


@click.group("config", invoke_without_command=True, help=_("Show, check or edit the configuration."))
@common_options
@click.pass_context
def config(ctx: click.Context) -> None:
    """Show the configuration when no subcommand is given."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show, output="human")


@config.command("path", help=_("Print where the configuration and the state are."))
@common_options
@_output
@pass_app
def path(app: App, output: str) -> None:
    """Print the configuration file and the state directory."""
    file, state = _places(app)
    if output == "json":
        click.echo(json.dumps({"config": str(file), "state_dir": str(state)}))
        return
    click.echo(_("configuration  {path}").format(path=file))
    click.echo(_("state          {path}").format(path=state))


@config.command("show", help=_("Print the configuration without secrets, and where each token comes from."))
@common_options
@_output
@pass_app
def show(app: App, output: str) -> None:
    """Print the configuration."""
    from heap_tui.config.store import load, read_text
    from heap_tui.config.view import shown_profiles, shown_toml, token_origins

    file, state = _places(app)
    loaded = load(file)
    text = read_text(file)
    wanted = [loaded.profile(app.profile)] if app.profile else loaded.profiles.values()
    tokens = token_origins({profile.key: profile for profile in wanted}, os.environ)
    if output == "json":
        result = {
            "config": str(file),
            "state_dir": str(state),
            "exists": text is not None,
            "default_profile": loaded.default_profile,
            "profiles": shown_profiles(loaded),
            "tokens": {key: asdict(token) for key, token in tokens.items()},
        }
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(f"# {file}")
    if text is None:
        click.echo(_("# There is no configuration yet; heap-tui setup makes one."))
        return
    click.echo(shown_toml(text, str(file)).rstrip("\n"))
    for key, token in tokens.items():
        click.echo(_("# token of {name}: {origin}").format(name=key, origin=token.origin or token.problem))


@config.command("validate", help=_("Check the configuration and print every mistake with its line."))
@common_options
@pass_app
def validate(app: App) -> None:
    """Check the configuration; the error that mistakes raise names all of them."""
    from heap_tui.config.store import read_text
    from heap_tui.config.validation import parse_config
    from heap_tui.errors import UsageError

    file, _state = _places(app)
    text = read_text(file)
    if text is None:
        raise UsageError(
            _("There is no configuration at {path}.").format(path=file), _("Run heap-tui setup to make one.")
        )
    _report(file, parse_config(text, str(file)))


@config.command("edit", help=_("Edit a copy of the configuration; it is used only when it is right."))
@common_options
@pass_app
def edit(app: App) -> None:
    """Edit the configuration in $VISUAL or $EDITOR."""
    from heap_tui.config.edit import begin_edit, editor_command

    file, _state = _places(app)
    command = editor_command(os.environ)
    _edit_until_right(begin_edit(file), command)


def _edit_until_right(editing: "Edit", command: list[str]) -> None:
    """Open the editor, again and again while the user wants to correct mistakes."""
    from heap_tui.config.edit import run_editor
    from heap_tui.errors import UsageError

    while True:
        try:
            run_editor(command, editing.copy)
            return _finish(editing)
        except UsageError as error:
            if editing.is_unchanged:
                editing.discard()
                raise
            if not _wants_to_go_on(error):
                raise UsageError(error.message, editing.kept) from None


def _finish(editing: "Edit") -> None:
    if editing.is_unchanged:
        editing.discard()
        click.echo(_("Nothing was changed."))
    else:
        _report(editing.path, editing.finish())


def _wants_to_go_on(error: Exception) -> bool:
    """Ask, on a terminal, whether to open the editor again; elsewhere nobody can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    click.echo(redact(str(error)), err=True)
    return click.confirm(_("Edit again?"), default=True, err=True)


def _report(file: Path, checked: "Config") -> None:
    for warning in checked.warnings:
        click.echo(_warning(file, warning))
    count = len(checked.profiles)
    words = ngettext("{path} is right: {count} profile.", "{path} is right: {count} profiles.", count)
    click.echo(words.format(path=file, count=count))


def _warning(file: Path, warning: "Problem") -> str:
    return _("warning: {path}, {problem}").format(path=file, problem=warning)


def _places(app: App) -> tuple[Path, Path]:
    from heap_tui.config.paths import config_path, state_dir

    return config_path(app.config_path, os.environ), state_dir(app.state_dir, os.environ)
