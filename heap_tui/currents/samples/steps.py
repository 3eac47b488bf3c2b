"""The grammar of made-up journeys: lines of steps, and who goes along them."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from heap_tui.currents.samples.people import Facts, Person

CONVERSION = "conversion"
"""Stands for the conversion of whatever sent the message, a campaign or a Canvas."""


CONVERSION_OF = {"campaign": "users.campaigns.Conversion", "canvas": "users.canvas.Conversion"}
"""By the sender of the message."""


class Step(NamedTuple):
    """One event that may come next in a journey.

    Args:
        event: its type.
        share: how often it happens when the journey has come this far.
        wait_s: median seconds since the step before.
        then: what follows when it happens, in place of the rest of the line; None goes on.
        gate: the line ends here when it does not happen.
        needs: what must hold, of the facts of the journey, for it to happen.
        given: values of its fields, by name.
    """

    event: str
    share: float = 1.0
    wait_s: float = 0.0
    then: "tuple[Step, ...] | None" = None
    gate: bool = False
    needs: Callable[[Facts], bool] | None = None
    given: Facts = {}  # noqa: RUF012 - a NamedTuple's default, never written to


Sender = Literal["campaign", "canvas", "either", "nothing"]


class Journey(NamedTuple):
    """A kind of journey and who makes it.

    Args:
        weight: how often it comes, against the others that fit the person.
        steps: what happens.
        channel: the channel of its message; None when there is none.
        sender: what sends the message: a campaign, a Canvas, now one and now the other, or nothing.
        anonymous: people without an ``external_user_id`` make it, too.
        platforms: who does not use one of these does not make it; empty for all.
        countries: likewise.
    """

    weight: float
    steps: tuple[Step, ...]
    channel: str | None = None
    sender: Sender = "nothing"
    anonymous: bool = True
    platforms: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()

    def fits(self, person: Person) -> bool:
        """Whether this person makes such a journey."""
        return (
            (self.anonymous or not person.anonymous)
            and (not self.platforms or person.platform in self.platforms)
            and (not self.countries or person.country in self.countries)
        )
