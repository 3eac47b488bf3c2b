"""From the command line and the configuration to a plan: what wins, and what is missing."""

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from heap_tui.config.endpoint import Endpoint, parse_endpoint
from heap_tui.config.model import Config, DeliverySettings, Profile, value_problem
from heap_tui.config.paths import profile_dir
from heap_tui.currents.transform import Transform
from heap_tui.errors import UsageError
from heap_tui.i18n import _
from heap_tui.pipeline.plan import Plan
from heap_tui.pipeline.selection import Selection
from heap_tui.sources.discovery import check_exists, is_glob
from heap_tui.sources.uri import FilesUri, SourceUri, StdinUri, parse_source


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line says about one run; None and empty leave it to the profile.

    Args:
        sources: source URIs.
        endpoint: address of the webhook.
        no_profile: do without a profile, even if there is one.
        events: globs of event types.
        follow: keep reading as more comes.
        replay: send again what was delivered before.
        limit: accepted events after which reading stops.
        settings: keys of the profile's delivery table that are overridden.
    """

    sources: tuple[str, ...] = ()
    endpoint: str | None = None
    no_profile: bool = False
    events: tuple[str, ...] = ()
    follow: bool = False
    replay: bool = False
    limit: int | None = None
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Everything a run needs but its token.

    Args:
        plan: what to do.
        endpoint: where to.
        profile: the profile it belongs to; None for a run without one.
        directory: the state directory.
    """

    plan: Plan
    endpoint: Endpoint
    profile: Profile | None
    directory: Path


def resolve(options: RunOptions, config: Config, name: str | None, state_dir: Path) -> Resolved:
    """Put options and profile together.

    Args:
        options: the command line.
        config: the configuration; empty when there is none.
        name: the profile asked for; None for the default one, or to do without one.
        state_dir: where all state is.

    Raises:
        UsageError: something is missing, contradictory or malformed.
    """
    profile = _profile(options, config, name)
    settings = _settings(profile.delivery if profile else DeliverySettings(), options.settings)
    endpoint = parse_endpoint(_address(options, profile), insecure_http=settings.insecure_http)
    uris = options.sources or (tuple(entry.uri for entry in profile.sources) if profile else ())
    plan = Plan(
        sources=_sources(uris, follow=options.follow),
        destination_key=endpoint.key,
        selection=_selection(options, profile),
        delivery=settings,
        follow=options.follow,
        limit=options.limit,
        replay=options.replay,
    )
    return Resolved(plan, endpoint, profile, profile_dir(state_dir, profile.key if profile else None))


def _profile(options: RunOptions, config: Config, name: str | None) -> Profile | None:
    """The profile; with an endpoint on the command line a run may do without."""
    if options.no_profile:
        return None
    if name is None and options.endpoint and not (config.default_profile or len(config.profiles) == 1):
        return None
    profile = config.profile(name)
    if profile.destination.kind == "track":
        raise UsageError(
            _("Profile {name} delivers to the track API, which comes with a later version.").format(name=profile.key),
            _('Use a profile with kind = "webhook".'),
        )
    return profile


def _address(options: RunOptions, profile: Profile | None) -> str:
    address = options.endpoint or (profile.destination.endpoint if profile else None)
    if address is None:
        raise UsageError(
            _("There is no endpoint to deliver to."),
            _("Name one with --endpoint, run heap-tui setup, or try --sandbox."),
        )
    return address


def _settings(settings: DeliverySettings, overrides: Mapping[str, object]) -> DeliverySettings:
    for key, value in overrides.items():
        if problem := value_problem(DeliverySettings, key, value):
            raise UsageError(
                _("--{option}: {problem}.").format(
                    option=key.removesuffix("_s").replace("_", "-"), problem=problem.rstrip(".")
                )
            )
    replaced: Mapping[str, Any] = overrides  # the rules above checked the types
    return dataclasses.replace(settings, **replaced)


def _sources(uris: tuple[str, ...], *, follow: bool) -> tuple[SourceUri, ...]:
    sources = tuple(parse_source(uri) for uri in uris)
    if sum(isinstance(source, StdinUri) for source in sources) > 1:
        raise UsageError(_("Standard input (-) can be a source only once."))
    if StdinUri() in sources and sys.stdin is None:
        # Closed at the start; its number may stand for any other file by now.
        raise UsageError(_("Standard input (-) is closed."), _("Give it a pipe or a file, or name another source."))
    for source in sources:
        # A glob may match its first file while it is followed.
        if isinstance(source, FilesUri) and not (follow and is_glob(source.pattern)):
            check_exists(source.pattern)
    return sources


def _selection(options: RunOptions, profile: Profile | None) -> Selection:
    if profile is None:
        return Selection(include=options.events or ("*",))
    events, transform = profile.events, profile.transform
    return Selection(
        include=options.events or events.include,
        exclude=events.exclude,
        anonymous=events.anonymous,
        transform=Transform(transform.remove, transform.hash),
    )
