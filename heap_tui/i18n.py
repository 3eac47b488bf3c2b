"""English and Brazilian Portuguese, by gettext catalogues under ``heap_tui/locale``."""

import gettext
import os
from collections.abc import Mapping
from pathlib import Path

LANGUAGES = ("en", "pt-BR")
_DOMAIN = "heap_tui"
_LOCALE_DIR = Path(__file__).parent / "locale"
_current: gettext.NullTranslations = gettext.NullTranslations()


def language_from_environment(environ: Mapping[str, str]) -> str:
    """The language that the locale variables ask for: ``pt-BR`` for any Portuguese, else ``en``."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return "pt-BR" if value.lower().startswith("pt") else "en"
    return "en"


def activate(language: str | None = None) -> None:
    """Use `language` (``en`` or ``pt-BR``) from now on; None asks the environment."""
    global _current  # noqa: PLW0603 - one process speaks one language
    chosen = language or language_from_environment(os.environ)
    _current = gettext.translation(_DOMAIN, _LOCALE_DIR, [chosen.replace("-", "_")], fallback=True)


def _(message: str) -> str:
    """Translate one message; placeholders are filled in by the caller with `str.format`."""
    return _current.gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    """Translate a message with a number in it."""
    return _current.ngettext(singular, plural, n)
