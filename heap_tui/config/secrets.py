"""The token: where it comes from, whether it can be one, and its place in the operating system's keyring.

Order (cli.md): ``HEAP_TUI_TOKEN``, the file named by ``HEAP_TUI_TOKEN_FILE``, the keyring. A token is never a
flag's value, never in the TOML, and is hidden from every output as soon as it is known here.
"""

import logging
import re
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from heap_tui.config.keyring_errors import KeyringError, keyring_error
from heap_tui.config.keyring_process import TIMEOUT_S, ask_keyring, never
from heap_tui.config.model import Profile
from heap_tui.errors import UsageError
from heap_tui.i18n import _
from heap_tui.redact import register_secret

TOKEN_VARIABLE = "HEAP_TUI_TOKEN"  # noqa: S105 - the variable's name
FILE_VARIABLE = "HEAP_TUI_TOKEN_FILE"
_BEARER_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_LARGEST_FILE = 64 * 1024
_WINDOWS_LIMIT = 1_280
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Token:
    """A secret that never shows itself; `origin` says in words where it came from."""

    value: str = field(repr=False)
    origin: str

    def __post_init__(self) -> None:
        register_secret(self.value)


class Backend(NamedTuple):
    """What is known of the keyring: its name, whether it can be used, and why not."""

    name: str
    usable: bool
    explanation: str


def fetch_token(
    account: str,
    timeout_s: float = TIMEOUT_S,
    *,
    cancelled: Callable[[], bool] = never,
    environ: Mapping[str, str] | None = None,
) -> Token | None:
    """The secret stored for `account` (a profile's key); None when nothing is stored for it.

    Raises:
        KeyringError: the keyring cannot be used, is locked, did not answer in `timeout_s`, or was cancelled.
    """
    answer = ask_keyring("get", account, timeout_s=timeout_s, cancelled=cancelled, environ=environ)
    if answer["value"] is None:
        return None
    return Token(answer["value"], _("keyring ({backend})").format(backend=answer["backend"]))


def store_token(
    account: str, value: str, timeout_s: float = TIMEOUT_S, *, environ: Mapping[str, str] | None = None
) -> str:
    """Keep a token in the keyring, read it back, and give the backend's name.

    Raises:
        UsageError: this is no token, or it is too long for this keyring.
        KeyringError: the keyring cannot be used, or does not give back what it was given.
    """
    register_secret(value)
    validate_token(value)
    if sys.platform == "win32" and len(value) > _WINDOWS_LIMIT:
        raise UsageError(
            _("The token has {count} characters, and the Windows keyring takes {limit}.").format(
                count=len(value), limit=_WINDOWS_LIMIT
            ),
            _("Keep it in a file named by HEAP_TUI_TOKEN_FILE."),
        )
    answer = ask_keyring("set", account, value=value, timeout_s=timeout_s, environ=environ)
    if not answer["stored"]:
        raise keyring_error("lost", backend=answer["backend"])
    return str(answer["backend"])


def delete_token(account: str, timeout_s: float = TIMEOUT_S, *, environ: Mapping[str, str] | None = None) -> bool:
    """Remove the secret of `account`; False when there was none.

    Raises:
        KeyringError: the keyring cannot be used.
    """
    return bool(ask_keyring("delete", account, timeout_s=timeout_s, environ=environ)["deleted"])


def describe_backend(timeout_s: float = TIMEOUT_S, *, environ: Mapping[str, str] | None = None) -> Backend:
    """Try the keyring by reading an entry that does not exist; never raises, the explanation says why not."""
    try:
        answer = ask_keyring("describe", "_probe", timeout_s=timeout_s, environ=environ)
    except KeyringError as error:
        return Backend(error.backend, usable=False, explanation=f"{error.message} {error.remedy}")
    return Backend(answer["backend"], usable=True, explanation="")


def resolve_token(
    profile: Profile | None,
    environ: Mapping[str, str],
    ask_keyring: Callable[[str], Token | None] = fetch_token,
) -> Token | None:
    """Find the token of a webhook.

    Args:
        profile: whose token; None for a run with ``--endpoint`` alone, which never asks the keyring.
        environ: holds HEAP_TUI_TOKEN or HEAP_TUI_TOKEN_FILE, which win over the keyring.
        ask_keyring: gives the secret of an account, None when it has none.

    Returns:
        The token; None when the destination takes none (the track API, or ``token = "none"``).

    Raises:
        UsageError: there ought to be a token and there is none, or it cannot be a token.
    """
    if profile is not None and profile.destination.kind == "track":
        return None
    if token := _from_environment(environ):
        return token
    where = profile.destination.token if profile else "none"
    if profile is None or where == "none":
        return None
    if where == "env":
        raise UsageError(
            _('Profile {name} says token = "env", but neither {variable} nor {file_variable} is set.').format(
                name=profile.key, variable=TOKEN_VARIABLE, file_variable=FILE_VARIABLE
            ),
            _("Set one of them; a file may hold the token and nothing else."),
        )
    return _from_keyring(profile.key, ask_keyring)


def validate_token(text: str, origin: str = "") -> str:
    """Give `text` back when it can be a bearer token (RFC 6750; protocol.md section 1).

    Args:
        text: what might be a token; never repeated in a message.
        origin: where it came from, for the message.

    Raises:
        UsageError: what is wrong with it, and how to mend that.
    """
    if _BEARER_TOKEN.fullmatch(text):
        return text
    where = f" ({origin})" if origin else ""
    if not text:
        raise UsageError(_("The token{where} is empty.").format(where=where), _("Copy it from Heap again."))
    if text.strip() != text and _BEARER_TOKEN.fullmatch(text.strip()):
        message = _("The token{where} begins or ends with a space or line break.").format(where=where)
        raise UsageError(message, _("Remove it; with echo, use echo -n or printf."))
    if text.lower().startswith(("bearer ", "authorization:")):
        message = _("The token{where} begins with words of the Authorization header.").format(where=where)
        raise UsageError(message, _("Give the part after it alone."))
    if text[0] in "\"'" and text[-1] == text[0]:
        raise UsageError(_("The token{where} stands in quotes.").format(where=where), _("Remove the quotes."))
    position = len(match[0]) + 1 if (match := _BEARER_TOKEN.match(text)) else 1
    raise UsageError(
        _("The token{where} has, at position {position}, a character that no token may have.").format(
            where=where, position=position
        ),
        _("Letters, digits and -._~+/ are allowed, and = at the end. Copy it from Heap again."),
    )


def _from_environment(environ: Mapping[str, str]) -> Token | None:
    if text := environ.get(TOKEN_VARIABLE):
        register_secret(text)
        origin = _("environment variable {name}").format(name=TOKEN_VARIABLE)
        return Token(validate_token(text, origin), origin)
    if name := environ.get(FILE_VARIABLE):
        return _from_file(Path(name).expanduser())
    return None


def _from_file(path: Path) -> Token:
    """The token in a file, which may end in one line break."""
    origin = _("file {path}").format(path=path)
    try:
        with path.open("rb") as file:
            _warn_when_open_to_others(path, path.stat().st_mode)
            text = file.read(_LARGEST_FILE).decode().removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or _("it is not text")
        raise UsageError(
            _("The token file {path}, named by {variable}, cannot be read: {reason}.").format(
                path=path, variable=FILE_VARIABLE, reason=reason
            ),
            _("Correct {variable}, or the file's permissions.").format(variable=FILE_VARIABLE),
        ) from None
    register_secret(text)
    return Token(validate_token(text, origin), origin)


@cache
def _warn_when_open_to_others(path: Path, mode: int) -> None:
    """Warn once: a halted run reads the token again and again."""
    if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        _LOG.warning(_("The token file {path} can be read by other users; run: chmod 600 {path}").format(path=path))


def _from_keyring(account: str, ask: Callable[[str], Token | None]) -> Token:
    token = ask(account)
    if token is None:
        raise UsageError(
            _("The keyring holds no token for profile {name}.").format(name=account),
            _("Store it with heap-tui setup --profile {name} --token-stdin, or set {variable}.").format(
                name=account, variable=TOKEN_VARIABLE
            ),
        )
    return Token(validate_token(token.value, token.origin), token.origin)
