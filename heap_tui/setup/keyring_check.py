"""Whether the keyring can be used, asked before anything depends on it."""

from collections.abc import Mapping

from heap_tui.config.secrets import describe_backend
from heap_tui.i18n import _
from heap_tui.setup.findings import Finding, State


def keyring_finding(environ: Mapping[str, str], *, needed: bool) -> Finding:
    """Try the keyring; one that cannot be used is a failure only where it is needed."""
    backend = describe_backend(environ=environ)
    if backend.usable:
        return Finding("keyring", _("Keyring"), State.OK, backend.name)
    state = State.FAILED if needed else State.SKIPPED
    words = backend.explanation if needed else _("none can be used here, and none is needed")
    return Finding("keyring", _("Keyring"), state, words)
