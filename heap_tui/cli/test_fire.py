"""``heap-tui test-fire``: send one sample event of each selected type and print each answer."""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from heap_tui.cli.context import App, common_options, pass_app
from heap_tui.errors import ExitCode, UsageError
from heap_tui.i18n import _, ngettext

if TYPE_CHECKING:
    from heap_tui.config.endpoint import Endpoint
    from heap_tui.config.model import Profile
    from heap_tui.setup.shots import Shot
    from heap_tui.setup.test_fire import Fired

_PIPE_WIDTH = 200  # columns of an answer where nobody looks


@dataclass(frozen=True, slots=True)
class _Aim:
    """Where the events go: the endpoint, its token, and the profile whose rules count (None: defaults)."""

    endpoint: "Endpoint"
    token: str | None = field(repr=False)
    profile: "Profile"


@click.command("test-fire", help=_("Send one sample event of each selected type, once, and print each answer."))
@click.argument("types", metavar="[TYPE]...", nargs=-1)
@click.option("--endpoint", metavar="URL", help=_("Send here instead of to the profile's endpoint."))
@click.option("--sandbox", is_flag=True, help=_("Start a local endpoint for this run; needs no profile."))
@click.option("--dry-run", is_flag=True, help=_("Print the requests, send nothing."))
@click.option("--events", "globs", metavar="GLOB", multiple=True, help=_("The types that match. Repeatable."))
@click.option("--output", type=click.Choice(["human", "json"]), default="human", help=_("Form of the result."))
@common_options
@pass_app
def test_fire(app: App, /, types: tuple[str, ...], globs: tuple[str, ...], output: str, **options: Any) -> None:
    """Choose, aim, fire, and end with the exit code of the contract."""
    from heap_tui.setup.shots import choose_types, make_shots, new_marker

    if options["sandbox"] and (options["endpoint"] or options["dry_run"]):
        other = "--endpoint" if options["endpoint"] else "--dry-run"
        raise UsageError(_("--sandbox and {other} exclude each other.").format(other=other), _("Leave one out."))
    profile = _profile(app, needed=not (options["sandbox"] or options["endpoint"]))
    now = time.time()
    marker = new_marker(now)
    chosen = choose_types(_known(types, globs), profile.events)
    shots = make_shots(chosen, profile.transform, marker, now)
    with _aim(profile, options["endpoint"], sandbox=options["sandbox"]) as aim:
        if options["dry_run"]:
            _show_requests(aim, shots, output)
            return
        report = asyncio.run(_fire(app, aim, shots, output))
    result = {"marker": marker, **report}
    if output == "json":
        click.echo(json.dumps(result, ensure_ascii=False))
    elif not app.quiet:
        _summarise(result, len(shots), sandbox=options["sandbox"])
    raise click.exceptions.Exit(report["exit_code"])


def _known(types: Sequence[str], globs: Sequence[str]) -> tuple[str, ...]:
    """Names and globs; one of ``--events`` that matches nothing known is a warning only (cli.md)."""
    from heap_tui.currents.catalog import catalog
    from heap_tui.setup.hints import unmatched_globs

    for words in unmatched_globs("--events", globs):
        click.echo(_("warning: {words}").format(words=words), err=True)
    known = [glob for glob in globs if any(event_type.http for event_type in catalog().matching([glob]))]
    if globs and not known and not types:
        raise UsageError(_("--events matches no event type that is known today, so there is nothing to send."))
    return (*types, *known)


def _profile(app: App, *, needed: bool) -> "Profile":
    """The profile; where it is not needed and there is none, the defaults."""
    from heap_tui.config.model import Destination, Profile
    from heap_tui.config.paths import config_path
    from heap_tui.config.store import load

    config = load(config_path(app.config_path, os.environ))
    if needed or app.profile or config.profiles:
        return config.profile(app.profile)
    return Profile("default", "default", Destination("webhook", token="none"))  # noqa: S106 - a place


@contextmanager
def _aim(profile: "Profile", endpoint: str | None, *, sandbox: bool) -> Iterator[_Aim]:
    from heap_tui.config.endpoint import parse_endpoint
    from heap_tui.config.secrets import resolve_token

    if sandbox:
        with _sandbox(profile) as aim:
            yield aim
        return
    if profile.destination.kind == "track" and endpoint is None:
        raise UsageError(
            _("Profile {name} delivers to Heap's track API, which comes with a later version.").format(
                name=profile.key
            ),
            _("Name another profile with --profile, or a webhook with --endpoint."),
        )
    address = endpoint or profile.destination.endpoint or ""
    parsed = parse_endpoint(address, insecure_http=profile.delivery.insecure_http)
    at_home = profile.destination.is_home_of(parsed)
    token = resolve_token(profile if at_home else None, os.environ)
    if token is None and not at_home and profile.destination.token == "keyring":  # noqa: S105 - a place, not a token
        click.echo(_("The stored token is for another host and is not sent; HEAP_TUI_TOKEN would be."), err=True)
    yield _Aim(parsed, token.value if token else None, profile)


@contextmanager
def _sandbox(profile: "Profile") -> Iterator[_Aim]:
    """A local endpoint that asks for a token made for this run."""
    import secrets

    from heap_tui.config.endpoint import parse_endpoint
    from heap_tui.sandbox.server import SandboxOptions, SandboxServer

    token = secrets.token_urlsafe(24)
    with SandboxServer(SandboxOptions(token=token)) as server:
        yield _Aim(parse_endpoint(server.url), token, profile)


async def _fire(app: App, aim: _Aim, shots: "Sequence[Shot]", output: str) -> dict[str, Any]:
    """Probe, then fire; the result as plain JSON values."""
    from heap_tui.cli.findings import show_finding
    from heap_tui.delivery.connect import open_webhook
    from heap_tui.redact import redact_url
    from heap_tui.setup.shots import TEST_USER
    from heap_tui.setup.test_fire import fire, outcome_word, probe, worst

    done: list[Fired] = []
    advised: set[str] = set()
    width = max(len(shot.event_type) for shot in shots)
    if not app.quiet:
        click.echo(_("Endpoint: {url}").format(url=redact_url(aim.endpoint.url)), err=True)
    async with open_webhook(aim.endpoint, aim.token, aim.profile.delivery, os.environ) as webhook:
        finding, code = await probe(webhook, has_token=bool(aim.token))
        if not app.quiet or code is not ExitCode.OK:
            show_finding(app, finding, err=True)
        if code is ExitCode.OK:
            async for fired in fire(webhook, shots):
                done.append(fired)
                if output == "human":
                    _show(fired, width, advised)
    code = worst([code, *(fired.exit_code for fired in done)])
    return {
        "outcome": outcome_word(code),
        "exit_code": int(code),
        "endpoint": redact_url(aim.endpoint.url),
        "user": TEST_USER,
        "probe": finding.as_dict(),
        "sent": len(done),
        "accepted": sum(fired.exit_code is ExitCode.OK for fired in done),
        "not_sent": len(shots) - len(done),
        "events": [fired.as_dict() for fired in done],
    }


def _show(fired: "Fired", width: int, advised: set[str]) -> None:
    """One line for an event: type, status, time, answer; below it what to do, unless that was said before."""
    from heap_tui.delivery.answers import Answer

    outcome = fired.outcome
    status = str(outcome.status) if isinstance(outcome, Answer) else "---"
    line = f"{fired.shot.event_type:<{width}}  {status}  {round(outcome.elapsed_s * 1000):>5} ms  "
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else len(line) + _PIPE_WIDTH
    said = fired.answer
    room = max(20, columns - len(line))
    click.echo((line + (said if len(said) <= room else said[: room - 3] + "...")).rstrip())
    if fired.remedy not in {"", *advised}:
        click.echo(f"  {fired.remedy}")
        advised.add(fired.remedy)


def _summarise(result: Mapping[str, Any], count: int, *, sandbox: bool) -> None:
    """How many were accepted, and what to look for in Heap."""
    click.echo(
        ngettext("{accepted} of {count} event accepted.", "{accepted} of {count} events accepted.", count).format(
            accepted=result["accepted"], count=count
        )
    )
    if result["not_sent"]:
        click.echo(
            ngettext("{count} event was not sent.", "{count} events were not sent.", result["not_sent"]).format(
                count=result["not_sent"]
            )
        )
    if sandbox:
        click.echo(_("They went to the sandbox of this run, not to Heap."))
    if sandbox or not result["accepted"]:
        return
    click.echo(_("In Heap, look for the user {user}, and for:").format(user=result["user"]))
    names = dict.fromkeys(event["marked"] for event in result["events"] if event["marked"])
    click.echo(f"  {', '.join(names)} = {result['marker']}" if names else f"  {result['marker']}")


def _show_requests(aim: _Aim, shots: "Sequence[Shot]", output: str) -> None:
    """The requests as they would be sent, the token hidden."""
    from heap_tui.setup.test_fire import shown_request

    requests = [shown_request(aim.endpoint.url, aim.token, shot) for shot in shots]
    if output == "json":
        plain = [{**request, "body": json.loads(request["body"])} for request in requests]
        click.echo(json.dumps({"outcome": "dry_run", "requests": plain}, ensure_ascii=False))
        return
    for request in requests:
        click.echo(f"{request['method']} {request['url']}")
        for name, value in request["headers"].items():
            click.echo(f"{name}: {value}")
        click.echo(f"\n{request['body']}\n")
