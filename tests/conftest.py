"""Settings that every test shares."""

import os

from hypothesis import settings

# Shared machines are slow at times; a property is about values, not about seconds.
settings.register_profile("heap-tui", deadline=None)
settings.load_profile("heap-tui")

_UNSET = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR", "FORCE_COLOR")
_OURS = ("HEAP_TUI_TOKEN", "HEAP_TUI_TOKEN_FILE", "HEAP_TUI_CONFIG", "HEAP_TUI_STATE_DIR")
for name in (*_UNSET, *_OURS):
    os.environ.pop(name, None)
