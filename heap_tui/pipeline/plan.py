"""What one run is asked to do, and what came of it."""

from dataclasses import dataclass, field
from enum import StrEnum

from heap_tui.config.model import DeliverySettings
from heap_tui.errors import ExitCode
from heap_tui.pipeline.selection import Selection
from heap_tui.sources.uri import SourceUri
from heap_tui.status import Counts


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run is asked to do.

    Args:
        sources: where events come from; none to deliver what is pending.
        destination_key: names the destination in cursors and seen ids.
        selection: which events, and what is done to them.
        delivery: how requests are made.
        follow: keep reading as more comes.
        limit: accepted events after which reading stops, None for all.
        replay: send again what was delivered before.
    """

    sources: tuple[SourceUri, ...]
    destination_key: str
    selection: Selection = field(default_factory=Selection)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    follow: bool = False
    limit: int | None = None
    replay: bool = False


class RunOutcome(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    HALTED = "halted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run.

    Args:
        outcome: how it ended.
        counts: the balance.
        reason: why it was halted or failed, in words.
        remedy: what to do about that.
        unread: a source was not read to its end.
    """

    outcome: RunOutcome
    counts: Counts
    reason: str = ""
    remedy: str = ""
    unread: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the contract (README, "Exit codes"); it speaks of this run only."""
        if self.outcome is RunOutcome.FAILED:
            return ExitCode.STATE
        if self.outcome is RunOutcome.HALTED:
            return ExitCode.HALTED
        if self.outcome is RunOutcome.INTERRUPTED:
            return ExitCode.STOPPED
        return ExitCode.REFUSED if self.counts.dead_lettered or self.counts.rejected else ExitCode.OK
