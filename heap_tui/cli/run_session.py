"""One headless run: signals, deadline, state, progress."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from heap_tui import log
from heap_tui.cli.context import App
from heap_tui.cli.progress import Progress, make_progress
from heap_tui.cli.run_log import RunLog
from heap_tui.cli.run_report import print_request
from heap_tui.clock import SystemClock
from heap_tui.config.secrets import resolve_token
from heap_tui.delivery.connect import open_webhook
from heap_tui.delivery.dry_run import DryRun
from heap_tui.delivery.sender import Destination
from heap_tui.errors import ExitCode, StateError
from heap_tui.i18n import _
from heap_tui.pipeline.plan import Result, RunOutcome
from heap_tui.pipeline.resolve import Resolved
from heap_tui.pipeline.run import Run
from heap_tui.redact import register_secret
from heap_tui.spool.store import Store, copy_state
from heap_tui.status import Status

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Session:
    """One headless run.

    Args:
        app: the common options.
        resolved: what to do.
        deadline_s: seconds after which it stops, None without a limit.
        sandboxed: the destination is this run's own sandbox, which asks for no token.
    """

    def __init__(self, app: App, resolved: Resolved, *, deadline_s: float | None, sandboxed: bool) -> None:
        self._app = app
        self._resolved = resolved
        self._deadline_s = deadline_s
        self._sandboxed = sandboxed
        self._status = Status()
        self._asked = False  # to stop

    def failed(self, error: StateError) -> Result:
        """The result when the state could not even be opened."""
        return Result(RunOutcome.FAILED, self._status.counts, error.message, error.remedy)

    def deliver(self) -> tuple[Result, float]:
        """Deliver; returns the result and the seconds it took.

        Raises:
            StateError: the state cannot be opened.
            UsageError: the token or a certificate file cannot be used.
        """
        token = self._token()
        # Events are many and hold no cycles: looking through them for garbage costs a tenth of the time.
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        with Store(self._resolved.directory) as store:
            return asyncio.run(self._run(store, token, None))

    def trial(self, *, as_json: bool) -> tuple[Result, float]:
        """Show what would be sent, on a copy of the state; what would be delivered counts as pending.

        Raises:
            StateError: the state cannot be read.
            UsageError: the token or a certificate file cannot be used.
        """
        token = self._token()
        show = DryRun(self._resolved.endpoint.url, token, lambda *request: print_request(*request, as_json=as_json))
        with tempfile.TemporaryDirectory(prefix="heap-tui-") as directory:
            copy_state(self._resolved.directory, Path(directory))
            with Store(Path(directory)) as store:
                result, elapsed_s = asyncio.run(self._run(store, token, show))
        counts = result.counts
        counts.delivered = counts.requests = counts.bytes_sent = counts.retries = 0
        return result, elapsed_s

    def _token(self) -> str | None:
        if self._sandboxed:
            return None
        profile = self._resolved.profile
        if profile is not None and not profile.destination.is_home_of(self._resolved.endpoint):
            if profile.destination.token == "keyring":  # noqa: S105 - a place, not a token
                words = _("The stored token is for another host and is not sent; HEAP_TUI_TOKEN would be.")
                logging.getLogger("heap_tui").warning(words)
            profile = None
        token = resolve_token(profile, os.environ)
        register_secret(token.value if token else "")
        return token.value if token else None

    async def _run(self, store: Store, token: str | None, destination: Destination | None) -> tuple[Result, float]:
        plan, endpoint = self._resolved.plan, self._resolved.endpoint
        async with AsyncExitStack() as stack:
            if destination is None:
                destination = await stack.enter_async_context(open_webhook(endpoint, token, plan.delivery, os.environ))
            run = Run(plan, store, destination, self._status, SystemClock())
            stack.enter_context(self._stopping(run))
            progress = stack.enter_context(self._watched())
            self._status.listen(RunLog(self._status).tell)
            started = time.monotonic()
            ticking = asyncio.create_task(progress.tick())
            result = await run.execute()
            ticking.cancel()
            return result, time.monotonic() - started

    @contextlib.contextmanager
    def _watched(self) -> Iterator[Progress]:
        """Progress on standard error, in the form that suits it; log lines do not tear it."""
        with make_progress(self._app, self._status, self._resolved.plan) as progress:
            log.configure(
                "json" if self._app.log_format == "json" else "human", self._app.verbose, quiet=self._app.quiet
            )
            self._progress = progress
            yield progress

    @contextlib.contextmanager
    def _stopping(self, run: Run) -> Iterator[None]:
        """The first signal or the deadline drains, a second signal leaves at once."""
        loop = asyncio.get_running_loop()

        def asked() -> None:
            if self._asked:
                self._progress.close()
                os._exit(ExitCode.STOPPED)
            self._asked = True
            run.stop()
            with contextlib.suppress(OSError, ValueError):  # nobody may be reading any more
                sys.stderr.write(_("Stopping: awaiting what is under way; once more to leave at once.") + "\n")

        numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
        for number in numbers:
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, asked)
        timer = loop.call_later(self._deadline_s, run.stop) if self._deadline_s else None
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()
            for number in numbers:
                loop.remove_signal_handler(number)
