"""The event types that Braze is known to send, their fields, and which of these hold personal data.

The data file beside this module is the source of truth. A type or field that it does not name is still
valid: Braze adds both without notice (protocol.md section 1).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from heap_tui.currents.globs import compile_globs

FieldType = Literal["string", "int", "long", "float", "boolean", "array<string>", "object"]
Place = Literal["top", "user", "properties"]
Group = Literal["message_engagement", "customer_behavior", "user"]

GROUPS: tuple[Group, ...] = ("message_engagement", "customer_behavior", "user")

_DATA = Path(__file__).with_name("catalog.json")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event type.

    Args:
        name: as Braze writes it, such as ``email_address``.
        type: ``float`` is 32 bits in storage.
        required: it is always there, in each form that has it.
        pii: it holds personal data.
        place: where it stands in the HTTP form (protocol.md sections 1 and 3).
        storage: files in storage have it.
        http: Braze's Custom HTTP Connector sends it.
    """

    name: str
    type: FieldType
    required: bool
    pii: bool
    place: Place
    storage: bool
    http: bool


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type; `description` is English and is translated where it is shown."""

    name: str
    group: Group
    channel: str | None
    description: str
    storage: bool
    http: bool
    fields: tuple[Field, ...]

    @property
    def http_fields(self) -> tuple[Field, ...]:
        """The fields of the HTTP form; all fields of a type that only storage has (protocol.md section 3)."""
        return tuple(field for field in self.fields if field.http or not self.http)

    @property
    def pii_fields(self) -> tuple[Field, ...]:
        """The fields that hold personal data."""
        return tuple(field for field in self.fields if field.pii)


class Catalog:
    """All known event types, in the order of the data file."""

    def __init__(self, event_types: Sequence[EventType]) -> None:
        self._by_name = {event_type.name: event_type for event_type in event_types}

    def __iter__(self) -> Iterator[EventType]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all types, in order."""
        return tuple(self._by_name)

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that types belong to, sorted."""
        return tuple(sorted({event_type.channel for event_type in self if event_type.channel}))

    def get(self, name: str) -> EventType | None:
        """The type of that name, or None when it is not known."""
        return self._by_name.get(name)

    def matching(
        self, globs: Sequence[str] = ("*",), group: str | None = None, channel: str | None = None
    ) -> tuple[EventType, ...]:
        """The types that match one of the globs, and the group and the channel where these are given."""
        selected = compile_globs(globs)
        return tuple(
            event_type
            for event_type in self
            if selected(event_type.name) and group in (None, event_type.group) and channel in (None, event_type.channel)
        )

    def float_fields(self, name: str) -> frozenset[str]:
        """The float32 fields of a type, which need their shortest decimal (protocol.md section 3)."""
        event_type = self.get(name)
        return (
            frozenset(field.name for field in event_type.fields if field.type == "float") if event_type else frozenset()
        )


class _Record(msgspec.Struct, frozen=True):
    """A type in the data file.

    A field is its type, then any of: required, pii, storage (only there), http (only there).
    """

    name: str
    group: Group
    channel: str | None
    description: str
    storage: bool
    http: bool
    top: dict[str, str]
    user: dict[str, str]
    properties: dict[str, str]


@cache
def _field(name: str, words: str, place: Place, storage: bool, http: bool) -> Field:
    """One field; equal ones are the same object, because the types share most of theirs."""
    kind, *flags = words.split()
    return Field(
        name,
        msgspec.convert(kind, FieldType),
        "required" in flags,
        "pii" in flags,
        place,
        storage and "http" not in flags,
        http and "storage" not in flags,
    )


def _event_type(record: _Record) -> EventType:
    places: tuple[tuple[Place, dict[str, str]], ...] = (
        ("top", record.top),
        ("user", record.user),
        ("properties", record.properties),
    )
    fields = tuple(
        _field(name, words, place, record.storage, record.http)
        for place, named in places
        for name, words in named.items()
    )
    return EventType(record.name, record.group, record.channel, record.description, record.storage, record.http, fields)


@cache
def catalog() -> Catalog:
    """Read the data file, once a process."""
    records = msgspec.json.decode(_DATA.read_bytes(), type=list[_Record])
    return Catalog([_event_type(record) for record in records])
