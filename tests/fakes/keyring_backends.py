"""Keyrings that misbehave, chosen by PYTHON_KEYRING_BACKEND in the child process that asks the keyring."""

import os
import sys
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordSetError


class Hanging(KeyringBackend):
    """Answers never, like a locked keyring whose dialog nobody sees; leaves its process id in HANGING_PID."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        Path(os.environ["HANGING_PID"]).write_text(str(os.getpid()))
        time.sleep(600)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)


class Locked(Hanging):
    """Is locked and says so."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("Failed to unlock the collection!")


class Forgetful(Hanging):
    """Takes a password and has forgotten it when asked."""

    def get_password(self, service: str, username: str) -> str | None:
        print("noise on standard output")
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        print(password)


class Refusing(Forgetful):
    """Refuses, with the password in its message."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError(f"cannot keep {password}")


class PlaintextKeyring(Forgetful):
    """Named like the one of keyrings.alt, which writes secrets into a readable file."""


class Dying(Hanging):
    """Ends the process without an answer."""

    def get_password(self, service: str, username: str) -> str | None:
        os._exit(3)


class Snooping(Hanging):
    """Writes to SNOOPED what a neighbour could see of this process: arguments and environment."""

    def get_password(self, service: str, username: str) -> str | None:
        Path(os.environ["SNOOPED"]).write_text(f"{sys.orig_argv} {os.environ}")
        return "snooped"

    def set_password(self, service: str, username: str, password: str) -> None:
        return None
