"""What a check found: one line for people, one object for scripts."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from heap_tui.redact import redact


class State(StrEnum):
    """How a check ended; the values are stable names for scripts."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Args:
        check: a stable name for scripts, such as ``dns``.
        title: what was checked, for people.
        state: how it ended.
        detail: what was found, in words, secrets redacted.
        remedy: what to do about it; empty when there is nothing.
    """

    check: str
    title: str
    state: State
    detail: str = ""
    remedy: str = ""

    def __post_init__(self) -> None:
        """No finding holds a secret, whoever made it."""
        object.__setattr__(self, "detail", redact(self.detail))
        object.__setattr__(self, "remedy", redact(self.remedy))

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        return asdict(self)


def any_failed(findings: Iterable[Finding]) -> bool:
    """Whether a check failed; warnings and skipped checks are no failures."""
    return any(finding.state is State.FAILED for finding in findings)
