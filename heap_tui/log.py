"""Logging for people or for machines, with secrets taken out at its root.

Redaction happens twice, because a handler of somebody else's would bypass a formatter, and a field of ``extra``
would bypass a record factory: every record of every logger is made with message, exception and stack already
redacted, and the formatters here redact what they write. Request headers are never logged: the loggers that
would print them stay at INFO even at the highest verbosity.
"""

import json
import logging
import math
import re
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from heap_tui.redact import PLACEHOLDER, is_secret_name, redact

_OURS = "heap_tui"
# These print request headers at DEBUG.
_SHOW_HEADERS = ("httpcore", "hpack", "h2")
_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# A remote answer in a message must not move the cursor or recolour the terminal.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_plain_record = logging.LogRecord


def configure(
    format: Literal["human", "json"] = "human",  # noqa: A002 - the name of the option
    verbose: int = 0,
    *,
    quiet: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Send all logging to `stream` (default: standard error), replacing what was configured before.

    Args:
        format: ``human`` (``HH:MM:SS LEVEL message``) or ``json`` (one object a line).
        verbose: 0 says what happens, 1 also details of this program, 2 also what its libraries say.
        quiet: only warnings and errors, whatever `verbose` says.
        stream: where lines go.
    """
    logging.setLogRecordFactory(redacted_record)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else HumanFormatter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    ours, others = _levels(verbose, quiet=quiet)
    root.setLevel(others)
    logging.getLogger(_OURS).setLevel(ours)
    for name in _SHOW_HEADERS:
        logging.getLogger(name).setLevel(max(others, logging.INFO))


def redacted_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """Make a `logging.LogRecord` whose message, exception text and stack text hold no secrets."""
    record = _plain_record(*args, **kwargs)
    message, fits = _message(record)
    redacted = redact(message)
    if redacted != message or not fits:
        record.msg, record.args = redacted, None
    if record.exc_info and record.exc_info[0] is not None:
        # Formatters use this text instead of making their own.
        record.exc_text = redact("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
    if record.stack_info:
        record.stack_info = redact(record.stack_info)
    return record


class HumanFormatter(logging.Formatter):
    """``HH:MM:SS LEVEL message`` in local time."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """One record as text; only a traceback adds lines."""
        return _CONTROLS.sub(_escape, redact(super().format(record)))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """The first line; a line break in a message is shown, so that nobody can forge a line."""
        return super().formatMessage(record).replace("\n", "\\n")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time`` (ISO 8601, UTC), ``level``, ``logger``, ``message``, extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as a line of JSON; an extra field never replaces one of ours."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            name: _clean(value, name) for name, value in vars(record).items() if name not in _STANDARD_FIELDS
        }
        line |= {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if exception := record.exc_text or (self.formatException(record.exc_info) if record.exc_info else ""):
            line["exception"] = redact(exception)
        if record.stack_info:
            line["stack"] = redact(record.stack_info)
        return json.dumps(line)


def _escape(control: re.Match[str]) -> str:
    return f"\\x{ord(control[0]):02x}"


def _levels(verbose: int, *, quiet: bool) -> tuple[int, int]:
    """The levels of this program's loggers and of everybody else's."""
    if quiet:
        return logging.WARNING, logging.WARNING
    ours = logging.DEBUG if verbose else logging.INFO
    return ours, logging.DEBUG if verbose >= 2 else logging.WARNING


def _message(record: logging.LogRecord) -> tuple[str, bool]:
    """The message, and whether its arguments fit; else logging would print them unredacted."""
    try:
        return record.getMessage(), True
    except Exception:  # noqa: BLE001 - an argument's own __str__ may raise anything
        return f"{record.msg} (its arguments do not fit)", False


def _clean(value: Any, name: str = "") -> Any:
    """`value` as JSON can hold it, redacted; what stands under a secret-looking name is hidden whole."""
    if value is None or (isinstance(value, bool | int | float) and math.isfinite(value)):
        return value
    if isinstance(value, Mapping):
        return {redact(str(key)): _clean(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, name) for item in value]
    return PLACEHOLDER if is_secret_name(name) else redact(str(value))
