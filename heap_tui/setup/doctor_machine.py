"""What the machine has to offer: versions, file limits, codecs, terminal, proxy variables."""

import importlib
import locale
import platform
import resource
import shutil
import ssl
import sys
from collections.abc import Iterator, Mapping

from heap_tui import __version__
from heap_tui.i18n import _
from heap_tui.redact import redact_url
from heap_tui.setup.findings import Finding, State

# Beside its connections a run opens files: state, sources, standard streams, libraries.
_OTHER_FILES = 64
_COLUMNS, _ROWS = 80, 24
_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


def machine_findings(max_in_flight: int, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Check what does not depend on a profile, but for the number of its connections."""
    yield version_finding()
    yield file_limit_finding(resource.getrlimit(resource.RLIMIT_NOFILE)[0], max_in_flight)
    yield codec_finding()
    size = shutil.get_terminal_size()
    yield terminal_finding(
        environ, sys.stdout.isatty(), locale.getpreferredencoding(do_setlocale=False), (size.columns, size.lines)
    )


def version_finding() -> Finding:
    """Versions, for whoever is asked for help; no names of host or user."""
    words = _("heap-tui {version}, Python {python}, {ssl}, {system} {release} ({machine})").format(
        version=__version__,
        python=platform.python_version(),
        ssl=ssl.OPENSSL_VERSION,
        system=platform.system(),
        release=platform.release(),
        machine=platform.machine(),
    )
    return Finding("version", _("Version"), State.OK, words)


def file_limit_finding(soft: int, max_in_flight: int) -> Finding:
    """Whether enough files may be open for `max_in_flight` connections; `soft` is the limit, negative for none."""
    title, wanted = _("File limit"), max_in_flight + _OTHER_FILES
    if soft < 0:
        return Finding("files", title, State.OK, _("no limit"))
    words = _("{limit} files may be open, and {wanted} are wanted").format(limit=soft, wanted=wanted)
    if soft >= wanted:
        return Finding("files", title, State.OK, words)
    advice = _("Run ulimit -n {wanted} first, or lower max_in_flight in the profile.").format(wanted=wanted)
    return Finding("files", title, State.FAILED, words, advice)


def codec_finding(modules: Mapping[str, str] | None = None) -> Finding:
    """Whether Avro files of every codec can be read; `modules`: what they are for, by the module's name."""
    needed = modules or {"fastavro": "null, deflate", "cramjam": "snappy", "zstandard": "zstandard"}
    missing = []
    for module, codecs in needed.items():
        try:
            importlib.import_module(module)
        except ImportError as error:
            missing.append(f"{module} ({codecs}): {error}")
    if not missing:
        return Finding("codecs", _("Avro codecs"), State.OK, ", ".join(needed.values()))
    return Finding("codecs", _("Avro codecs"), State.FAILED, "; ".join(missing), _("Install heap-tui again."))


def terminal_finding(environ: Mapping[str, str], is_terminal: bool, encoding: str, size: tuple[int, int]) -> Finding:
    """Whether screens can be shown; a warning at most, since nothing else needs them.

    Args:
        environ: holds ``TERM``.
        is_terminal: standard output is one.
        encoding: the locale's.
        size: columns and rows.
    """
    title = _("Terminal")
    if encoding.lower().replace("-", "").replace("_", "") != "utf8":
        words = _("the locale's encoding is {encoding}, not UTF-8").format(encoding=encoding)
        return Finding("terminal", title, State.WARNING, words, _("Set LANG to a UTF-8 locale, such as C.UTF-8."))
    if not is_terminal:
        return Finding("terminal", title, State.SKIPPED, _("standard output is none; headless runs need none"))
    name, shown = environ.get("TERM", ""), f"{size[0]}x{size[1]}"
    if name in ("", "dumb"):
        words = _("TERM is {name}: line prompts work, screens do not").format(name=name or _("not set"))
        return Finding("terminal", title, State.WARNING, words)
    if size[0] < _COLUMNS or size[1] < _ROWS:
        words = _("{size} is small; screens are made for 80x24 and more").format(size=shown)
        return Finding("terminal", title, State.WARNING, words, _("Make the window larger."))
    return Finding("terminal", title, State.OK, f"{name}, {shown}, UTF-8")


def proxy_finding(environ: Mapping[str, str], configured: str | None) -> Finding:
    """Which proxies are named, by the profile or by the environment; whether they work shows the endpoint check."""
    named = {name: value for name in _PROXY_VARIABLES if (value := environ.get(name) or environ.get(name.lower()))}
    words = [f"{name}={redact_url(value)}" for name, value in named.items()]
    if configured:
        words.insert(0, _("the profile says {proxy}, which wins").format(proxy=redact_url(configured)))
    return Finding("proxy", _("Proxy"), State.OK, "; ".join(words) or _("none is named"))
