"""The doctor: everything a delivery needs, checked one after the other, with what to do about each fault.

What it finds can be shared: no secrets, no tokens, the home directory written as ``~``.
"""

import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from heap_tui.config.endpoint import parse_endpoint
from heap_tui.config.model import DeliverySettings, Profile
from heap_tui.config.paths import profile_dir
from heap_tui.delivery.connect import connection_settings, open_webhook
from heap_tui.delivery.http import failure_from
from heap_tui.delivery.policy import describe
from heap_tui.i18n import _
from heap_tui.setup.checks import Target, stages
from heap_tui.setup.doctor_machine import machine_findings, proxy_finding
from heap_tui.setup.doctor_profile import configuration_findings, source_finding, token_findings
from heap_tui.setup.doctor_state import state_findings
from heap_tui.setup.findings import Finding, State
from heap_tui.setup.remote_clock import clock_skew_s

MAX_SKEW_S = 60.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the doctor looks.

    Args:
        config_path: the configuration file.
        state_dir: the state directory of all profiles.
        profile: the name of the profile, None for the default one.
        environ: the environment variables.
        home: written as ``~`` in what is found.
    """

    config_path: Path
    state_dir: Path
    profile: str | None
    environ: Mapping[str, str] = field(repr=False)
    home: str = ""


async def diagnose(where: Surroundings) -> AsyncIterator[Finding]:
    """Check everything; each finding comes as soon as it is there."""
    async for finding in _all_findings(where):
        yield replace(
            finding, detail=_anonymous(finding.detail, where.home), remedy=_anonymous(finding.remedy, where.home)
        )


def _anonymous(text: str, home: str) -> str:
    """`text` with the home directory, which tends to hold the user's name, as ``~``."""
    return re.sub(rf"{re.escape(home)}(?![\w.-])", "~", text) if len(home) > 1 else text


async def _all_findings(where: Surroundings) -> AsyncIterator[Finding]:
    profile: Profile | None = None
    for found in configuration_findings(where.config_path, where.profile):
        yield found.finding
        profile = profile or found.profile
    settings = DeliverySettings() if profile is None else profile.delivery
    if profile is not None:
        yield source_finding(profile)
        async for finding in _destination_findings(profile, where.environ):
            yield finding
        directory = profile_dir(where.state_dir, profile.key)
        for finding in state_findings(directory, settings.spool_max_bytes, time.time()):
            yield finding
    for finding in machine_findings(settings.max_in_flight, where.environ):
        yield finding


async def _destination_findings(profile: Profile, environ: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Token, proxy, and the way to the endpoint."""
    if profile.destination.kind == "track":
        words = _("Heap's track API comes with a later version; profile {name} cannot deliver yet")
        yield Finding("endpoint", _("Endpoint"), State.FAILED, words.format(name=profile.key))
        return
    tokens = list(token_findings(profile, environ))
    for found in tokens:
        yield found.finding
    token = next((found.token.value for found in tokens if found.token), None)
    known = tokens[-1].finding.state in (State.OK, State.WARNING)
    yield proxy_finding(environ, profile.delivery.proxy)
    target = Target(profile.destination.endpoint or "", token, profile.delivery, environ, credentials=known)
    async for finding, _code in stages(target):
        last = finding
        yield finding
    if last.state is not State.SKIPPED:
        yield await _latency_finding(target)
        yield await _clock_finding(target)


async def _latency_finding(target: Target) -> Finding:
    """How long a request takes on an open connection."""
    endpoint = parse_endpoint(target.endpoint, insecure_http=target.settings.insecure_http)
    async with open_webhook(endpoint, target.token, target.settings, target.environ) as webhook:
        await webhook.probe()
        outcome = await webhook.probe()
    words = _("{n:.0f} ms for an empty batch on an open connection").format(n=outcome.elapsed_s * 1000)
    return Finding("latency", _("Latency"), State.OK, words)


async def _clock_finding(target: Target) -> Finding:
    endpoint = parse_endpoint(target.endpoint, insecure_http=target.settings.insecure_http)
    connection = connection_settings(endpoint, target.settings, target.environ)
    try:
        skew_s = await clock_skew_s(endpoint, connection)
    except httpx.HTTPError as error:
        return Finding("clock", _("Clock"), State.SKIPPED, describe(failure_from(error, 0.0)))
    return clock_finding(skew_s)


def clock_finding(skew_s: float | None) -> Finding:
    """Whether this clock is right, as far as the endpoint's is; `skew_s` is seconds ahead, None when not known."""
    title = _("Clock")
    if skew_s is None:
        return Finding("clock", title, State.SKIPPED, _("the endpoint does not tell its time"))
    if abs(skew_s) <= MAX_SKEW_S:
        return Finding("clock", title, State.OK, _("within {n:.0f} s of the endpoint's").format(n=max(1, abs(skew_s))))
    words = _("{n:.0f} s ahead of the endpoint's") if skew_s > 0 else _("{n:.0f} s behind the endpoint's")
    advice = _("Set the clock, or switch time synchronisation on (timedatectl set-ntp true).")
    return Finding("clock", title, State.WARNING, words.format(n=abs(skew_s)), advice)
