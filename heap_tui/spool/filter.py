"""A Bloom filter: says of an id that it was never seen, without a look at the disk (pure)."""

import struct
from collections.abc import Iterable

FILTER_BITS = 1 << 27  # 16 MiB: one false "perhaps" in a hundred at 6 million ids; beyond, only more look-ups
_PROBES = struct.Struct("<II8x").unpack  # keys are hashes already, so that their own bits serve as probes


class Filter:
    """Remembers 16-byte keys, two probes each.

    Args:
        bits: size, a power of two up to 2**32.
    """

    def __init__(self, bits: int = FILTER_BITS) -> None:
        self._mask = bits - 1
        self._table = bytearray(bits // 8)

    def add(self, keys: Iterable[bytes]) -> None:
        """Remember `keys`."""
        table, mask = self._table, self._mask
        for key in keys:
            first, second = _PROBES(key)
            first &= mask
            second &= mask
            table[first >> 3] |= 1 << (first & 7)
            table[second >> 3] |= 1 << (second & 7)

    def perhaps(self, keys: Iterable[bytes]) -> list[bytes]:
        """Those of `keys` that may have been added; all others certainly were not."""
        table, mask = self._table, self._mask
        found = []
        for key in keys:
            first, second = _PROBES(key)
            first &= mask
            if table[first >> 3] >> (first & 7) & 1:
                second &= mask
                if table[second >> 3] >> (second & 7) & 1:
                    found.append(key)
        return found
