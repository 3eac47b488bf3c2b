"""The list of commands, and a group that imports a command when it is called."""

import importlib

import click

from heap_tui.i18n import _


def _commands() -> dict[str, tuple[str, str]]:
    """Name -> (module:attribute, one line of help); static, so that ``--help`` imports no command."""
    return {
        "setup": ("heap_tui.cli.setup:setup", _("Set up a profile: every answer is a flag.")),
        "test-fire": ("heap_tui.cli.test_fire:test_fire", _("Send one sample event of each selected type.")),
        "doctor": ("heap_tui.cli.doctor:doctor", _("Check everything a delivery needs; say what to do.")),
        "events": ("heap_tui.cli.events:events", _("The catalogue of event types and fields.")),
        "sandbox": ("heap_tui.cli.sandbox:sandbox", _("A local endpoint that behaves as Heap's webhook.")),
        "spool": ("heap_tui.cli.spool:spool", _("Look into the disk queue and the dead letters.")),
        "config": ("heap_tui.cli.config:config", _("Show, check or edit the configuration.")),
    }


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the README."""
        return list(_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name; None when there is none."""
        if cmd_name not in _commands():
            return None
        module, attribute = _commands()[cmd_name][0].split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, text) for name, (_target, text) in _commands().items()])
