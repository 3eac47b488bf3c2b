"""One complete example of every event type."""

import json

import pytest

from heap_tui.currents.catalog import EventType, catalog
from heap_tui.currents.samples import example
from heap_tui.currents.validate import violations

TIME = 1_767_225_600


@pytest.mark.parametrize("event_type", catalog(), ids=lambda one: one.name)
def test_an_example_is_complete_and_right(event_type: EventType) -> None:
    event = example(event_type, seed=3, time=TIME)
    assert violations(event) == []
    assert (event["event_type"], event["time"]) == (event_type.name, TIME)
    for field in event_type.http_fields:
        inner = event if field.place == "top" else event[field.place]
        assert isinstance(inner, dict)
        assert inner[field.name] is not None


def test_the_seed_decides() -> None:
    purchase = catalog().get("users.behaviors.Purchase")
    assert purchase is not None
    assert example(purchase, seed=1, time=TIME) == example(purchase, seed=1, time=TIME)
    assert example(purchase, seed=1, time=TIME) != example(purchase, seed=2, time=TIME)


def test_ids_differ_between_types() -> None:
    ids = {example(event_type, seed=1, time=TIME)["id"] for event_type in catalog()}
    assert len(ids) == len(catalog())


def test_an_example_is_plain_json() -> None:
    for event_type in catalog():
        event = example(event_type, seed=1, time=TIME)
        assert json.loads(json.dumps(event)) == event
