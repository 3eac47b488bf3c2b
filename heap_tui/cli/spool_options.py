"""The options that the commands of ``heap-tui spool`` share, and what those of ``purge`` mean together."""

from typing import TYPE_CHECKING, Any

import click

from heap_tui.errors import UsageError
from heap_tui.i18n import _

if TYPE_CHECKING:
    from heap_tui.spool.actions import Purge

_LARGEST = (1 << 63) - 1

no_profile_option = click.option("--no-profile", is_flag=True, help=_("The state of runs without a profile."))
output_option = click.option(
    "--output", type=click.Choice(["human", "json"]), default="human", help=_("Form of the result.")
)
kind_option = click.option(
    "--kind", type=click.Choice(["refused", "rejected"]), help=_("Only dead letters of this kind.")
)
numbers_argument = click.argument("numbers", metavar="[NUMBER]...", nargs=-1, type=click.IntRange(1, _LARGEST))


def to_purge(options: dict[str, Any]) -> "Purge":
    """What the options of ``purge`` name.

    Raises:
        UsageError: nothing, or what does not go together.
    """
    from heap_tui.spool.actions import Purge
    from heap_tui.spool.choice import Choice

    numbers, kind, everything = options["numbers"], options["kind"], options["everything"]
    letters = options["dead_too"] or bool(numbers)
    if not (letters or options["pending"] or everything):
        raise UsageError(
            _("Delete what? Name --dead, --pending or --all."), _("heap-tui spool status shows what there is.")
        )
    if everything and (numbers or kind):
        raise UsageError(_("--all means everything, without numbers or --kind."), _("Use --dead to choose."))
    if (numbers or kind) and (options["pending"] or not letters):
        raise UsageError(
            _("Numbers and --kind choose dead letters, and do not go with --pending."), _("Purge in two steps.")
        )
    chosen = Choice(kind, numbers) if letters or everything else None
    return Purge(chosen, pending=options["pending"] or everything, damaged=everything)
