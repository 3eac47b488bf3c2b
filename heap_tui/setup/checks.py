"""The preflight: can events get to the endpoint? URL, name, connection, certificate, credentials, in this order.

Nothing is created in Heap: the last check sends an empty batch (protocol.md section 1). Each check has a time
limit, all can be cancelled, and none is tried after one that failed.
"""

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from heap_tui.config.endpoint import Endpoint, parse_endpoint
from heap_tui.config.model import DeliverySettings
from heap_tui.delivery.answers import Failure, FailureKind
from heap_tui.delivery.connect import connection_settings, open_webhook
from heap_tui.delivery.http import ConnectionSettings, failure_from
from heap_tui.delivery.policy import describe, remedy
from heap_tui.errors import ExitCode, UsageError
from heap_tui.i18n import _
from heap_tui.redact import redact_url
from heap_tui.setup.findings import Finding, State
from heap_tui.setup.probe import exit_code_of, probe_finding
from heap_tui.setup.resolve import Lookup, look_up, resolve

DNS_TIMEOUT_S = 5.0
EXPIRES_SOON_DAYS = 14


@dataclass(frozen=True, slots=True)
class Target:
    """What is checked.

    Args:
        endpoint: the address as it was written.
        token: bearer token or None.
        settings: the profile's delivery table.
        environ: for the certificate authorities.
        lookup: how names are resolved.
        credentials: send the empty batch; False where the token is not known.
    """

    endpoint: str
    token: str | None = field(repr=False)
    settings: DeliverySettings
    environ: Mapping[str, str]
    lookup: Lookup = look_up
    credentials: bool = True


@dataclass(frozen=True, slots=True)
class Preflight:
    """The findings, in order, and the exit code that they stand for."""

    findings: tuple[Finding, ...]
    exit_code: ExitCode


@dataclass(slots=True)
class _Route:
    """What the checks learn on the way: the endpoint, how to connect, and what is connected to first."""

    target: Target
    endpoint: Endpoint = field(init=False)
    connection: ConnectionSettings = field(init=False)
    host: str = ""
    port: int = 0
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Result:
    """How one check ended: words and, when it failed, the exit code."""

    detail: str
    state: State = State.OK
    remedy: str = ""
    exit_code: ExitCode = ExitCode.OK


async def preflight(target: Target, tell: Callable[[Finding], None]) -> Preflight:
    """Check `target`; `tell` gets each finding as soon as it is there."""
    findings: list[Finding] = []
    exit_code = ExitCode.OK
    async for finding, code in stages(target):
        findings.append(finding)
        tell(finding)
        exit_code = exit_code or code
    return Preflight(tuple(findings), exit_code)


async def stages(target: Target) -> AsyncIterator[tuple[Finding, ExitCode]]:
    """Each finding with the exit code that it stands for; after a failed check the others are skipped."""
    route = _Route(target)
    failed = False
    for name, title, check in _checks():
        if failed:
            result = _Result(_("not tried, because the check before it failed"), State.SKIPPED)
        else:
            result = await check(route)
        failed = failed or result.state is State.FAILED
        yield Finding(name, title, result.state, result.detail, result.remedy), result.exit_code


def _checks() -> tuple[tuple[str, str, Callable[[_Route], Awaitable[_Result]]], ...]:
    return (
        ("endpoint", _("Endpoint"), _check_endpoint),
        ("dns", _("Host name"), _check_dns),
        ("tcp", _("Connection"), _check_tcp),
        ("tls", _("Certificate"), _check_tls),
        ("credentials", _("Credentials"), _check_credentials),
    )


async def _check_endpoint(route: _Route) -> _Result:
    """The form of the address, and that certificate files and proxy can be used."""
    target = route.target
    try:
        route.endpoint = parse_endpoint(target.endpoint, insecure_http=target.settings.insecure_http)
        route.connection = connection_settings(route.endpoint, target.settings, target.environ)
    except UsageError as error:
        return _Result(error.message, State.FAILED, error.remedy, ExitCode.USAGE)
    route.host, route.port = route.endpoint.host, route.endpoint.port
    shown = redact_url(route.endpoint.url)
    if (proxy := route.connection.proxy) is None:
        return _Result(shown)
    parts = urlsplit(proxy)
    route.host = parts.hostname or ""
    route.port = parts.port or {"https": 443}.get(parts.scheme, 80)
    return _Result(_("{url}, by the proxy {proxy}").format(url=shown, proxy=redact_url(proxy)))


async def _check_dns(route: _Route) -> _Result:
    try:
        route.addresses = await resolve(route.host, route.port, DNS_TIMEOUT_S, route.target.lookup)
    except TimeoutError:
        return _no_answer(Failure(FailureKind.DNS, _("no answer within {n:g} s").format(n=DNS_TIMEOUT_S)))
    except OSError as error:
        return _no_answer(Failure(FailureKind.DNS, f"{route.host}: {error.strerror or error}"))
    found = ", ".join(route.addresses[:4])
    return _Result(found if found == route.host else f"{route.host}: {found}")


async def _check_tcp(route: _Route) -> _Result:
    started = time.monotonic()
    try:
        _writer_closed(await _connect(route, None))
    except TimeoutError as error:
        return _no_answer(failure_from(error, time.monotonic() - started))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return _no_answer(Failure(FailureKind.CONNECT, f"{route.host}, {route.port}: {reason}"))
    elapsed_ms = round((time.monotonic() - started) * 1000)
    return _Result(_("{host}, port {port}, in {n} ms").format(host=route.host, port=route.port, n=elapsed_ms))


async def _check_tls(route: _Route) -> _Result:
    if route.endpoint.scheme == "http":
        words = _("not encrypted; this machine only") if route.endpoint.is_loopback else _("not encrypted")
        state = State.SKIPPED if route.endpoint.is_loopback else State.WARNING
        return _Result(words, state)
    if route.connection.proxy is not None:
        return _Result(_("checked with the credentials, through the proxy"), State.SKIPPED)
    try:
        writer = await _connect(route, route.connection.tls)
    except (OSError, TimeoutError) as error:
        return _no_answer(failure_from(error, 0.0))
    session = writer.get_extra_info("ssl_object")
    certificate, version = session.getpeercert() or {}, session.version()
    _writer_closed(writer)
    return _certificate(certificate.get("notAfter"), version, time.time())


def _certificate(not_after: object, version: str, now: float) -> _Result:
    """The words for a verified certificate; one that ends soon is a warning."""
    if not isinstance(not_after, str):
        return _Result(_("verified, {version}").format(version=version))
    ends = ssl.cert_time_to_seconds(not_after)
    days = int((ends - now) // 86_400)
    day = datetime.fromtimestamp(ends, UTC).date().isoformat()
    words = _("verified, {version}, valid until {day}").format(version=version, day=day)
    if days >= EXPIRES_SOON_DAYS:
        return _Result(words)
    advice = _("It ends in {days} days; whoever runs the endpoint has to renew it.").format(days=days)
    return _Result(words, State.WARNING, advice)


async def _check_credentials(route: _Route) -> _Result:
    target = route.target
    if not target.credentials:
        return _Result(_("not tried, because the token is not known"), State.SKIPPED)
    async with open_webhook(route.endpoint, target.token, target.settings, target.environ) as webhook:
        outcome = await webhook.probe()
    finding = probe_finding(outcome, has_token=bool(target.token))
    code = exit_code_of(outcome) if finding.state is State.FAILED else ExitCode.OK
    return _Result(finding.detail, finding.state, finding.remedy, code)


async def _connect(route: _Route, tls: ssl.SSLContext | None) -> asyncio.StreamWriter:
    """Connect to the first address that answers; with `tls` also shake hands in the endpoint's name."""
    name = route.endpoint.host if tls else None
    failure: OSError = ConnectionError()
    async with asyncio.timeout(route.connection.connect_timeout_s):
        for address in route.addresses:
            try:
                _reader, writer = await asyncio.open_connection(address, route.port, ssl=tls, server_hostname=name)
            except ssl.SSLError:
                raise  # it did answer
            except OSError as error:
                failure = error
            else:
                return writer
    raise failure


def _writer_closed(writer: asyncio.StreamWriter) -> None:
    # Nothing was sent, so nothing needs to be waited for.
    with suppress(OSError):
        writer.transport.abort()


def _no_answer(failure: Failure) -> _Result:
    return _Result(describe(failure), State.FAILED, remedy(failure), exit_code_of(failure))
