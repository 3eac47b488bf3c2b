"""Settings that every test shares."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from heap_tui import redact

# Shared machines are slow at times; a property is about values, not about seconds.
settings.register_profile("heap-tui", deadline=None)
settings.load_profile("heap-tui")

_UNSET = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "FORCE_COLOR")
_OURS = ("HEAP_TUI_TOKEN", "HEAP_TUI_TOKEN_FILE", "HEAP_TUI_CONFIG", "HEAP_TUI_STATE_DIR")
for name in (*_UNSET, *_OURS):
    os.environ.pop(name, None)


@pytest.fixture(autouse=True)
def _no_secret_of_another_test() -> Iterator[None]:
    """Secrets belong to the process; here each test is one."""
    forms, registered = redact._forms, redact._registered
    yield
    redact._forms, redact._registered = forms, registered
