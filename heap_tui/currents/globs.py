"""Globs over event type names, as in the configuration, ``--events`` and ``events list``."""

import fnmatch
import re
from collections.abc import Callable, Sequence


def compile_globs(include: Sequence[str], exclude: Sequence[str] = ()) -> Callable[[str], bool]:
    """Make a test of event type names.

    Globs cover the whole name, are case-sensitive, and know ``*``, ``?`` and ``[...]``; a dot is a character
    like any other, so ``users.messages.*`` selects ``users.messages.email.Click``.

    Args:
        include: a name is selected when one of these matches; with none, nothing is selected.
        exclude: a name that one of these matches is never selected.

    Returns:
        A function from name to selected or not; callers keep the answer of a name, since types are few.
    """
    wanted, unwanted = _any_of(include), _any_of(exclude)

    def selected(name: str) -> bool:
        return wanted(name) is not None and unwanted(name) is None

    return selected


def _any_of(globs: Sequence[str]) -> Callable[[str], re.Match[str] | None]:
    """One expression for all globs; without globs one that matches nothing."""
    return re.compile("|".join(map(fnmatch.translate, globs)) or r"(?!)").match
