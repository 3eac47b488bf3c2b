"""English and Brazilian Portuguese, by gettext catalogues under ``heap_tui/locale``.

``heap_tui`` holds what this program says, ``click`` what click says by itself (usage, options, its own errors).
How to bring both up to date stands in tests/test_locale.py.
"""

import gettext
import os
from collections.abc import Mapping
from pathlib import Path

LANGUAGES = ("en", "pt-BR")
_DOMAIN = "heap_tui"
_CLICK_DOMAIN = "click"
_LOCALE_DIR = Path(__file__).parent / "locale"
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # in the order of gettext
_current: gettext.NullTranslations = gettext.NullTranslations()


def language_from_environment(environ: Mapping[str, str]) -> str:
    """The language that the locale variables ask for: ``pt-BR`` for any Portuguese, else ``en``.

    The first variable that is set decides, as it does for gettext; ``LANGUAGE`` may hold several languages.
    """
    asked = next((value for name in _VARIABLES if (value := environ.get(name))), "")
    known = {"pt": "pt-BR", "en": "en"}
    return next((known[tag] for locale in asked.split(":") if (tag := locale[:2].lower()) in known), "en")


def activate(language: str | None = None) -> None:
    """Use `language` (``en`` or ``pt-BR``) from now on; None asks the environment."""
    global _current  # noqa: PLW0603 - one process speaks one language
    chosen = language or language_from_environment(os.environ)
    name = chosen.replace("-", "_")
    _current = gettext.translation(_DOMAIN, _LOCALE_DIR, [name], fallback=True)
    # click asks gettext's process-wide domain, and that reads the language from the environment. English that nobody
    # asked for sets nothing: an editor that is started from here may speak the user's own language.
    gettext.bindtextdomain(_CLICK_DOMAIN, str(_LOCALE_DIR))
    gettext.textdomain(_CLICK_DOMAIN)
    if language or chosen != "en":
        os.environ["LANGUAGE"] = name


def _(message: str) -> str:
    """Translate one message; placeholders are filled in by the caller with `str.format`."""
    return _current.gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    """Translate a message with a number in it."""
    return _current.ngettext(singular, plural, n)
