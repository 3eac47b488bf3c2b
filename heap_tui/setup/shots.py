"""The events of a test-fire: one sample of each chosen type, marked so that people find them in Heap."""

import difflib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from heap_tui.config.model import EventSelection, Transform
from heap_tui.currents.catalog import EventType, catalog
from heap_tui.currents.globs import compile_globs
from heap_tui.currents.samples import example
from heap_tui.currents.transform import Transform as Rules
from heap_tui.errors import UsageError
from heap_tui.i18n import _

# One made-up person for all test events: samples of their own would leave a stranger in Heap for every test, and
# a sample's id might be a real customer's.
TEST_USER = "heap-tui-test"
_SEED = 1
_MARKED = (
    "campaign_name",
    "canvas_name",
    "name",
    "product_id",
    "agent_name",
    "canvas_step_name",
    "device_model",
    "source",
    "activity_id",
    "dispatch_id",
    "first_name",
)
_GLOB_SIGNS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Shot:
    """One event to send.

    Args:
        event_type: its type.
        event_id: its ``id``, a fresh one, so that no endpoint takes it for a duplicate.
        raw: the event as JSON, with the profile's transformation applied.
        marked: the property that holds the marker; empty when the type has none for it.
    """

    event_type: str
    event_id: str
    raw: bytes
    marked: str


def new_marker(now: float) -> str:
    """What to look for in Heap, such as ``heap-tui test 2026-11-23 14:05 UTC #ab12``."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"heap-tui test {moment} #{secrets.token_hex(2)}"


def choose_types(wanted: Sequence[str], selection: EventSelection) -> tuple[EventType, ...]:
    """The types to fire, in the order of the catalogue.

    Args:
        wanted: names or globs; with none, the types of `selection` that Braze's webhook sends.
        selection: the profile's.

    Raises:
        UsageError: a name or glob that no known type has, or nothing is left to send.
    """
    if wanted:
        chosen = {event_type.name for text in wanted for event_type in _matching(text)}
    else:
        selected = compile_globs(selection.include, selection.exclude)
        chosen = {event_type.name for event_type in catalog() if event_type.http and selected(event_type.name)}
    if not chosen:
        raise UsageError(
            _("The profile selects no event type that is known today, so there is nothing to send."),
            _("Name a type, such as: heap-tui test-fire users.messages.email.Click"),
        )
    return tuple(event_type for event_type in catalog() if event_type.name in chosen)


def _matching(text: str) -> Sequence[EventType]:
    """The type of that name, also one that only storage has; or the webhook's types that a glob matches."""
    if (known := catalog().get(text)) is not None:
        return (known,)
    matching = [event_type for event_type in catalog().matching([text]) if event_type.http]
    if matching:
        return matching
    if _GLOB_SIGNS & set(text):
        raise UsageError(
            _("{text} matches no event type that Braze sends.").format(text=text),
            _("heap-tui events list shows all types."),
        )
    holding = [name for name in catalog().names if text.lower() in name.lower()]
    near = holding[:3] or difflib.get_close_matches(text, catalog().names, n=3, cutoff=0.5)
    words = _("Did you mean: {names}?").format(names=", ".join(near)) if near else ""
    raise UsageError(
        _("There is no event type {name} in the catalogue.").format(name=text),
        f"{words} {_('heap-tui events list shows all types.')}".strip(),
    )


def make_shots(event_types: Sequence[EventType], transform: Transform, marker: str, now: float) -> tuple[Shot, ...]:
    """One event of each type, as the profile would send it, at Unix time `now`."""
    rules = Rules(transform.remove, transform.hash)
    changed = {*transform.remove, *transform.hash}
    return tuple(_shot(event_type, rules, changed, marker, int(now)) for event_type in event_types)


def _shot(event_type: EventType, rules: Rules, changed: set[str], marker: str, now: int) -> Shot:
    event = example(event_type, seed=_SEED, time=now)
    event_id = str(uuid4())
    event["id"] = event_id
    user, properties = event.get("user"), event.get("properties")
    if isinstance(user, dict) and "external_user_id" in user:
        user["external_user_id"] = TEST_USER
    marked = ""
    if isinstance(properties, dict):
        # A property that the profile removes or hashes would hide the marker.
        marked = next((name for name in _MARKED if isinstance(properties.get(name), str) and name not in changed), "")
        if marked:
            properties[marked] = marker
    return Shot(event_type.name, event_id, rules.apply(msgspec.json.encode(event)), marked)
