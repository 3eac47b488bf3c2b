"""Reads the address of a destination, and says in words what is wrong with a bad one."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from heap_tui.errors import UsageError
from heap_tui.i18n import _
from heap_tui.redact import redact_url

_DEFAULT_PORTS = {"https": 443, "http": 80}
_FORBIDDEN = re.compile(r"[\s\x00-\x1f\x7f\\<>\"`{}|^]")
_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where requests go.

    Args:
        url: the address as it was given, query included (it may hold secrets: show it with `redact_url`).
        scheme: ``https`` or ``http``.
        host: lower-cased, international names in their ASCII form, IPv6 without brackets.
        port: 1 to 65535, the scheme's own when the address names none.
        path: at least ``/``.
    """

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def key(self) -> str:
        """``scheme://host:port/path``: names the destination in cursors (cli.md), never a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine: ``localhost``, ``127.0.0.0/8`` or ``::1``."""
        return _is_loopback(self.host)


def parse_endpoint(url: str, *, insecure_http: bool = False) -> Endpoint:
    """Read the address of a destination.

    Args:
        url: an ``https://`` address; ``http://`` only to this machine.
        insecure_http: allow ``http://`` to other machines, too (tokens then travel in clear text).

    Raises:
        UsageError: what is wrong with the address and how to write it; secrets in it are not repeated.
    """
    url = url.strip()
    _check_spelling(url)
    parts = _split(url)
    endpoint = Endpoint(
        url=url,
        scheme=parts.scheme,
        host=_host(parts, url),
        port=_port(parts, url),
        path=parts.path or "/",
    )
    if endpoint.scheme == "http" and not (insecure_http or endpoint.is_loopback):
        raise UsageError(
            _("{url} is not encrypted: token and personal data would travel in clear text.").format(
                url=redact_url(url)
            ),
            _(
                "Write https://, or set insecure_http = true in the profile's delivery table "
                "(--insecure-http) if you must."
            ),
        )
    return endpoint


def _check_spelling(url: str) -> None:
    """Refuse what no URL holds, before `urlsplit` silently drops it."""
    example = _("Copy the endpoint from Heap; it looks like https://host/path.")
    if not url:
        raise UsageError(_("The endpoint is empty."), example)
    if match := _FORBIDDEN.search(url):
        raise UsageError(
            _("The endpoint holds {character!r} at position {position}, which no URL may hold.").format(
                character=match[0], position=match.start() + 1
            ),
            example,
        )
    scheme, separator, _rest = url.partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        raise UsageError(
            _("The endpoint {url} has no https:// at its beginning.").format(url=redact_url("https://" + url)[8:]),
            example,
        )
    if scheme.lower() not in _DEFAULT_PORTS:
        raise UsageError(
            _("The endpoint starts with {scheme}://, but events are delivered by https.").format(scheme=scheme),
            example,
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _bad_address(url) from None
    if "@" in parts.netloc or ("@" in url and _given_port(parts) == 0):
        # A password with a slash in it ends the host early; then it would stand in the other messages.
        raise UsageError(
            _("The endpoint holds a user name or password."),
            _("Remove everything between // and @; the token is kept in the keyring or in HEAP_TUI_TOKEN."),
        )
    if "#" in url:
        raise UsageError(
            _("The endpoint {url} ends in a fragment (#...), which is never sent.").format(url=redact_url(url)),
            _("Remove the # and what follows it."),
        )
    return parts


def _given_port(parts: SplitResult) -> int | None:
    """The port in the address; None when there is none, 0 when it is no port."""
    try:
        port = parts.port
    except ValueError:
        return 0
    return 0 if port is None and parts.netloc.endswith(":") else port


def _port(parts: SplitResult, url: str) -> int:
    port = _given_port(parts)
    if port == 0:
        raise UsageError(
            _("The port of the endpoint {url} is not a number from 1 to 65535.").format(url=redact_url(url)),
            _("Correct it, or remove the colon and the port to use {port}.").format(port=_DEFAULT_PORTS[parts.scheme]),
        )
    return port or _DEFAULT_PORTS[parts.scheme]


def _host(parts: SplitResult, url: str) -> str:
    host = parts.hostname or ""
    if not host:
        raise UsageError(
            _("The endpoint {url} names no host.").format(url=redact_url(url)),
            _("Write it as https://host/path."),
        )
    if ":" in host:
        return _ipv6(host, url)
    ascii_host = host if host.isascii() else _ascii_host(host)
    if not _HOST_NAME.fullmatch(ascii_host) or _is_bad_number(ascii_host):
        raise UsageError(
            _("{host} in the endpoint {url} is not a host name.").format(host=host, url=redact_url(url)),
            _("Check the spelling: letters, digits, hyphens and dots."),
        )
    return ascii_host.rstrip(".")


def _ipv6(host: str, url: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise _bad_address(url) from None


def _bad_address(url: str) -> UsageError:
    return UsageError(
        _("The host of the endpoint {url} cannot be read.").format(url=redact_url(url)),
        _("An IPv6 address is written in brackets: https://[::1]:8443/path."),
    )


def _ascii_host(host: str) -> str:
    """The ASCII form of an international name as the HTTP clients make it; empty when there is none."""
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def _is_bad_number(host: str) -> bool:
    """Whether the host looks like an IPv4 address but is none (256.1.1.1)."""
    if not host.rstrip(".").rpartition(".")[2].isdigit():
        return False
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return True
    return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
