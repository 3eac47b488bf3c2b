"""The answers as people read them, before and after saving; the token is not among them."""

from collections.abc import Iterator

from heap_tui.i18n import _
from heap_tui.redact import redact_url
from heap_tui.setup.answers import Answers


def summary(answers: Answers, key: str) -> Iterator[tuple[str, str]]:
    """Label and value of each answer, secrets redacted."""
    yield _("Profile"), key if answers.name in ("", key) else f"{key} ({answers.name})"
    yield _("Destination"), answers.destination
    yield _("Endpoint"), redact_url(answers.endpoint)
    yield _("Token"), token_words(answers.token)
    yield _("Event types"), ", ".join(answers.events)
    if answers.exclude:
        yield _("Except"), ", ".join(answers.exclude)
    yield _("Anonymous events"), _("delivered") if answers.anonymous else _("left out")
    if answers.remove:
        yield _("Fields to remove"), ", ".join(answers.remove)
    if answers.hash:
        yield _("Fields to hash"), ", ".join(answers.hash)
    for uri in answers.source:
        yield _("Source"), redact_url(uri)


def token_words(where: str | None) -> str:
    """Where the token is, in words."""
    return {
        "keyring": _("kept in the keyring"),
        "env": _("in the environment (HEAP_TUI_TOKEN or HEAP_TUI_TOKEN_FILE)"),
    }.get(where or "", _("none"))
