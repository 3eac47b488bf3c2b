"""The catalogue against facts of Currents v10, stated here."""

from collections import Counter

import pytest

from heap_tui.currents.catalog import GROUPS, EventType, Field, catalog


def event_type(name: str) -> EventType:
    found = catalog().get(name)
    assert found is not None
    return found


def field(type_name: str, name: str) -> Field:
    return next(one for one in event_type(type_name).fields if one.name == name)


def test_there_are_97_types_by_group_and_form() -> None:
    counted = Counter((one.group, one.storage, one.http) for one in catalog())
    assert counted == {
        ("message_engagement", True, True): 78,
        ("message_engagement", False, True): 3,
        ("customer_behavior", True, True): 12,
        ("user", True, False): 4,
    }
    assert len(catalog()) == 97


def test_channels_have_their_types() -> None:
    assert Counter(one.channel for one in catalog()) == {
        None: 29,
        "email": 11,
        "sms": 9,
        "whatsapp": 8,
        "rcs": 7,
        "pushnotification": 6,
        "contentcard": 5,
        "line": 5,
        "banner": 4,
        "webhook": 4,
        "inappmessage": 3,
        "newsfeedcard": 3,
        "liveactivity": 2,
        "featureflag": 1,
    }


def test_channels_are_sorted_and_without_none() -> None:
    assert catalog().channels == tuple(sorted(catalog().channels))
    assert len(catalog().channels) == 13


def test_order_is_stable_and_by_name() -> None:
    assert catalog().names == tuple(one.name for one in catalog())
    assert list(catalog().names) == sorted(catalog().names)


def test_an_email_address_is_required_personal_data() -> None:
    assert field("users.messages.email.Click", "email_address") == Field(
        name="email_address", type="string", required=True, pii=True, place="properties", storage=True, http=True
    )


def test_user_fields_stand_in_user_and_the_envelope_on_top() -> None:
    places = {one.name: one.place for one in event_type("users.messages.email.Click").fields}
    assert {name for name, place in places.items() if place == "user"} == {
        "user_id",
        "external_user_id",
        "device_id",
        "timezone",
    }
    assert {name for name, place in places.items() if place == "top"} == {"id", "time"}


@pytest.mark.parametrize("one", catalog(), ids=lambda one: one.name)
def test_every_type_has_an_id_a_time_and_distinct_fields(one: EventType) -> None:
    names = [each.name for each in one.fields]
    assert len(names) == len(set(names))
    required = {each.name: each.type for each in one.fields if each.place == "top" and each.required}
    assert required.keys() == {"id", "time"}
    assert required["time"] in {"int", "long"}


def test_a_custom_event_has_text_in_storage_and_an_object_by_http() -> None:
    text = field("users.behaviors.CustomEvent", "properties")
    nested = field("users.behaviors.CustomEvent", "custom_properties")
    assert (text.type, text.storage, text.http) == ("string", True, False)
    assert (nested.type, nested.storage, nested.http) == ("object", False, True)
    assert field("users.behaviors.Purchase", "purchase_properties").type == "object"


def test_a_field_that_only_http_has_takes_its_type_from_its_namesakes() -> None:
    borrowed = field("users.messages.newsfeedcard.Abort", "abort_log")
    assert (borrowed.type, borrowed.pii, borrowed.storage, borrowed.http) == ("string", True, False, True)
    assert not borrowed.required


def test_storage_may_have_more_fields_than_http() -> None:
    kept = event_type("users.messages.email.Retry").http_fields
    country = field("users.messages.email.Retry", "country")
    assert country.storage
    assert not country.http
    assert country not in kept


def test_a_type_that_only_storage_has_is_mapped_with_all_its_fields() -> None:
    update = event_type("users.profile.Update")
    assert (update.group, update.storage, update.http) == ("user", True, False)
    assert update.http_fields == update.fields
    assert field("users.profile.Update", "timezone").place == "user"
    assert field("users.profile.Update", "archived").type == "boolean"


def test_personal_data_is_marked() -> None:
    assert {one.name for one in event_type("users.behaviors.Location").pii_fields} == {
        "user_id",
        "external_user_id",
        "latitude",
        "longitude",
        "altitude",
        "ad_id",
    }


def test_float_fields_are_those_of_32_bits() -> None:
    assert catalog().float_fields("users.behaviors.Location") == {
        "latitude",
        "longitude",
        "altitude",
        "ll_accuracy",
        "alt_accuracy",
    }
    assert catalog().float_fields("users.behaviors.Purchase") == {"price"}
    assert catalog().float_fields("users.behaviors.app.SessionEnd") == {"duration"}
    assert catalog().float_fields("agentconsole.AgentExecuted") == frozenset()
    assert catalog().float_fields("users.messages.telepathy.Send") == frozenset()


def test_selection_by_glob_group_and_channel() -> None:
    assert len(catalog().matching()) == 97
    assert len(catalog().matching(["users.messages.email.*"])) == 11
    assert len(catalog().matching(group="user")) == 4
    assert {one.name for one in catalog().matching(["*.Click"], channel="rcs")} == {"users.messages.rcs.Click"}
    assert catalog().matching(group="user", channel="email") == ()
    assert catalog().matching([]) == ()


def test_an_unknown_type_is_none() -> None:
    assert catalog().get("users.messages.telepathy.Send") is None
    assert "users.messages.telepathy.Send" not in catalog()
    assert "users.behaviors.Purchase" in catalog()


def test_the_catalogue_is_read_once() -> None:
    assert catalog() is catalog()


def test_descriptions_are_sentences_of_their_own() -> None:
    descriptions = [one.description for one in catalog()]
    assert len(set(descriptions)) == 97
    for description in descriptions:
        assert description[0].isupper()
        assert description.endswith(".")
        assert len(description) <= 74  # beside an indent of six it stands on one line of 80


def test_every_group_has_types() -> None:
    assert {one.group for one in catalog()} == set(GROUPS)
