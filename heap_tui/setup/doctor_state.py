"""The state directory of a profile, looked at without changing it, also beside a run."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from heap_tui.errors import StateError
from heap_tui.i18n import _, ngettext
from heap_tui.setup.findings import Finding, State
from heap_tui.spool.store import Status, status

_MIB = 1024 * 1024
_LEAST_FREE_BYTES = 64 * _MIB


def state_findings(directory: Path, spool_max_bytes: int, now: float) -> Iterator[Finding]:
    """Check `directory`: permissions, disk space, and what is in it.

    Args:
        directory: the profile's state directory, there or not.
        spool_max_bytes: how large the queue may become.
        now: Unix time in seconds.
    """
    yield directory_finding(directory)
    yield disk_finding(shutil.disk_usage(_nearest(directory)).free, spool_max_bytes)
    yield spool_finding(directory, now)


def directory_finding(directory: Path) -> Finding:
    """Whether this user, and nobody else, can use the directory."""
    title = _("State directory")
    nearest = _nearest(directory)
    if not os.access(nearest, os.W_OK | os.X_OK):
        words = _("{path} cannot be written by this user").format(path=nearest)
        return Finding("state", title, State.FAILED, words, _("Correct its owner, or use --state-dir."))
    if nearest != directory:
        return Finding("state", title, State.OK, _("{path}, made by the first run").format(path=directory))
    found = directory.stat()
    if found.st_uid != os.geteuid():
        words = _("{path} belongs to another user (uid {uid})").format(path=directory, uid=found.st_uid)
        return Finding("state", title, State.FAILED, words, _("Run as that user, or use --state-dir."))
    if found.st_mode & 0o077:
        words = _("{path} can be read by other users, and holds events").format(path=directory)
        return Finding("state", title, State.WARNING, words, _("Run: chmod 700 {path}").format(path=directory))
    return Finding("state", title, State.OK, str(directory))


def disk_finding(free_bytes: int, spool_max_bytes: int) -> Finding:
    """Whether the disk has room for the queue."""
    title, free = _("Disk space"), _mib(free_bytes)
    if free_bytes < _LEAST_FREE_BYTES:
        return Finding("disk", title, State.FAILED, _("{free} are free").format(free=free), _("Free some space."))
    if free_bytes < spool_max_bytes:
        words = _("{free} are free, less than the queue may take ({limit})")
        advice = _("Free some space, or lower spool_max_bytes in the profile.")
        limit = _mib(spool_max_bytes)
        return Finding("disk", title, State.WARNING, words.format(free=free, limit=limit), advice)
    return Finding("disk", title, State.OK, _("{free} are free").format(free=free))


def spool_finding(directory: Path, now: float) -> Finding:
    """What is in the state: pending events, dead letters, damage, a run that uses it."""
    try:
        found = status(directory)
    except StateError as error:
        return Finding("spool", _("Spool"), State.FAILED, error.message, error.remedy)
    except OSError as error:
        words = _("{path} cannot be read: {reason}").format(path=directory, reason=error.strerror or error)
        return Finding("spool", _("Spool"), State.FAILED, words, _("Correct its owner, or use --state-dir."))
    advice = _advice(found)
    state = State.WARNING if advice else State.OK
    return Finding("spool", _("Spool"), state, "; ".join(_contents(found, now)), advice)


def _contents(found: Status, now: float) -> Iterator[str]:
    yield ngettext("{n} event pending", "{n} events pending", found.pending).format(n=found.pending)
    if found.oldest_at is not None:
        yield _("the oldest for {n} min").format(n=max(0, round((now - found.oldest_at) / 60)))
    letters = found.refused + found.rejected
    yield ngettext("{n} dead letter", "{n} dead letters", letters).format(n=letters)
    if found.damaged_rows:
        yield ngettext("{n} damaged row", "{n} damaged rows", found.damaged_rows).format(n=found.damaged_rows)
    if found.locked:
        yield _("a run is using it")


def _advice(found: Status) -> str:
    if found.damaged_rows:
        return _(
            "Damaged rows were put aside; {n} events in them were lost to delivery: keep a copy of the state."
        ).format(n=found.damaged_events)
    return _("Look at them with: heap-tui spool dead") if found.refused or found.rejected else ""


def _nearest(directory: Path) -> Path:
    """The directory itself, or the first of its parents that exists."""
    return next((path for path in (directory, *directory.parents) if path.is_dir()), Path("/"))


def _mib(size: int) -> str:
    return f"{size / _MIB:,.0f} MiB"
