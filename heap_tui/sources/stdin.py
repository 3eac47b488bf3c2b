"""Standard input, read by a thread that can be told to stop."""

import os
import select
import sys
from typing import Self


class StdinReader:
    """Reads a file descriptor in a thread of its own; `stop` ends a read that waits for input.

    Args:
        descriptor: what to read, standard input unless told otherwise.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._wake_read, self._wake_write = os.pipe()
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()  # a read may still be waiting in its thread
        os.close(self._wake_read)
        os.close(self._wake_write)

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end of the input, or when the reader was stopped."""
        if self._stopped:
            return b""
        if sys.platform != "win32":
            ready, _unused, _unused2 = select.select([self._descriptor, self._wake_read], [], [])
            if self._wake_read in ready:
                return b""
        return os.read(self._descriptor, size)

    def stop(self) -> None:
        """Let the read under way, and all later ones, end at once."""
        self._stopped = True
        os.write(self._wake_write, b"x")
