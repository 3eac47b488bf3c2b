"""Which state ``heap-tui spool`` looks at: the profile's, or that of runs without one."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heap_tui.cli.context import App
from heap_tui.errors import UsageError
from heap_tui.i18n import _

if TYPE_CHECKING:
    from heap_tui.config.model import Profile
    from heap_tui.spool.actions import Prepare
    from heap_tui.spool.choice import Choice, OpenState
    from heap_tui.spool.seen import SeenIndex
    from heap_tui.spool.store import Store

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Place:
    """One state directory and whose it is.

    Args:
        states: where all state is.
        key: name of the profile; None for runs without a profile.
        profile: its settings; None when it has state, but no (readable) configuration.
        named: it was named by ``--profile``.
    """

    states: Path
    key: str | None
    profile: "Profile | None" = None
    named: bool = False

    @property
    def directory(self) -> Path:
        """The state directory."""
        from heap_tui.config.paths import profile_dir

        return profile_dir(self.states, self.key)

    @property
    def words(self) -> str:
        """Whose state it is, within a sentence."""
        return _("runs without a profile") if self.key is None else _("profile {name}").format(name=self.key)

    @property
    def next_run(self) -> str:
        """The command that delivers what is pending here; empty when there is none as things are."""
        if self.key is None:
            return "heap-tui --run --endpoint URL"
        if self.profile is None:
            return ""
        return f"heap-tui --run --profile {shlex.quote(self.key)}" if self.named else "heap-tui --run"

    @property
    def others(self) -> list[str]:
        """The options that lead to the other states kept here."""
        from heap_tui.spool.files import state_errors

        found = [] if self.key is None or not _has_state(self.states, None) else ["--no-profile"]
        directory = self.states / "profiles"
        with state_errors(self.states):
            keys = sorted(entry.name for entry in directory.iterdir()) if directory.is_dir() else []
            kept = [key for key in keys if key != self.key and _has_state(self.states, key)]
        return found + [f"--profile {shlex.quote(key)}" for key in kept]


def find_place(app: App, *, no_profile: bool) -> Place:
    """The state that is meant: of ``--profile``, of the default or only profile, or of runs without one.

    A profile that is configured no more, or whose configuration cannot be read, is reached by its name as long as
    it has state.

    Raises:
        UsageError: there is no such profile, or it is not clear which.
        StateError: the state cannot be read.
    """
    from heap_tui.config.paths import state_dir
    from heap_tui.spool.files import state_errors

    states = state_dir(app.state_dir, os.environ)
    with state_errors(states):
        place = _find(app, states, no_profile=no_profile)
        _has_state(states, place.key)
    return place


def _find(app: App, states: Path, *, no_profile: bool) -> Place:
    from heap_tui.config.model import Config
    from heap_tui.config.paths import config_path
    from heap_tui.config.store import load

    if no_profile and app.profile:
        raise UsageError(_("--profile and --no-profile exclude each other."), _("Leave one out."))
    if no_profile:
        return Place(states, None)
    left_behind = app.profile is not None and _has_state(states, app.profile)
    try:
        config = load(config_path(app.config_path, os.environ))
    except UsageError:
        if not left_behind:
            raise
        config = Config()
    if left_behind and app.profile not in config.profiles:
        return Place(states, app.profile, named=True)
    if app.profile is None and not config.profiles:
        return Place(states, None)
    profile = config.profile(app.profile)
    return Place(states, profile.key, profile, named=app.profile is not None)


def _has_state(states: Path, key: str | None) -> bool:
    """Whether there is state of that name; a name that would lead elsewhere has none."""
    from heap_tui.config.paths import profile_dir
    from heap_tui.spool.files import DATABASE

    directory = profile_dir(states, key)
    return (key is None or directory.parent == states / "profiles") and (directory / DATABASE).is_file()


def rules_of(place: Place) -> "Prepare":
    """What is done to an item that is decoded again before it is queued: the profile's selection and transform."""
    from heap_tui.currents.event import Event, Rejected
    from heap_tui.currents.transform import Transform
    from heap_tui.pipeline.selection import Selection

    def refuse(_event: Event) -> bytes | None:
        text = _("it can be read now, but what profile {name} removes or hashes is not known without its configuration")
        raise Rejected(text.format(name=place.key))

    if place.key is None:
        return Selection().prepared
    if place.profile is None:
        return refuse
    events, transform = place.profile.events, place.profile.transform
    return Selection(
        include=events.include,
        exclude=events.exclude,
        anonymous=events.anonymous,
        transform=Transform(transform.remove, transform.hash),
    ).prepared


def seen_of(place: Place, store: "Store") -> "SeenIndex | None":
    """The ids that the profile's destination knows; None without a configured destination."""
    if place.profile is None:
        return None
    scope = store.scope(place.profile.destination.key)
    return store.seen(scope, place.profile.delivery.dedup_window_days * _DAY_S)


@contextmanager
def reading(place: Place) -> "Iterator[OpenState | None]":
    """The state open for reading; a failure of what the block writes to is no failure of the state."""
    from heap_tui.spool import store

    outside: OSError | None = None
    with store.reading(place.directory) as connection:
        try:
            yield connection
        except OSError as error:
            outside = error
    if outside is not None:
        raise outside


def check_numbers(connection: "OpenState | None", wanted: "Choice", place: Place) -> None:
    """Refuse numbers that no dead letter has, before anything is done."""
    from heap_tui.spool.choice import missing

    absent = missing(connection, wanted) if connection else sorted(wanted.numbers)
    if absent:
        some = ", ".join(str(number) for number in absent[:10]) + (", ..." if len(absent) > 10 else "")
        words = _("{place}: there is no dead letter {numbers}.")
        if wanted.kind:
            words = _("{place}: there is no dead letter {numbers} of the kind {kind}.")
        raise UsageError(
            words.format(place=place.words, numbers=some, kind=wanted.kind), _("heap-tui spool dead lists them.")
        )
