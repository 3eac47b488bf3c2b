"""Events against the catalogue."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.currents.catalog import catalog
from heap_tui.currents.samples import example
from heap_tui.currents.validate import violations

type_names = st.sampled_from(catalog().names)


def sample(name: str) -> dict[str, Any]:
    event_type = catalog().get(name)
    assert event_type is not None
    return copy.deepcopy(example(event_type, seed=1, time=1_767_225_600))


@pytest.fixture
def click() -> dict[str, Any]:
    return sample("users.messages.email.Click")


def test_a_right_event_has_none(click: dict[str, Any]) -> None:
    assert violations(click) == []


def test_a_missing_field_is_named_with_its_place(click: dict[str, Any]) -> None:
    del click["properties"]["email_address"]
    del click["user"]["user_id"]
    assert violations(click) == ["user.user_id is missing.", "properties.email_address is missing."]


def test_an_optional_field_may_be_absent(click: dict[str, Any]) -> None:
    del click["user"]["external_user_id"]
    assert violations(click) == []


def test_an_unknown_field_of_a_known_type_is_told(click: dict[str, Any]) -> None:
    click["properties"]["shoe_size"] = 42
    click["surprise"] = 1
    assert violations(click) == ["surprise is not a field of this event type."]
    del click["surprise"]
    assert violations(click) == ["properties.shoe_size is not a field of this event type."]


def test_a_field_in_the_wrong_place_is_missing_there_and_unknown_here(click: dict[str, Any]) -> None:
    click["properties"]["user_id"] = click["user"].pop("user_id")
    assert violations(click) == [
        "user.user_id is missing.",
        "properties.user_id is not a field of this event type.",
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("time",), "1767225600"),
        (("time",), True),
        (("time",), 1767225600.5),
        (("id",), 7),
        (("properties", "is_amp"), 1),
        (("properties", "url"), None),
        (("properties", "suspected_bot_click_reason"), "user_agent"),
        (("properties", "suspected_bot_click_reason"), ["user_agent", 1]),
    ],
)
def test_a_value_of_another_type_is_told(click: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    inner = click
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    (told,) = violations(click)
    assert told.startswith(".".join(path) + " is not of type ")


def test_a_whole_number_passes_for_a_float_but_a_truth_value_does_not() -> None:
    purchase = sample("users.behaviors.Purchase")
    purchase["properties"]["price"] = 3
    assert violations(purchase) == []
    purchase["properties"]["price"] = True
    assert violations(purchase) == ["properties.price is not of type float."]


def test_custom_properties_may_hold_anything_but_must_be_an_object() -> None:
    event = sample("users.behaviors.CustomEvent")
    event["properties"]["custom_properties"] = {"anything": [1, {"deep": None}]}
    assert violations(event) == []
    event["properties"]["custom_properties"] = "{}"
    assert violations(event) == ["properties.custom_properties is not of type object."]


def test_a_field_that_only_storage_has_is_allowed(click: dict[str, Any]) -> None:
    retry = sample("users.messages.email.Retry")
    retry["properties"]["country"] = "BR"
    assert violations(retry) == []


def test_an_unknown_type_is_never_wrong() -> None:
    assert violations({"event_type": "users.messages.telepathy.Send", "new": {"deep": 1}}) == []


@pytest.mark.parametrize("event", [{}, {"event_type": ""}, {"event_type": 5}])
def test_an_event_without_a_type_is_wrong(event: dict[str, object]) -> None:
    assert violations(event) == ["The event has no event_type."]


def test_user_and_properties_must_be_objects(click: dict[str, Any]) -> None:
    click["user"] = "somebody"
    click["properties"] = []
    assert violations(click) == ["user is not of type object.", "properties is not of type object."]


def test_an_event_without_user_is_right_when_nothing_of_it_is_required() -> None:
    call = sample("agentconsole.ToolInvocation")
    call.pop("user")
    assert violations(call) == []


@given(type_names, st.data())
def test_taking_any_field_away_is_wrong_just_when_it_is_required(name: str, data: st.DataObject) -> None:
    event_type = catalog().get(name)
    assert event_type is not None
    field = data.draw(st.sampled_from(event_type.http_fields))
    event = sample(name)
    del (event if field.place == "top" else event[field.place])[field.name]
    assert bool(violations(event)) is field.required
