"""What one answer says: about endpoint and token, and for the exit code."""

from heap_tui.delivery.answers import Answer, Failure, Outcome
from heap_tui.delivery.policy import Verdict, classify, describe, remedy
from heap_tui.errors import ExitCode
from heap_tui.i18n import _
from heap_tui.setup.findings import Finding, State

_ANSWER_SHOWN = 200  # characters of the answer's body


def probe_finding(outcome: Outcome, *, has_token: bool) -> Finding:
    """The finding for the answer to an empty batch; only a 2xx passes (protocol.md section 1)."""
    title = _("Credentials")
    if isinstance(outcome, Answer) and classify(outcome) is Verdict.ACCEPTED:
        elapsed_ms = round(outcome.elapsed_s * 1000)
        words = (
            _("an empty batch with the token was accepted ({status}) in {n} ms")
            if has_token
            else _("an empty batch without a token was accepted ({status}) in {n} ms")
        ).format(status=outcome.status, n=elapsed_ms)
        if outcome.refused:
            return Finding("credentials", title, State.WARNING, f"{words}: {outcome.refused[:_ANSWER_SHOWN]}")
        return Finding("credentials", title, State.OK, words)
    said = outcome.body.strip()[:_ANSWER_SHOWN] if isinstance(outcome, Answer) else ""
    detail = f"{describe(outcome)}: {said}" if said else describe(outcome)
    return Finding("credentials", title, State.FAILED, detail, _what_to_do(outcome, has_token=has_token))


def _what_to_do(outcome: Outcome, *, has_token: bool) -> str:
    if not isinstance(outcome, Answer):
        return remedy(outcome)
    if outcome.status == 401 and not has_token:
        return _("The endpoint asks for a token: give it with --token-stdin, or set HEAP_TUI_TOKEN.")
    if outcome.status == 429:
        return _("The endpoint asks to go slower; try again in a while.")
    if outcome.status >= 500:
        return _("The endpoint is in trouble; try again later.")
    if outcome.status in (400, 405, 413, 415, 422):
        return _("This address does not take Braze's batches: compare the endpoint with the one from Heap.")
    return remedy(outcome)


def exit_code_of(outcome: Outcome) -> ExitCode:
    """The exit code of one request (cli.md, ``test-fire``): accepted, refused, halted, or no answer."""
    verdict = classify(outcome)
    if verdict is Verdict.ACCEPTED:
        return ExitCode.OK
    if verdict is Verdict.HALT:
        return ExitCode.HALTED
    return ExitCode.STOPPED if isinstance(outcome, Failure) else ExitCode.REFUSED
