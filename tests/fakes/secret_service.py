"""A real gnome-keyring on a private D-Bus, without a desktop."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
_LOCK = "import secretstorage as s; s.get_default_collection(s.dbus_init()).lock()"


@contextmanager
def secret_service(home: Path, *, unlocked: bool = True) -> Iterator[dict[str, str]]:
    """Run a session bus with a keyring on it; gives the environment for processes that use them.

    Args:
        home: an empty directory that becomes HOME, and keeps the keyring's files.
        unlocked: open the keyring with its password; else there is a login keyring, and it is locked.
    """
    _need_programs()
    environ = private_environment(home)
    with _session(environ):
        if not unlocked:
            subprocess.run([sys.executable, "-c", _LOCK], env=environ, check=True, timeout=30)
        yield environ


def private_environment(home: Path) -> dict[str, str]:
    """An environment with directories of its own, no display, no bus and no keyring chosen."""
    dirs = {
        "HOME": home,
        "XDG_DATA_HOME": home / "data",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_RUNTIME_DIR": home / "run",
    }
    for directory in dirs.values():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    return kept | {name: str(directory) for name, directory in dirs.items()}


def _need_programs() -> None:
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if not missing:
        return
    reason = f"needs {' and '.join(missing)} (packages dbus and gnome-keyring)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def _session(environ: dict[str, str]) -> Iterator[None]:
    """A bus and a keyring daemon on it; the daemon ends with its bus."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as bus:
        try:
            assert bus.stdout is not None
            environ["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
            subprocess.run(
                ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--daemonize"],
                env=environ,
                input=b"pw",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
                timeout=30,
            )
            yield
        finally:
            bus.terminate()
