"""One complete event of any type, for documentation and for trying an endpoint."""

from itertools import count
from random import Random

from heap_tui.currents.catalog import EventType
from heap_tui.currents.samples.campaigns import one_occasion, one_sending, workspace
from heap_tui.currents.samples.compose import SampleEvent, compose, recipe
from heap_tui.currents.samples.people import Facts, person


def example(event_type: EventType, *, seed: int, time: int) -> SampleEvent:
    """One HTTP-shaped event with all its fields filled, also those that exclude each other in real life.

    Args:
        event_type: any of the catalogue; one that only storage has is mapped by protocol.md section 3.
        seed: the same seed, type and time give the same event.
        time: unix seconds.
    """
    rng = Random(f"{seed}/example/{event_type.name}")  # noqa: S311 - made-up data, reproducible on purpose
    known = _everything(rng, str(seed)) | {
        "time": time,
        "channel": event_type.channel or "email",
        "complete": True,
    }
    return compose(recipe(event_type, complete=True), rng, known)


def _everything(rng: Random, seed: str) -> Facts:
    """The facts of a campaign and a Canvas, and of a person with a device of every platform."""
    company = workspace(seed)
    everything = company.facts | one_occasion(rng) | one_sending(rng) | company.canvases[0] | company.campaigns[0]
    for platform in ("web", "android", "ios"):
        everything |= _someone_with(platform, seed)
        everything["app_id"] = company.app_ids[platform]
    return everything


def _someone_with(platform: str, seed: str) -> Facts:
    people = (person(seed, index, identified=True) for index in count())
    return next(someone.facts for someone in people if someone.platform == platform)
