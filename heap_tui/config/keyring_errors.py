"""Why the keyring gave nothing: a word for programs, and for people what happened and what to do."""

from heap_tui.errors import UsageError
from heap_tui.i18n import _
from heap_tui.redact import redact


class KeyringError(UsageError):
    """The keyring gave nothing.

    Args:
        reason: a word for programs, such as ``locked``; the functions below list them.
        message: the same for people.
        remedy: what to do.
        backend: the keyring's name; empty when it is not known.
    """

    def __init__(self, reason: str, message: str, remedy: str, backend: str = "") -> None:
        super().__init__(message, remedy)
        self.reason = reason
        self.backend = backend


def keyring_error(reason: str, *, backend: str = "", detail: str = "") -> KeyringError:
    """Make the error for a reason.

    Args:
        reason: what the child process, or the wait for it, gave as the reason.
        backend: the keyring's name, if known.
        detail: the backend's own words, or the seconds waited.
    """
    detail = redact(detail).rstrip(".")
    words = {**_switched_off(backend, detail), **_out_of_reach(backend, detail)}
    message, remedy = words.get(reason) or words["failed"]
    instead = _("Or do without: set HEAP_TUI_TOKEN, or HEAP_TUI_TOKEN_FILE to a file that holds the token.")
    return KeyringError(reason, message, f"{remedy} {instead}".strip(), backend)


def _switched_off(backend: str, detail: str) -> dict[str, tuple[str, str]]:
    """Reasons that lie in the choice of the backend -> (what happened, what to do about it)."""
    return {
        "fail": (
            _("The keyring is switched off: PYTHON_KEYRING_BACKEND names the backend that always fails."),
            _("Unset PYTHON_KEYRING_BACKEND."),
        ),
        "null": (
            _("The keyring is switched off: the backend {backend} forgets what it is given.").format(backend=backend),
            _("Unset PYTHON_KEYRING_BACKEND, or correct keyringrc.cfg."),
        ),
        "empty_chain": (
            _("The keyring backend {backend} has no keyring behind it.").format(backend=backend),
            _("Unset PYTHON_KEYRING_BACKEND, or start a keyring such as gnome-keyring."),
        ),
        "plaintext": (
            _("The keyring backend {backend} keeps secrets unencrypted, so it is not used.").format(backend=backend),
            _("Uninstall keyrings.alt, or start a keyring such as gnome-keyring."),
        ),
        "bad_backend": (
            _("The keyring backend in PYTHON_KEYRING_BACKEND or keyringrc.cfg cannot be loaded: {detail}.").format(
                detail=detail
            ),
            _("Correct the name, or unset it."),
        ),
        "missing": (
            _("The Python package keyring cannot be imported: {detail}.").format(detail=detail),
            _("Install heap-tui again."),
        ),
    }


def _out_of_reach(backend: str, detail: str) -> dict[str, tuple[str, str]]:
    """Reasons that lie in the machine -> (what happened, what to do about it)."""
    return {
        "no_backend": (
            _("There is no keyring on this machine: no desktop session, no D-Bus, no keychain."),
            _("Install and start one, such as gnome-keyring."),
        ),
        "init": (
            _("The keyring service does not start: {detail}.").format(detail=detail),
            _("Log in to the desktop, or start a keyring such as gnome-keyring."),
        ),
        "locked": (
            _("The keyring is locked."),
            _("Unlock it: log in to the desktop, or run gnome-keyring-daemon --unlock."),
        ),
        "timeout": (
            _("The keyring did not answer within {seconds} s.").format(seconds=detail),
            _("It may show a password dialog on another screen; answer that and try again."),
        ),
        "lost": (
            _("The keyring {backend} took the token but does not give it back.").format(backend=backend),
            "",
        ),
        "cancelled": (_("Waiting for the keyring was cancelled; nothing was changed."), ""),
        "crashed": (_("The keyring's process ended without an answer."), ""),
        "failed": (_("The keyring {backend} refuses: {detail}.").format(backend=backend, detail=detail), ""),
    }
