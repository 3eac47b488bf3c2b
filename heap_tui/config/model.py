"""What can be configured: one frozen class for each table of config.toml, with defaults and rules.

The field names are the keys of the file. A value equal to its default need not stand there; None means
"not set" and never stands there. How a file becomes a `Config` is in validation.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from heap_tui.config.endpoint import Endpoint, parse_endpoint
from heap_tui.config.rules import Flag, Number, OneOf, Proxy, Rule, Text, Texts, Whole
from heap_tui.errors import UsageError
from heap_tui.i18n import _

VERSION = 1
MIB = 1024 * 1024


def _key(rule: Rule, default: Any) -> Any:
    return field(default=default, metadata={"rule": rule})


def _needed(rule: Rule) -> Any:
    return field(metadata={"rule": rule})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where events go: Heap's webhook, or its server-side track API (protocol.md sections 1 and 5).

    `token` says where the webhook's token is; the track API takes none. `region`, `identity`, `prefix` and
    `missing_identity` matter to the track API only; there, `endpoint` replaces the region's address.
    """

    kind: Literal["webhook", "track"] = _needed(OneOf(("webhook", "track")))
    endpoint: str | None = _key(Text(), None)
    token: Literal["keyring", "env", "none"] = _key(OneOf(("keyring", "env", "none"), secret=True), "keyring")
    app_id: str | None = _key(Text(longest=255), None)
    region: Literal["us", "eu"] = _key(OneOf(("us", "eu")), "us")
    identity: Literal["external_user_id", "user_id"] = _key(OneOf(("external_user_id", "user_id")), "external_user_id")
    prefix: str = _key(Text(longest=64, empty=True), "")
    missing_identity: Literal["dead_letter", "skip"] = _key(OneOf(("dead_letter", "skip")), "dead_letter")

    @property
    def key(self) -> str:
        """Names this destination in cursors and seen ids (cli.md): scheme, host, port, path, or app id."""
        if self.kind == "webhook":
            return parse_endpoint(self.endpoint or "", insecure_http=True).key
        address = parse_endpoint(self.endpoint, insecure_http=True).key if self.endpoint else self.region
        return f"track:{self.app_id}@{address}"

    def is_home_of(self, endpoint: Endpoint) -> bool:
        """Whether `endpoint` is on this destination's own host: its stored token must not travel to another one."""
        if not self.endpoint:
            return False
        home = parse_endpoint(self.endpoint, insecure_http=True)
        return (home.scheme, home.host, home.port) == (endpoint.scheme, endpoint.host, endpoint.port)


@dataclass(frozen=True, slots=True)
class EventSelection:
    """Globs over event types; `anonymous`: deliver also events without an external_user_id."""

    include: tuple[str, ...] = _key(Texts(fewest=1), ("*",))
    exclude: tuple[str, ...] = _key(Texts(), ())
    anonymous: bool = _key(Flag(), True)


@dataclass(frozen=True, slots=True)
class Transform:
    """Field names whose text is replaced by ``[REDACTED]`` or by its SHA-256 (protocol.md section 4)."""

    remove: tuple[str, ...] = _key(Texts(), ())
    hash: tuple[str, ...] = _key(Texts(), ())


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One place events are read from; the forms of `uri` are in cli.md."""

    uri: str = _needed(Text())


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """How requests are made: ``_s`` is seconds, `max_batch_bytes` a request's body, `rate` events a second.

    Paths may start with ``~``; whoever opens them expands it.
    """

    batch_size: int = _key(Whole(1, 10_000), 100)
    max_batch_bytes: int = _key(Whole(1_000, 100_000_000), 1_000_000)
    max_batch_age_s: float = _key(Number(0, 3_600), 1.0)
    max_in_flight: int = _key(Whole(1, 256), 16)
    rate: float | None = _key(Number(0.001, 10_000_000), None)
    timeout_s: float = _key(Number(0.1, 600), 30.0)
    connect_timeout_s: float = _key(Number(0.1, 120), 10.0)
    drain_timeout_s: float = _key(Number(0, 3_600), 8.0)
    ca_file: str | None = _key(Text(), None)
    client_cert: str | None = _key(Text(), None)
    client_key: str | None = _key(Text(), None)
    proxy: str | None = _key(Proxy(), None)
    insecure_http: bool = _key(Flag(), False)
    dedup_window_days: float = _key(Number(0, 3_650), 7.0)
    spool_max_bytes: int = _key(Whole(MIB, 1024 * 1024 * MIB), 1024 * MIB)


@dataclass(frozen=True, slots=True)
class Profile:
    """One delivery: from sources to a destination. `key` is its name in the file and on the command line."""

    key: str
    name: str
    destination: Destination
    events: EventSelection = EventSelection()
    transform: Transform = Transform()
    sources: tuple[SourceEntry, ...] = ()
    delivery: DeliverySettings = DeliverySettings()


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, or one oddity, of a configuration file.

    Args:
        line: where it stands, from 1; 0 when it stands nowhere.
        where: the dotted key, such as ``profiles.production.delivery.rate``; empty for the whole file.
        text: what is wrong.
    """

    line: int
    where: str
    text: str

    def __str__(self) -> str:
        """``line 12, profiles.p.delivery.rate: must be ...``."""
        line = _("line {line}").format(line=self.line) if self.line else ""
        place = ", ".join(part for part in (line, self.where) if part)
        return f"{place}: {self.text}" if place else self.text


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration file; `warnings` are oddities that stop nothing, such as unknown keys."""

    version: int = VERSION
    default_profile: str | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = field(default=(), compare=False)

    def profile(self, name: str | None = None) -> Profile:
        """The profile of that name (``--profile``), else the default one, else the only one.

        Raises:
            UsageError: there is none, or it is not clear which; the message lists what there is.
        """
        if not self.profiles:
            raise UsageError(_("There is no profile yet."), _("Run heap-tui setup to make one."))
        there = ", ".join(self.profiles)
        wanted = name or self.default_profile
        if wanted is None and len(self.profiles) > 1:
            raise UsageError(
                _("There are several profiles and none is the default: {names}.").format(names=there),
                _("Name one with --profile, or set default_profile in the configuration."),
            )
        chosen = self.profiles.get(wanted or next(iter(self.profiles)))
        if chosen is None:
            raise UsageError(
                _("There is no profile {name}; there are: {names}.").format(name=wanted, names=there),
                _("Name one of these with --profile, or make it with heap-tui setup --profile {name}.").format(
                    name=wanted
                ),
            )
        return chosen


def rules_of(table: type) -> dict[str, Rule]:
    """Key -> rule of one of the table classes above (`DeliverySettings`, `Destination`, ...)."""
    return {entry.name: entry.metadata["rule"] for entry in fields(table) if "rule" in entry.metadata}


def value_problem(table: type, key: str, value: object) -> str:
    """What is wrong with `value` for `key` of a table class, in words; empty when nothing is."""
    return rules_of(table)[key].problem(value)
