"""The record file: every accepted event as one NDJSON line, byte for byte as it came."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from heap_tui.errors import UsageError
from heap_tui.i18n import _

# Valid JSON has raw line ends only between its tokens, where a space means the same.
_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


class RecordFile:
    """An append-only file, readable by its owner alone since events hold personal data.

    Args:
        path: made with mode 0600 when it is not there; its lines are kept when it is.

    Raises:
        UsageError: it cannot be opened for writing.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            self._fd = os.open(path, flags, 0o600)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise UsageError(
                _("--record: {path} cannot be written ({reason}).").format(path=path, reason=reason),
                _("Name a file in a folder that you may write to."),
            ) from error
        self._regular = stat.S_ISREG(os.fstat(self._fd).st_mode)
        if self._regular:
            self._prepare()

    def _prepare(self) -> None:
        os.fchmod(self._fd, 0o600)
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            self._write(b"\n")  # a last line without an end must not swallow the first event

    def append(self, raws: Iterable[bytes]) -> None:
        """Write one line an event; all of them are in the file, or, after an OSError, none."""
        lines = b"".join(raw.translate(_LINE_ENDS) + b"\n" for raw in raws)
        before = os.fstat(self._fd).st_size
        try:
            self._write(lines)
        except OSError:
            if self._regular:
                os.ftruncate(self._fd, before)
            raise

    def _write(self, text: bytes) -> None:
        rest = memoryview(text)
        while rest:
            rest = rest[os.write(self._fd, rest) :]

    def close(self) -> None:
        """Close the file; every line was handed to the system when it was written."""
        os.close(self._fd)
