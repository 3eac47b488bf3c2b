"""What a set-up starts from, which token it uses, and how it is saved: all of it or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from heap_tui.config.keyring_errors import KeyringError
from heap_tui.config.model import Config, Profile
from heap_tui.config.secrets import (
    FILE_VARIABLE,
    TOKEN_VARIABLE,
    Token,
    delete_token,
    fetch_token,
    resolve_token,
    store_token,
)
from heap_tui.config.store import save_profile
from heap_tui.config.validation import profile_key_problem
from heap_tui.errors import HeapTuiError, UsageError
from heap_tui.i18n import _
from heap_tui.setup.answers import DEFAULT_KEY, Answers, answers_from, profile_from, profile_key


@dataclass(frozen=True, slots=True)
class Session:
    """A set-up under way.

    Args:
        base: the profile that is edited; None for a new one.
        key: the profile's key; None for a new one whose name decides it.
        answers: what is known before anything is asked.
        environment: the token that the environment gives; it wins over all others (cli.md).
    """

    base: Profile | None
    key: str | None
    answers: Answers
    environment: Token | None = field(repr=False)

    def key_for(self, answers: Answers) -> str:
        """The key under which `answers` are saved."""
        return self.key or (profile_key(answers.name) if answers.name else DEFAULT_KEY)

    def profile_for(self, answers: Answers) -> Profile:
        """The profile that `answers` make."""
        return profile_from(answers, self.key_for(answers), self.base)


def begin(config: Config, wanted: str | None, name: str | None, environ: Mapping[str, str]) -> Session:
    """Find what is edited: the profile `wanted`, the one of that name, else the default one, else a new one.

    Args:
        config: the configuration as it is.
        wanted: ``--profile``.
        name: ``--name``.
        environ: may hold the token.

    Raises:
        UsageError: the profile's name cannot be one, it is not clear which profile is meant, or the token in
            the environment cannot be one.
    """
    key = wanted or (profile_key(name) if name else None)
    if key is None and config.profiles:
        key = config.profile().key
    if key is not None and (problem := profile_key_problem(key)):
        raise UsageError(_("--profile {name}: {problem}.").format(name=key, problem=problem))
    base = config.profiles.get(key) if key else None
    answers = Answers() if base is None else answers_from(base)
    token = resolve_token(None, environ)
    if token is not None and answers.token is None:
        answers = replace(answers, token="env")  # noqa: S106 - a place, not a token
    return Session(base, key, answers, token)


def token_variable(environ: Mapping[str, str]) -> str:
    """The variable that the environment's token comes from."""
    return TOKEN_VARIABLE if environ.get(TOKEN_VARIABLE) else FILE_VARIABLE


def token_to_check(
    session: Session,
    answers: Answers,
    given: str | None,
    environ: Mapping[str, str],
    ask_keyring: Callable[[str], Token | None] = fetch_token,
) -> str | None:
    """The token that runs of this profile would use: the environment's, the one just given, or the kept one.

    Raises:
        UsageError: a kept token is not there, or the keyring cannot be used.
    """
    if session.environment is not None:
        return session.environment.value
    if answers.token == "keyring" and given:  # noqa: S105 - a place, not a token
        return given
    token = resolve_token(session.profile_for(answers), environ, ask_keyring)
    return None if token is None else token.value


def token_to_store(session: Session, answers: Answers, given: str | None) -> str | None:
    """The token that goes to the keyring; None when what is there stays, or another one wins."""
    wanted = answers.token == "keyring" and session.environment is None  # noqa: S105 - a place, not a token
    return given if wanted else None


def save(path: Path, profile: Profile, token: str | None, environ: Mapping[str, str]) -> str:
    """Store the token, then the profile; when the second fails, the first is undone.

    Args:
        path: the configuration file.
        profile: what to save.
        token: what to put in the keyring; None leaves it alone.
        environ: the keyring's environment.

    Returns:
        The name of the keyring in use, empty when none was needed.

    Raises:
        UsageError: the keyring cannot be used, or the configuration cannot be edited; nothing was saved.
        StateError: the configuration cannot be written; nothing was saved.
    """
    if token is None:
        save_profile(path, profile)
        return ""
    try:
        before = fetch_token(profile.key, environ=environ)
        backend = store_token(profile.key, token, environ=environ)
    except KeyringError as error:
        raise UsageError(
            _("{message} Nothing was saved.").format(message=error.message),
            _('{remedy} Then run heap-tui setup without --token-stdin: it saves token = "env".').format(
                remedy=error.remedy
            ),
        ) from error
    try:
        save_profile(path, profile)
    except HeapTuiError:
        _restore(profile.key, before, environ)
        raise
    return backend


def _restore(key: str, before: Token | None, environ: Mapping[str, str]) -> None:
    if before is None:
        delete_token(key, environ=environ)
    else:
        store_token(key, before.value, environ=environ)
