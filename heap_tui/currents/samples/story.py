"""One journey being told: the clock moves on, and events are written down."""

from collections.abc import Mapping
from random import Random

from heap_tui.currents.samples.compose import Recipe, SampleEvent, compose
from heap_tui.currents.samples.people import Facts
from heap_tui.currents.samples.steps import CONVERSION, Step

_SPREAD = 0.6  # of the waits, around their medians


class Story:
    """One person's journey.

    Args:
        rng: where chance comes from.
        recipes: of the types that are wanted; other events happen, but are not written down.
        known: all facts of this journey by field name; its ``time`` is the clock.
    """

    def __init__(self, rng: Random, recipes: Mapping[str, Recipe], known: Facts) -> None:
        self._rng = rng
        self._recipes = recipes
        self._known = known
        self.events: list[tuple[int, SampleEvent]] = []
        self.unsubscribed = False

    @property
    def time(self) -> int:
        """The clock, in unix seconds: when the last event happened."""
        return int(self._known["time"])

    def play(self, steps: tuple[Step, ...]) -> bool:
        """Go along a line of steps; False when it ended before its last one."""
        for step in steps:
            if not self._happens(step):
                if step.gate:
                    return False
                continue
            self._write(step)
            if step.then is not None:
                self.play(step.then)
                return False
        return True

    def _happens(self, step: Step) -> bool:
        if step.needs and not step.needs(self._known):
            return False
        return step.share >= 1 or self._rng.random() < step.share

    def _write(self, step: Step) -> None:
        if step.wait_s:
            self._known["time"] += 1 + int(step.wait_s * self._rng.lognormvariate(0, _SPREAD))
        name = self._known["converts_as"] if step.event == CONVERSION else step.event
        if step.event == CONVERSION:
            self._known["converted"] = True
        if name.endswith(".SessionStart"):
            self._known["session_started"] = self._known["time"]
        if step.given.get("subscription_status") == "unsubscribed":
            self.unsubscribed = True
        plan = self._recipes.get(name)
        if plan is not None:
            self.events.append((self.time, compose(plan, self._rng, self._known, step.given)))
