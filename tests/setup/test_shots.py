"""The events of a test-fire."""

import re

import msgspec
import pytest

from heap_tui.config.model import EventSelection, Transform
from heap_tui.currents.catalog import catalog
from heap_tui.currents.validate import violations
from heap_tui.errors import UsageError
from heap_tui.setup.shots import TEST_USER, choose_types, make_shots, new_marker

NOW = 1_795_441_165.7
MARKER = "heap-tui test 2026-11-23 14:05 UTC #ab12"
EVERYTHING = EventSelection()


def names(*wanted: str, include: tuple[str, ...] = ("*",), exclude: tuple[str, ...] = ()) -> list[str]:
    return [event_type.name for event_type in choose_types(wanted, EventSelection(include, exclude))]


def test_by_default_the_profiles_types_that_the_webhook_sends() -> None:
    assert names() == [event_type.name for event_type in catalog() if event_type.http]
    assert names(include=("users.messages.email.*",), exclude=("*.Abort",))[0] == "users.messages.email.Bounce"


def test_names_and_globs_go_together_in_the_order_of_the_catalogue() -> None:
    assert names("users.canvas.Entry", "users.campaigns.*", "users.canvas.E*") == [
        "users.campaigns.Conversion",
        "users.campaigns.EnrollInControl",
        "users.canvas.Entry",
    ]


def test_a_type_that_only_storage_has_can_be_named_but_is_in_no_glob() -> None:
    assert names("users.UserOrphan") == ["users.UserOrphan"]
    with pytest.raises(UsageError, match="matches no event type"):
        names("users.UserO*")


def test_an_unknown_type_is_refused_with_names_like_it() -> None:
    with pytest.raises(UsageError, match=r"email\.Clack") as caught:
        names("users.messages.email.Clack")
    assert "users.messages.email.Click" in caught.value.remedy
    with pytest.raises(UsageError) as caught:
        names("zzz")
    assert "Did you mean" not in caught.value.remedy


def test_a_profile_that_selects_nothing_known_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing to send"):
        names(include=("users.new.*",))


@pytest.mark.parametrize("event_type", catalog(), ids=lambda event_type: event_type.name)
def test_every_type_gives_a_valid_event_that_can_be_found(event_type: object) -> None:
    (shot,) = make_shots([event_type], Transform(), MARKER, NOW)  # type: ignore[list-item]
    event = msgspec.json.decode(shot.raw)
    assert violations(event) == []
    assert event["id"] == shot.event_id
    assert event["time"] == int(NOW)
    assert event.get("user", {}).get("external_user_id", TEST_USER) == TEST_USER
    if shot.marked:
        assert event["properties"][shot.marked] == MARKER
    assert shot.marked or event_type.name not in ("users.messages.email.Click", "users.behaviors.Purchase")  # type: ignore[attr-defined]


def test_ids_are_new_each_time() -> None:
    types = choose_types(("users.messages.email.*",), EVERYTHING)
    ids = {shot.event_id for _time in range(2) for shot in make_shots(types, Transform(), MARKER, NOW)}
    assert len(ids) == 2 * len(types)


def test_the_profiles_transformation_is_applied_and_the_marker_avoids_it() -> None:
    types = choose_types(("users.messages.email.Click",), EVERYTHING)
    (shot,) = make_shots(types, Transform(("email_address", "campaign_name"), ("canvas_name",)), MARKER, NOW)
    properties = msgspec.json.decode(shot.raw)["properties"]
    assert properties["email_address"] == properties["campaign_name"] == "[REDACTED]"
    assert re.fullmatch("[0-9a-f]{64}", properties["canvas_name"])
    assert properties[shot.marked] == MARKER


def test_a_marker_names_its_moment_and_differs_from_others() -> None:
    markers = {new_marker(NOW) for _time in range(20)}
    assert len(markers) > 1
    assert all(re.fullmatch(r"heap-tui test 2026-11-23 13:39 UTC #[0-9a-f]{4}", marker) for marker in markers)
