"""Errors that are meant for people: what happened, where, and what to do.

Every error that may reach a user derives from `HeapTuiError` and carries the exit code of the contract
(README, "Exit codes"). The command line prints message and remedy; a traceback needs ``-v -v``.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a script can rely on; see the table in the README."""

    OK = 0
    REFUSED = 1  # finished, but some events are dead letters or were rejected
    USAGE = 2
    HALTED = 3
    STOPPED = 4  # events are pending or given back, nothing is lost
    STATE = 5
    INTERNAL = 70  # a fault of the program itself


class HeapTuiError(Exception):
    """An expected failure.

    Args:
        message: what happened and where (file, line or offset, field), one sentence, no secrets.
        remedy: what the user can do about it; empty when there is nothing.
    """

    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(HeapTuiError):
    """The command line or the configuration is wrong."""

    exit_code = ExitCode.USAGE


class StateError(HeapTuiError):
    """The state directory cannot be used: locked, full, damaged or of a newer version."""

    exit_code = ExitCode.STATE
