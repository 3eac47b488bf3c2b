"""``heap-tui --run``: deliver without a screen."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heap_tui import log
from heap_tui.cli.context import App
from heap_tui.cli.run_report import print_result, print_summary, print_trial
from heap_tui.cli.say import tell
from heap_tui.config.model import Config
from heap_tui.config.paths import config_path, state_dir
from heap_tui.config.store import load
from heap_tui.errors import ExitCode, StateError, UsageError
from heap_tui.i18n import _
from heap_tui.pipeline.resolve import Resolved, RunOptions, resolve

if TYPE_CHECKING:
    from heap_tui.sandbox.server import SandboxServer

_SETTINGS = {
    "rate": "rate",
    "batch_size": "batch_size",
    "max_in_flight": "max_in_flight",
    "drain_timeout": "drain_timeout_s",
}


def run(app: App, options: dict[str, Any]) -> int:
    """Carry out ``--run``; returns the exit code.

    Args:
        app: the common options.
        options: the options of ``--run`` by name.
    """
    log.configure("json" if app.log_format == "json" else "human", app.verbose, quiet=app.quiet)
    wanted = _run_options(options)
    if options["sandbox"]:
        if options["endpoint"]:
            raise UsageError(_("--sandbox and --endpoint exclude one another."), _("Leave one of them out."))
        with _sandbox() as (server, directory):
            return _deliver(app, options, _in_sandbox(app, wanted, server.url, directory), server)
    config = _configuration(app)
    resolved = resolve(wanted, config, app.profile, state_dir(app.state_dir, os.environ))
    return _deliver(app, options, resolved, None)


def _configuration(app: App) -> Config:
    """The configuration; its oddities are told."""
    config = load(config_path(app.config_path, os.environ))
    for oddity in config.warnings:
        logging.getLogger("heap_tui").warning(str(oddity))
    return config


def _run_options(options: dict[str, Any]) -> RunOptions:
    settings: dict[str, object] = {key: options[name] for name, key in _SETTINGS.items() if options[name] is not None}
    if "rate" in settings:
        settings["rate"] = _rate(options["rate"])
    if options["insecure_http"]:
        settings["insecure_http"] = True
    return RunOptions(
        sources=options["sources"],
        endpoint=options["endpoint"],
        no_profile=options["no_profile"],
        events=options["events"],
        follow=options["follow"],
        replay=options["replay"],
        limit=options["limit"],
        settings=settings,
    )


def _rate(text: str) -> float:
    try:
        return float(text.strip().removesuffix("/s"))
    except ValueError:
        raise UsageError(
            _("--rate: {text!r} is not a number of events a second.").format(text=text), _("Write --rate 500 or 500/s.")
        ) from None


@contextmanager
def _sandbox() -> "Iterator[tuple[SandboxServer, Path]]":
    """A sandbox and throw-away state, for this run only."""
    from heap_tui.sandbox.options import SandboxOptions
    from heap_tui.sandbox.server import SandboxServer

    with tempfile.TemporaryDirectory(prefix="heap-tui-") as directory, SandboxServer(SandboxOptions()) as server:
        yield server, Path(directory)


def _in_sandbox(app: App, wanted: RunOptions, url: str, directory: Path) -> Resolved:
    """The run against the sandbox: the profile's selection and sources when there is one, its state never."""
    import dataclasses

    wanted = dataclasses.replace(wanted, endpoint=url)
    config = _configuration(app)
    return resolve(wanted, config, app.profile, directory)


def _deliver(app: App, options: dict[str, Any], resolved: Resolved, server: "SandboxServer | None") -> int:
    from heap_tui.cli.run_session import Session

    _warn_unknown_globs(options["events"])
    as_json = options["output"] == "json"
    session = Session(app, resolved, deadline_s=options["deadline"], sandboxed=server is not None)
    try:
        result, elapsed_s = session.trial(as_json=as_json) if options["dry_run"] else session.deliver()
    except StateError as error:
        result, elapsed_s = session.failed(error), 0.0
    if as_json:
        print_summary(result, elapsed_s)
    elif options["dry_run"]:
        print_trial(result)
    else:
        print_result(result, elapsed_s, server.report() if server else None)
    if result.reason and app.log_format == "json":
        logging.getLogger("heap_tui").error(result.reason, extra={"remedy": result.remedy})
    elif result.reason:
        tell(result.reason, result.remedy)
    return ExitCode.OK if options["dry_run"] and result.exit_code == ExitCode.REFUSED else result.exit_code


def _warn_unknown_globs(globs: tuple[str, ...]) -> None:
    """A glob that matches nothing known is only a warning: new types must pass."""
    from heap_tui.currents.catalog import catalog

    for glob in globs:
        if not catalog().matching([glob]):
            logging.getLogger("heap_tui").warning(
                _("--events {glob} matches no event type that is known today.").format(glob=glob)
            )
