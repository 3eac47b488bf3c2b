"""Reading through gzip and Zstandard, with an error where the file is cut off."""

import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

import zstandard

from heap_tui.i18n import _

_INPUT_BYTES = 1 << 14  # little, because what comes out may be a thousand times as much


class UnreadableError(Exception):
    """The rest of a file cannot be read.

    Args:
        reason: why, in words.
        payload: the bytes at that place, as far as they are worth keeping.
    """

    def __init__(self, reason: str, payload: bytes = b"") -> None:
        super().__init__(reason)
        self.payload = payload


class _Decompressor(Protocol):
    def decompress(self, data: bytes) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


def _gzip() -> _Decompressor:
    return zlib.decompressobj(wbits=31)


def _zstandard() -> _Decompressor:
    return zstandard.ZstdDecompressor().decompressobj()


class Decompressed:
    """The content of a compressed file, which may consist of several parts one after another.

    Args:
        file: the compressed bytes.
        name: ``gz`` or ``zst``.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._make: Callable[[], _Decompressor] = _gzip if name == "gz" else _zstandard
        self._part: _Decompressor | None = None
        self._input = b""
        self._output = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; empty at the end.

        Raises:
            UnreadableError: damaged or cut off.
        """
        while not self._output:
            if not self._input:
                self._input = self._file.read(_INPUT_BYTES)
                if not self._input:
                    if self._part is not None:
                        raise UnreadableError(_("the compressed file is cut off"))
                    return b""
            self._decompress()
        output, self._output = self._output[:size], self._output[size:]
        return output

    def _decompress(self) -> None:
        self._part = self._part or self._make()
        try:
            self._output = self._part.decompress(self._input)
        except (zlib.error, zstandard.ZstdError) as error:
            raise UnreadableError(
                _("not a readable .{name} file ({reason})").format(name=self._name, reason=error)
            ) from error
        self._input = b""
        if self._part.eof:
            self._input, self._part = self._part.unused_data, None

    def skip(self, size: int) -> None:
        """Read and forget `size` bytes; stops at the end."""
        while size > 0:
            block = self.read(min(size, 1 << 20))
            if not block:
                return
            size -= len(block)
