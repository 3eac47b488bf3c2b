"""``heap-tui sandbox``: a local endpoint that behaves as Heap's webhook, and a view of what arrives."""

import json
import os
import select
import signal
import socket
import time
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from heap_tui.cli.context import App, common_options, pass_app
from heap_tui.i18n import _
from heap_tui.sandbox.options import (
    DEFAULT_HOST,
    DEFAULT_MAX_BYTES,
    DEFAULT_PORT,
    DEFAULT_RETRY_AFTER_S,
    SandboxOptions,
)

if TYPE_CHECKING:
    from rich.console import Console

    from heap_tui.sandbox.server import SandboxReport, SandboxServer

_REPAINT_S = 0.25  # four a second (measured.md): more costs processor time and shows nothing more
_LINE_S = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _StopSignals:
    """Turns the signals that end the program into something to wait for, without a race."""

    def __enter__(self) -> Self:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._write.fileno())
        self._old = {number: signal.signal(number, lambda *_unused: None) for number in _heard()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_fd)
        self._read.close()
        self._write.close()

    def wait(self, timeout_s: float) -> bool:
        """Whether a stop was asked for; waits at most `timeout_s` seconds for it."""
        ready, _writable, _broken = select.select([self._read], [], [], timeout_s)
        return bool(ready) and bool(set(self._read.recv(64)) & set(_SIGNALS))


def _heard() -> list[signal.Signals]:
    """The signals that end the program; under nohup a closed terminal does not."""
    kept = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return [number for number in _SIGNALS if not (kept and number == signal.SIGHUP)]


@click.command("sandbox", help=_("A local endpoint that behaves as Heap's webhook, for trying and for tests."))
@click.option("--host", default=DEFAULT_HOST, show_default=True, help=_("Address to listen on."))
@click.option("--port", type=int, default=DEFAULT_PORT, show_default=True, help=_("Port; 0: a free one."))
@click.option(
    "--token-env",
    metavar="NAME",
    default="HEAP_TUI_TOKEN",
    show_default=True,
    help=_("Variable with the token to ask for; unset: none is asked."),
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("Append every accepted event to this file, one a line."),
)
@click.option("--fail-rate", type=float, default=0.0, metavar="P", help=_("Share (0 to 1) answered 503."))
@click.option("--status", type=int, metavar="CODE", help=_("Answer every request that has events with this status."))
@click.option("--latency-ms", type=int, default=0, metavar="N", help=_("Wait before every answer."))
@click.option(
    "--drop-reply-rate",
    type=float,
    default=0.0,
    metavar="P",
    help=_("Share (0 to 1) of accepted requests that get no answer."),
)
@click.option(
    "--max-bytes",
    type=int,
    default=DEFAULT_MAX_BYTES,
    show_default=True,
    metavar="N",
    help=_("Answer larger bodies 413."),
)
@click.option("--rate-limit", type=float, metavar="N", help=_("Events a second; more are answered 429."))
@click.option(
    "--retry-after",
    "retry_after_s",
    type=int,
    default=DEFAULT_RETRY_AFTER_S,
    show_default=True,
    metavar="SECONDS",
    help=_("The Retry-After that comes with 429 and 503."),
)
@click.option("--seed", type=int, metavar="N", help=_("Repeat the same failures and lost replies."))
@click.option("--output", type=click.Choice(["human", "json"]), default="human", help=_("Form of the report."))
@common_options
@pass_app
def sandbox(app: App, /, token_env: str, output: str, **switches: Any) -> None:
    """Serve until a signal comes, show what arrives, and report."""
    from heap_tui.redact import register_secret
    from heap_tui.sandbox.server import SandboxServer

    token = os.environ.get(token_env) or None
    register_secret(token or "")
    options = SandboxOptions(token=token, **switches)
    with _StopSignals() as stop:
        with SandboxServer(options) as server:
            click.echo(server.url)
            _introduce(app, options, token_env)
            painted = _show(app, server, stop)
        _summarise(app, server.report(), painted=painted)
        if output == "json":
            click.echo(json.dumps(server.report().as_dict()))


def _introduce(app: App, options: SandboxOptions, token_env: str) -> None:
    if not _is_loopback(options.host):
        click.echo(
            _("warning: {host} is not loopback: plain HTTP, and anybody who reaches it can post.").format(
                host=options.host
            ),
            err=True,
        )
    if app.quiet:
        return
    asked = _("The token in {name} is asked for.") if options.token else _("{name} is not set: no token is asked.")
    click.echo(asked.format(name=token_env), err=True)
    if options.record:
        click.echo(_("Accepted events are appended to {path}.").format(path=options.record), err=True)
    click.echo(_("Ctrl+C stops the sandbox."), err=True)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _show(app: App, server: "SandboxServer", stop: _StopSignals) -> bool:
    """Keep the terminal or the log up to date until a signal comes; whether the table was painted."""
    if app.quiet:
        while not stop.wait(3600):
            continue
        return False
    from rich.console import Console

    console = Console(stderr=True, no_color=True if app.no_color else None)
    if console.is_terminal and not console.is_dumb_terminal and app.log_format == "human":
        _paint(console, server, stop)
        return True
    _log(app, server, stop)
    return False


def _paint(console: "Console", server: "SandboxServer", stop: _StopSignals) -> None:
    from rich.live import Live

    from heap_tui.cli.sandbox_view import picture

    painted: object = None
    with Live(console=console, auto_refresh=False) as live:
        running = True
        while running:
            running = not stop.wait(_REPAINT_S if painted else 0)
            seen = (server.report(), console.size)
            if seen != painted:
                live.update(picture(seen[0], console.size.height), refresh=True)
                painted = seen


def _log(app: App, server: "SandboxServer", stop: _StopSignals) -> None:
    from heap_tui.cli.sandbox_view import line

    # Nothing was shown yet, whatever arrived since the server came up.
    events, requests, then = 0, 0, time.monotonic()
    while not stop.wait(_LINE_S):
        report, now = server.report(), time.monotonic()
        if report.requests != requests:
            rate = (report.events - events) / (now - then)
            click.echo(line(report, app.log_format, rate), err=True)
        events, requests, then = report.events, report.requests, now


def _summarise(app: App, report: "SandboxReport", *, painted: bool) -> None:
    from heap_tui.cli.sandbox_view import line, warning_lines

    if not app.quiet:
        click.echo(line(report, app.log_format), err=True)
    if not painted and app.log_format == "human":  # the table and the JSON line have them
        for text in warning_lines(report):
            click.echo(text, err=True)
