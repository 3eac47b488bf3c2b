"""Standard input, read by a thread that can be told to stop."""

import os
import select
import sys
from typing import Self

# A pipe gives 64 KiB at a time; a flush to the disk should carry more than that.
_AT_ONCE_BYTES = 1 << 20


class StdinReader:
    """Reads a file descriptor in a thread of its own; `stop` ends a read that waits for input.

    Args:
        descriptor: what to read, standard input unless told otherwise.
    """

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._wake_read, self._wake_write = os.pipe()
        self._stopped = False
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()  # a read may still be waiting in its thread
        self._closed = True
        os.close(self._wake_read)
        os.close(self._wake_write)

    def read(self, size: int) -> bytes:
        """What is there, at least `size` bytes if they come at once; empty at the end, or when it was stopped."""
        parts: list[bytes] = []
        wanted = max(size, _AT_ONCE_BYTES)
        while wanted > 0 and self._is_ready(wait=not parts):
            part = os.read(self._descriptor, wanted)
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def _is_ready(self, *, wait: bool) -> bool:
        """Whether a read would not wait; with `wait`, waits until then or until `stop`."""
        if self._stopped:
            return False
        if sys.platform == "win32":
            return wait
        ready, _writable, _broken = select.select([self._descriptor, self._wake_read], [], [], None if wait else 0)
        return self._descriptor in ready and self._wake_read not in ready

    def stop(self) -> None:
        """Let the read under way, and all later ones, end at once."""
        self._stopped = True
        if self._closed:
            return  # by now the number of the closed pipe may be that of another file
        os.write(self._wake_write, b"x")
