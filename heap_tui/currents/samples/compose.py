"""One event of a type, put together from what its journey knows and what is made up for it."""

from dataclasses import dataclass
from random import Random

from heap_tui.currents.catalog import EventType
from heap_tui.currents.samples.bundles import BUNDLES, BundleMaker
from heap_tui.currents.samples.dice import uuid_text
from heap_tui.currents.samples.people import Facts
from heap_tui.currents.samples.values import OCCASIONAL, VALUES, Known, Maker

SampleEvent = dict[str, object]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to fill the fields of one event type, worked out once so that an event takes microseconds.

    Args:
        name: the event type's.
        user: fields of ``user``, taken from what is known.
        known: fields of ``properties``, taken from what is known; absent when it is not.
        bundles: makers of values that belong together.
        made: fields that are made up one by one.
        fields: all fields of ``properties``, to which bundles and given values are held.
    """

    name: str
    user: tuple[str, ...]
    known: tuple[str, ...]
    bundles: tuple[BundleMaker, ...]
    made: tuple[tuple[str, Maker], ...]
    fields: frozenset[str]


def recipe(event_type: EventType, *, complete: bool = False) -> Recipe:
    """The recipe of a type; a complete one also fills the fields that speak of rare cases."""
    properties = [field for field in event_type.http_fields if field.place == "properties"]
    made = tuple(
        (field.name, VALUES.get(f"{field.name}:{field.type}") or VALUES[field.name])
        for field in properties
        if field.name in VALUES and (complete or field.required or field.name not in OCCASIONAL)
    )
    names = frozenset(field.name for field in properties)
    return Recipe(
        event_type.name,
        tuple(field.name for field in event_type.http_fields if field.place == "user"),
        tuple(field.name for field in properties if field.name not in VALUES),
        tuple(maker for key, maker in BUNDLES.items() if key in names),
        made,
        names,
    )


def compose(plan: Recipe, rng: Random, known: Known, given: Facts | None = None) -> SampleEvent:
    """One event in the HTTP shape; its time is the known ``time``, its id is new.

    Args:
        plan: the recipe of its type.
        rng: where everything made up comes from.
        known: what the journey knows, by field name.
        given: values that win over made-up ones; those that the type does not have are left out.
    """
    properties = {name: known[name] for name in plan.known if name in known}
    for name, maker in plan.made:
        properties[name] = maker(rng, known)
    for bundle in plan.bundles:
        properties.update({name: value for name, value in bundle(rng, known).items() if name in plan.fields})
    if given:
        properties.update({name: value for name, value in given.items() if name in plan.fields})
    return {
        "event_type": plan.name,
        "id": uuid_text(rng),
        "time": known["time"],
        "user": {name: known[name] for name in plan.user if name in known},
        "properties": properties,
    }
