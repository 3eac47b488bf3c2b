"""Test-fire: check the credentials with an empty batch, then one request for each event; nothing is sent twice."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heap_tui.delivery.answers import Answer, Failure, Outcome
from heap_tui.delivery.policy import describe, remedy
from heap_tui.delivery.webhook import Webhook, shown_headers, webhook_body, webhook_headers
from heap_tui.errors import ExitCode
from heap_tui.i18n import _
from heap_tui.redact import redact_url
from heap_tui.setup.findings import Finding, State
from heap_tui.setup.probe import exit_code_of, probe_finding
from heap_tui.setup.shots import Shot

# A network that is gone stays gone: the rest would only wait for its time limits.
MAX_UNANSWERED = 3

_OUTCOMES = {
    ExitCode.OK: "accepted",
    ExitCode.REFUSED: "refused",
    ExitCode.HALTED: "halted",
    ExitCode.STOPPED: "no_answer",
}


@dataclass(frozen=True, slots=True)
class Fired:
    """One event and what came back."""

    shot: Shot
    outcome: Outcome

    @property
    def exit_code(self) -> ExitCode:
        """What it stands for; an event that a 2xx answer's body calls refused is refused (protocol.md section 1)."""
        if isinstance(self.outcome, Answer) and self.outcome.refused:
            return ExitCode.REFUSED
        return exit_code_of(self.outcome)

    @property
    def answer(self) -> str:
        """What the endpoint said, or why it said nothing; one line, secrets redacted."""
        if isinstance(self.outcome, Failure):
            return describe(self.outcome)
        return " ".join(self.outcome.body.split())

    @property
    def remedy(self) -> str:
        """What to do about it; empty for an accepted event."""
        if self.exit_code is ExitCode.OK:
            return ""
        if isinstance(self.outcome, Answer) and self.exit_code is ExitCode.REFUSED:
            return _refused_remedy(self.outcome)
        return remedy(self.outcome)

    def as_dict(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        answered = isinstance(self.outcome, Answer)
        return {
            "event_type": self.shot.event_type,
            "id": self.shot.event_id,
            "outcome": _OUTCOMES[self.exit_code],
            "status": self.outcome.status if isinstance(self.outcome, Answer) else None,
            "elapsed_ms": round(self.outcome.elapsed_s * 1000, 1),
            "answer": self.answer if answered else "",
            "failure": "" if answered else self.answer,
            "remedy": self.remedy,
            "marked": self.shot.marked,
        }


def _refused_remedy(answer: Answer) -> str:
    """Nothing is retried here, so these words differ from a delivery's."""
    if 200 <= answer.status < 300:
        return _("The answer is a success, but its body reports refused events.")
    if answer.status == 429:
        return _("The endpoint asks to go slower; try again in a while.")
    if answer.status >= 500:
        return _("The endpoint is in trouble; try again later.")
    if answer.status in (400, 422):
        return _("The endpoint does not take this event; compare it with: heap-tui test-fire --dry-run")
    return remedy(answer)


async def probe(webhook: Webhook, *, has_token: bool) -> tuple[Finding, ExitCode]:
    """Check the credentials; the exit code is OK as long as events are worth sending."""
    outcome = await webhook.probe()
    finding = probe_finding(outcome, has_token=has_token)
    code = exit_code_of(outcome)
    if code is ExitCode.REFUSED:
        # Some endpoints may not know empty batches: the events will show what is true.
        return Finding(finding.check, finding.title, State.WARNING, finding.detail, finding.remedy), ExitCode.OK
    return finding, code


async def fire(webhook: Webhook, shots: Sequence[Shot]) -> AsyncIterator[Fired]:
    """Send each event once, one after the other; stops when the endpoint halts or answers no more."""
    unanswered = 0
    for shot in shots:
        fired = Fired(shot, await webhook.send(webhook.body([shot.raw])))
        yield fired
        unanswered = unanswered + 1 if isinstance(fired.outcome, Failure) else 0
        if fired.exit_code is ExitCode.HALTED or unanswered == MAX_UNANSWERED:
            return


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The exit code of a whole test-fire: halted, else no answer, else refused, else all accepted (cli.md)."""
    found = set(codes)
    order = (ExitCode.HALTED, ExitCode.STOPPED, ExitCode.REFUSED)
    return next((code for code in order if code in found), ExitCode.OK)


def outcome_word(code: ExitCode) -> str:
    """The stable name of an exit code for scripts."""
    return _OUTCOMES[code]


def shown_request(url: str, token: str | None, shot: Shot) -> Mapping[str, Any]:
    """The request for `shot` as it may be shown; the body is the exact text that would be sent."""
    return {
        "method": "POST",
        "url": redact_url(url),
        "headers": shown_headers(webhook_headers(token)),
        "body": webhook_body([shot.raw]).decode("utf-8"),
    }
