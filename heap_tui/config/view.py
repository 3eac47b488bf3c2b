"""A configuration fit to be shown: no secrets, and where each token comes from instead of what it is."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from heap_tui.config.keyring_errors import KeyringError
from heap_tui.config.model import Config, Profile
from heap_tui.config.secrets import Token, fetch_token, resolve_token
from heap_tui.config.toml import edited_toml, read_toml
from heap_tui.errors import UsageError
from heap_tui.i18n import _
from heap_tui.redact import PLACEHOLDER, is_secret_name, redact, redact_url

# Not secrets, whatever their names say: where the token is, never what it is.
_TOKEN_PLACES = ("keyring", "env", "none")


@dataclass(frozen=True, slots=True)
class TokenOrigin:
    """Where a profile's token comes from, in words; `problem` says why there is none."""

    origin: str
    problem: str = ""


def shown_toml(text: str, name: str) -> str:
    """The TOML of a configuration, comments included, with every likely secret hidden.

    Raises:
        UsageError: it is no TOML.
    """
    try:
        text = edited_toml(text, hidden(read_toml(text, name)))
    except ValueError:
        import tomlkit

        text = tomlkit.dumps(hidden(read_toml(text, name)))
    return redact(text)


def shown_profiles(config: Config) -> dict[str, Any]:
    """Every profile with all its settings, defaults included, as JSON can hold them."""
    shown: dict[str, Any] = hidden({key: asdict(profile) for key, profile in config.profiles.items()})
    return shown


def hidden(value: Any, name: str = "") -> Any:
    """A copy of plain data in which secrets are hidden: within addresses, and under names that tell."""
    if isinstance(value, Mapping):
        return {key: hidden(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [hidden(item, name) for item in value]
    if not isinstance(value, str):
        return value
    if is_secret_name(name) and value not in _TOKEN_PLACES:
        return PLACEHOLDER
    return redact_url(value)


def token_origins(
    profiles: Mapping[str, Profile],
    environ: Mapping[str, str],
    ask_keyring: Callable[[str], Token | None] = fetch_token,
) -> dict[str, TokenOrigin]:
    """Where the token of each profile comes from; a keyring that fails is asked only once."""
    failed: list[KeyringError] = []

    def ask(account: str) -> Token | None:
        if failed:
            raise failed[0]
        try:
            return ask_keyring(account)
        except KeyringError as error:
            failed.append(error)
            raise

    return {key: _origin(profile, environ, ask) for key, profile in profiles.items()}


def _origin(profile: Profile, environ: Mapping[str, str], ask: Callable[[str], Token | None]) -> TokenOrigin:
    try:
        token = resolve_token(profile, environ, ask)
    except UsageError as error:
        return TokenOrigin("", f"{error.message} {error.remedy}".strip())
    return TokenOrigin(token.origin if token else _("none is needed"))
