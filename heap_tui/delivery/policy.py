"""What an outcome means, by the table of protocol.md section 1 (pure)."""

from enum import StrEnum

from heap_tui.delivery.answers import Answer, Failure, FailureKind, Outcome
from heap_tui.i18n import _


class Verdict(StrEnum):
    """What becomes of the batch."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # 400 and 422: find the culprit by bisecting
    TOO_LARGE = "too_large"  # 413: halve until it fits
    RETRY = "retry"
    HALT = "halt"


def classify(outcome: Outcome) -> Verdict:
    """The row of the table that `outcome` falls under."""
    if isinstance(outcome, Failure):
        return Verdict.HALT if outcome.kind is FailureKind.CERTIFICATE else Verdict.RETRY
    status = outcome.status
    if 200 <= status < 300:
        return Verdict.ACCEPTED
    if status in (400, 422):
        return Verdict.REFUSED
    if status == 413:
        return Verdict.TOO_LARGE
    if status in (401, 403, 404) or 300 <= status < 400:
        return Verdict.HALT
    return Verdict.RETRY


def describe(outcome: Outcome) -> str:
    """`outcome` in a few words, without what to do."""
    if isinstance(outcome, Answer):
        return _("the endpoint answered {status}").format(status=outcome.status)
    words = {
        FailureKind.DNS: _("the host name cannot be resolved"),
        FailureKind.CONNECT: _("no connection"),
        FailureKind.TIMEOUT: _("no answer in time"),
        FailureKind.RESET: _("the connection was closed without an answer"),
        FailureKind.TLS: _("the TLS handshake failed"),
        FailureKind.CERTIFICATE: _("the endpoint's certificate cannot be verified"),
        FailureKind.PROXY: _("the proxy refused or cannot be reached"),
    }[outcome.kind]
    return f"{words} ({outcome.detail})" if outcome.detail else words


def remedy(outcome: Outcome) -> str:
    """What a person can do about `outcome`; empty for an accepted batch."""
    if isinstance(outcome, Failure):
        return _failure_remedy(outcome.kind)
    status = outcome.status
    if 300 <= status < 400:
        return _(
            "A redirect is not followed, because the token must not travel to another host. "
            "Set the endpoint to the final address{location}."
        ).format(location=f" ({outcome.location})" if outcome.location else "")
    return {
        400: _("Look at the refused events with: heap-tui spool dead"),
        401: _("The token is missing, wrong or expired: correct HEAP_TUI_TOKEN, or store it with heap-tui setup."),
        403: _("The token is known but not allowed: ask the Heap account manager, or store another one."),
        404: _("The address is wrong: compare the endpoint with the one the Heap account manager sent."),
        413: _("The endpoint takes smaller requests only."),
        422: _("Look at the refused events with: heap-tui spool dead"),
        429: _("The endpoint asks to go slower; delivery waits and goes on by itself."),
    }.get(status, "" if 200 <= status < 300 else _("The endpoint is in trouble; delivery retries by itself."))


def _failure_remedy(kind: FailureKind) -> str:
    return {
        FailureKind.DNS: _("Check the spelling of the host, the network and the DNS server."),
        FailureKind.CONNECT: _("Check the network, the port and the firewall; delivery retries by itself."),
        FailureKind.TIMEOUT: _("Check the network; raise timeout_s in the profile if the endpoint is slow."),
        FailureKind.RESET: _("If it persists, the endpoint may ask for a client certificate (client_cert)."),
        FailureKind.TLS: _("Check client_cert, ca_file and proxies; delivery retries by itself."),
        FailureKind.CERTIFICATE: _("If a company proxy or private authority signed it, name its file as ca_file."),
        FailureKind.PROXY: _("Check proxy in the profile, or HTTPS_PROXY and NO_PROXY in the environment."),
    }[kind]
