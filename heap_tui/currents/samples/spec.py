"""What sample events are wanted."""

from collections.abc import Callable
from dataclasses import dataclass

from heap_tui.errors import UsageError
from heap_tui.i18n import _

_MOST_USERS = 1_000_000


@dataclass(frozen=True, slots=True)
class SampleSpec:
    """What sample events are wanted.

    Args:
        count: how many events; 0 never ends.
        seed: the same seed, users and types give the same events, ids included.
        users: how many people there are.
        types: which event types may come; None for all that Braze sends by HTTP.

    Raises:
        UsageError: a number is out of range.
    """

    count: int = 1000
    seed: int = 1
    users: int = 200
    types: Callable[[str], bool] | None = None

    def __post_init__(self) -> None:
        if self.count < 0:
            raise UsageError(
                _("The number of samples is {count}, which is below zero.").format(count=self.count),
                _("Give 0 for samples without end."),
            )
        if not 1 <= self.users <= _MOST_USERS:
            raise UsageError(
                _("Samples of {users} users cannot be made.").format(users=self.users),
                _("Give a number of users from 1 to {most}.").format(most=_MOST_USERS),
            )
