"""Configuration, profile, sources and token, as far as each can be had."""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from heap_tui.config.model import Profile
from heap_tui.config.secrets import FILE_VARIABLE, TOKEN_VARIABLE, Token, resolve_token
from heap_tui.config.store import load
from heap_tui.errors import UsageError
from heap_tui.i18n import _, ngettext
from heap_tui.redact import redact_url
from heap_tui.setup.answers import Answers
from heap_tui.setup.findings import Finding, State
from heap_tui.setup.keyring_check import keyring_finding
from heap_tui.setup.readers import AnswerError, sources


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, and what it brought to light for the checks after it."""

    finding: Finding
    profile: Profile | None = None
    token: Token | None = None


def configuration_findings(path: Path, wanted: str | None) -> Iterator[Found]:
    """The file, then the profile `wanted` (None: the default one)."""
    title, profile_title = _("Configuration"), _("Profile")
    no_profile = Finding("profile", profile_title, State.SKIPPED, _("not known without a configuration"))
    if not path.exists():
        words = _("there is no {path} yet").format(path=path)
        advice = _("Run heap-tui setup to make a profile.")
        yield Found(Finding("configuration", title, State.FAILED, words, advice))
        yield Found(no_profile)
        return
    try:
        config = load(path)
    except UsageError as error:
        yield Found(Finding("configuration", title, State.FAILED, error.message, error.remedy))
        yield Found(no_profile)
        return
    oddities = [str(problem) for problem in config.warnings]
    yield Found(_file_finding(path, oddities))
    try:
        profile = config.profile(wanted)
    except UsageError as error:
        yield Found(Finding("profile", profile_title, State.FAILED, error.message, error.remedy))
        return
    words = f"{profile.key} ({profile.name})" if profile.name != profile.key else profile.key
    yield Found(Finding("profile", profile_title, State.OK, words), profile)


def _file_finding(path: Path, oddities: list[str]) -> Finding:
    title = _("Configuration")
    words, advice = [], []
    if oddities:
        words.append(f"{path}: {'; '.join(oddities)}")
        advice.append(_("Correct it with heap-tui config edit."))
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        words.append(_("{path} is open to other users").format(path=path))
        advice.append(_("Run: chmod 600 {path}").format(path=path))
    if words:
        return Finding("configuration", title, State.WARNING, "\n".join(words), "\n".join(advice))
    return Finding("configuration", title, State.OK, str(path))


def source_finding(profile: Profile) -> Finding:
    """Whether the profile's sources are there; one that is missing is a warning, since files come and go."""
    title = _("Sources")
    uris = [entry.uri for entry in profile.sources]
    if not uris:
        return Finding("sources", title, State.OK, _("none in the profile; name them with --source"))
    problems = []
    for uri in uris:
        try:
            sources(uri, Answers())
        except AnswerError as error:
            problems.append(error.words)
    if problems:
        return Finding("sources", title, State.WARNING, "; ".join(problems), _("Correct them with heap-tui setup."))
    words = ngettext("{n} source: {uris}", "{n} sources: {uris}", len(uris))
    return Finding("sources", title, State.OK, words.format(n=len(uris), uris=", ".join(map(redact_url, uris))))


def token_findings(profile: Profile, environ: Mapping[str, str]) -> Iterator[Found]:
    """The keyring, then the token: where it comes from, never what it is."""
    title = _("Token")
    given = bool(environ.get(TOKEN_VARIABLE) or environ.get(FILE_VARIABLE))
    needed = profile.destination.token == "keyring" and not given  # noqa: S105 - a place, not a token
    keyring = keyring_finding(environ, needed=needed)
    yield Found(keyring)
    if keyring.state is State.FAILED:
        yield Found(Finding("token", title, State.SKIPPED, _("it is in the keyring, which cannot be used")))
        return
    try:
        token = resolve_token(profile, environ)
    except UsageError as error:
        yield Found(Finding("token", title, State.FAILED, error.message, error.remedy))
        return
    if token is None:
        yield Found(Finding("token", title, State.OK, _("the profile says that none is needed")))
        return
    yield Found(_token_finding(token, environ), token=token)


def _token_finding(token: Token, environ: Mapping[str, str]) -> Finding:
    words = _("from the {origin}").format(origin=token.origin)
    name = "" if environ.get(TOKEN_VARIABLE) else environ.get(FILE_VARIABLE, "")
    path = Path(name).expanduser()
    if name and path.is_file() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        advice = _("Other users can read that file; run: chmod 600 {path}").format(path=path)
        return Finding("token", _("Token"), State.WARNING, words, advice)
    return Finding("token", _("Token"), State.OK, words)
