"""What a set-up has been told so far, and how that becomes a profile; never the token itself."""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Literal

from heap_tui.config.model import (
    DeliverySettings,
    Destination,
    EventSelection,
    Profile,
    SourceEntry,
    Transform,
)

DEFAULT_KEY = "default"
_KEY_LENGTH = 64  # the longest name of a profile that the configuration takes


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers, one field a question (named by `Question.key`).

    Args:
        destination: where events go; only the webhook can be chosen yet.
        endpoint: the address, empty while it is not known.
        token: where the token is, never what it is; None while nothing was said.
        name: the profile's name for people.
        events: globs of the event types to deliver.
        exclude: globs of the event types to leave out.
        anonymous: deliver also events without an external_user_id.
        remove: fields whose value becomes ``[REDACTED]``.
        hash: fields whose value becomes its SHA-256.
        source: URIs that events are read from.
        insecure_http: not asked; kept from an existing profile, since it decides what endpoints are valid.
    """

    destination: Literal["webhook", "track"] = "webhook"
    endpoint: str = ""
    token: Literal["keyring", "env", "none"] | None = None
    name: str = ""
    events: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    anonymous: bool = True
    remove: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    insecure_http: bool = False


def answers_from(profile: Profile) -> Answers:
    """The answers that would have made `profile`."""
    return Answers(
        destination=profile.destination.kind,
        endpoint=profile.destination.endpoint or "",
        token=profile.destination.token,
        name=profile.name,
        events=profile.events.include,
        exclude=profile.events.exclude,
        anonymous=profile.events.anonymous,
        remove=profile.transform.remove,
        hash=profile.transform.hash,
        source=tuple(entry.uri for entry in profile.sources),
        insecure_http=profile.delivery.insecure_http,
    )


def profile_from(answers: Answers, key: str, base: Profile | None) -> Profile:
    """The profile `key` that `answers` describe; what no question asks for is kept from `base`."""
    destination = Destination(kind=answers.destination) if base is None else base.destination
    return Profile(
        key=key,
        name=answers.name or key,
        destination=replace(
            destination,
            kind=answers.destination,
            endpoint=answers.endpoint or None,
            token=answers.token or "none",
        ),
        events=EventSelection(answers.events, answers.exclude, answers.anonymous),
        transform=Transform(answers.remove, answers.hash),
        sources=tuple(SourceEntry(uri) for uri in answers.source),
        delivery=DeliverySettings() if base is None else base.delivery,
    )


def profile_key(name: str) -> str:
    """A profile's key from its name: ``Heap produção`` is ``heap-producao``; else `DEFAULT_KEY`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_KEY_LENGTH].strip("-") or DEFAULT_KEY
