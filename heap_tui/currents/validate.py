"""Checks an event in the HTTP shape against the catalogue."""

from collections.abc import Callable, Mapping

from heap_tui.currents.catalog import EventType, Field, FieldType, catalog
from heap_tui.i18n import _


def violations(event: Mapping[str, object]) -> list[str]:
    """What an event has that its type does not allow, or lacks: sentences for people, none when it is right.

    A type that the catalogue does not know is never wrong: Braze adds types without notice (protocol.md
    section 1). Fields that only storage has are allowed, since the mapping of flat records keeps them.
    """
    name = event.get("event_type")
    if not isinstance(name, str) or not name:
        return [_("The event has no event_type.")]
    event_type = catalog().get(name)
    if event_type is None:
        return []
    return _envelope_violations(event) or _field_violations(event, event_type)


_TOP = frozenset({"event_type", "id", "time", "user", "properties"})


def _envelope_violations(event: Mapping[str, object]) -> list[str]:
    unknown = [_("{field} is not a field of this event type.").format(field=key) for key in event if key not in _TOP]
    flat = [
        _("{field} is not of type {type}.").format(field=place, type="object")
        for place in ("user", "properties")
        if not isinstance(event.get(place, {}), Mapping)
    ]
    return unknown + flat


def _field_violations(event: Mapping[str, object], event_type: EventType) -> list[str]:
    """What is wrong below the envelope; a field is named by its path."""
    fields = {_path(field): field for field in event_type.fields}
    values = _values_by_path(event)
    expected = [_path(field) for field in event_type.http_fields if field.required]
    missing = [_("{field} is missing.").format(field=path) for path in expected if path not in values]
    unknown = [
        _("{field} is not a field of this event type.").format(field=path) for path in values if path not in fields
    ]
    wrong = [
        _("{field} is not of type {type}.").format(field=path, type=fields[path].type)
        for path, value in values.items()
        if path in fields and not _IS_OF[fields[path].type](value)
    ]
    return missing + unknown + wrong


def _path(field: Field) -> str:
    return field.name if field.place == "top" else f"{field.place}.{field.name}"


def _values_by_path(event: Mapping[str, object]) -> dict[str, object]:
    values = {name: event[name] for name in ("id", "time") if name in event}
    for place in ("user", "properties"):
        inner = event.get(place, {})
        assert isinstance(inner, Mapping)
        values.update({f"{place}.{name}": value for name, value in inner.items()})
    return values


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    """A whole number is a float, too: JSON writes 3.0 as 3."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_string_array(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_IS_OF: dict[FieldType, Callable[[object], bool]] = {
    "string": _is_string,
    "int": _is_integer,
    "long": _is_integer,
    "float": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array<string>": _is_string_array,
    "object": lambda value: isinstance(value, Mapping),
}
