"""A Bloom filter: says of an id that it was never seen, without a look at the disk (pure)."""

from array import array
from collections.abc import Collection, Sequence

FILTER_BITS = 1 << 27  # 16 MiB: one false "perhaps" in a hundred at 6 million ids; beyond, only more look-ups


class Filter:
    """Remembers 16-byte keys, two probes each.

    Args:
        bits: size, a power of two up to 2**32.
    """

    def __init__(self, bits: int = FILTER_BITS) -> None:
        self._mask = bits - 1
        self._table = bytearray(bits // 8)

    def add(self, keys: Collection[bytes]) -> None:
        """Remember `keys`."""
        table, mask = self._table, self._mask
        for number in _numbers(keys):
            first, second = number & mask, (number >> 32) & mask
            table[first >> 3] |= 1 << (first & 7)
            table[second >> 3] |= 1 << (second & 7)

    def perhaps(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those of `keys` that may have been added; all others certainly were not."""
        table, mask = self._table, self._mask
        found = []
        for n, number in enumerate(_numbers(keys)):
            first = number & mask
            if table[first >> 3] >> (first & 7) & 1:
                second = (number >> 32) & mask
                if table[second >> 3] >> (second & 7) & 1:
                    found.append(keys[n])
        return found


def _numbers(keys: Collection[bytes]) -> "array[int]":
    """The first eight bytes of each key as a number: keys are hashes already, so their own bits serve as probes."""
    return array("Q", b"".join(keys))[::2]
