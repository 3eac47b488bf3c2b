"""Reading through gzip and Zstandard, with an error where the file is cut off."""

import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

import zstandard

from heap_tui.i18n import _

_INPUT_BYTES = 1 << 10  # little, because what comes out may be thirty thousand times as much


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
        self._at = 0  # everything in the output before it was given
        self._damage: UnreadableError | None = None

    def read(self, size: int) -> bytes:
        """`size` bytes, fewer before the end or a damaged place; empty at the end.

        Raises:
            UnreadableError: damaged or cut off here.
        """
        parts = []
        while size > 0 and (self._at < len(self._output) or self._refill()):
            part = self._output[self._at : self._at + size]
            self._at += len(part)
            size -= len(part)
            parts.append(part)
        if not parts and self._damage is not None:
            raise self._damage
        return b"".join(parts)

    def _refill(self) -> bool:
        """Unpack some more; False when there is no more, or it is damaged."""
        self._output, self._at = b"", 0
        while not self._output and self._damage is None:
            self._input = self._input or self._file.read(_INPUT_BYTES)
            if not self._input:
                if self._part is not None:
                    self._damage = UnreadableError(_("the compressed file is cut off"))
                return False
            self._decompress()
        return bool(self._output)

    def _decompress(self) -> None:
        self._part = self._part or self._make()
        try:
            self._output = self._part.decompress(self._input)
        except (zlib.error, zstandard.ZstdError) as error:
            text = _("not a readable .{name} file ({reason})")
            self._damage = UnreadableError(text.format(name=self._name, reason=error))
            return
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
