"""Progress on standard error: a bar with rate and time left on a terminal, plain lines otherwise."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from heap_tui.cli.context import App
from heap_tui.i18n import _
from heap_tui.pipeline.plan import Plan
from heap_tui.sources.uri import FilesUri, SampleUri
from heap_tui.status import State, Status

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_REPAINT_S = 0.25
_LINE_S = 10.0


class Progress(Protocol):
    """Shows how far a run is."""

    async def tick(self) -> None:
        """Keep showing until cancelled."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class _Silent:
    async def tick(self) -> None:
        pass

    def close(self) -> None:
        pass


def state_word(state: State) -> str:
    """What a run is doing, in the reader's language."""
    return {
        State.STARTING: _("starting"),
        State.RUNNING: _("running"),
        State.RETRYING: _("retrying"),
        State.HALTED: _("halted"),
        State.DRAINING: _("draining"),
        State.STOPPED: _("stopped"),
    }[state]


def share_done(status: Status, plan: Plan) -> tuple[float, float | None]:
    """How much is done of how much, in whatever unit is known; the total is None when it is not."""
    counts = status.counts
    if plan.limit is not None:
        return counts.delivered, plan.limit
    if plan.follow or not plan.sources:
        return counts.delivered, None
    if all(isinstance(source, FilesUri) for source in plan.sources):
        return status.bytes_read, status.bytes_total or None
    if all(isinstance(source, SampleUri) and source.count for source in plan.sources):
        return counts.delivered, sum(s.count for s in plan.sources if isinstance(s, SampleUri))
    return counts.delivered, None


class _Lines:
    """A line every few seconds."""

    def __init__(self, status: Status, plan: Plan) -> None:
        self._status = status
        self._plan = plan

    async def tick(self) -> None:
        started = time.monotonic()
        while True:
            await asyncio.sleep(_LINE_S)
            sys.stderr.write(self._line(time.monotonic() - started) + "\n")
            sys.stderr.flush()

    def _line(self, elapsed_s: float) -> str:
        counts = self._status.counts
        words = _("{state}: {delivered:,} delivered ({rate:,.0f}/s), {in_flight} requests under way").format(
            state=state_word(self._status.state),
            delivered=counts.delivered,
            rate=counts.delivered / elapsed_s,
            in_flight=self._status.in_flight,
        )
        done, total = share_done(self._status, self._plan)
        if total and done:
            left = elapsed_s * (total - done) / done
            words += _(", {percent:.0f}% done, {left:,.0f} s left").format(percent=100 * done / total, left=left)
        return words

    def close(self) -> None:
        pass


class _Bar:
    """A bar that repaints itself in place."""

    def __init__(self, bar: "RichProgress", task: "TaskID", status: Status, plan: Plan) -> None:
        self._bar = bar
        self._task = task
        self._status = status
        self._plan = plan

    async def tick(self) -> None:
        started = time.monotonic()
        while True:
            await asyncio.sleep(_REPAINT_S)
            self.update(time.monotonic() - started)

    def update(self, elapsed_s: float) -> None:
        """Show the state of now."""
        counts = self._status.counts
        done, total = share_done(self._status, self._plan)
        self._bar.update(
            self._task,
            completed=done,
            total=total,
            description=state_word(self._status.state),
            delivered=_("{n:,} delivered").format(n=counts.delivered),
            rate=f"{counts.delivered / max(elapsed_s, 0.001):,.0f}/s",
        )

    def close(self) -> None:
        self._bar.stop()


@contextmanager
def make_progress(app: App, status: Status, plan: Plan) -> Iterator[Progress]:
    """The progress that suits standard error and the options."""
    if app.quiet or app.log_format == "json":
        yield _Silent()
    elif not sys.stderr.isatty():
        yield _Lines(status, plan)
    else:
        yield from _bar(app, status, plan)


def _bar(app: App, status: Status, plan: Plan) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    console = Console(stderr=True, no_color=app.no_color or None)
    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[delivered]}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
    )
    with RichProgress(*columns, console=console, transient=True, auto_refresh=True, refresh_per_second=4) as bar:
        task = bar.add_task(state_word(status.state), total=None, delivered="", rate="")
        yield _Bar(bar, task, status, plan)
