"""A Bloom filter: says of an id that it was never seen, without a look at the disk (pure)."""

from array import array
from collections.abc import Collection, Sequence

FILTER_BITS = 1 << 27  # 16 MiB: one false "perhaps" in a hundred at 1.3 million ids; beyond, only more look-ups


class Filter:
    """Remembers 16-byte keys by one bit each.

    A second bit would halve the false answers, but costs as much for every id as it saves for these few.

    Args:
        bits: size, a power of two up to 2**64.
    """

    def __init__(self, bits: int = FILTER_BITS) -> None:
        self._mask = bits - 1
        self._table = bytearray(bits // 8)

    def add(self, keys: Collection[bytes]) -> None:
        """Remember `keys`."""
        table, mask = self._table, self._mask
        for number in _numbers(keys):
            bit = number & mask
            table[bit >> 3] |= 1 << (bit & 7)

    def perhaps(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those of `keys` that may have been added; all others certainly were not."""
        table, mask = self._table, self._mask
        bits = enumerate(number & mask for number in _numbers(keys))
        return [keys[n] for n, bit in bits if table[bit >> 3] >> (bit & 7) & 1]


def _numbers(keys: Collection[bytes]) -> "array[int]":
    """The first eight bytes of each key as a number: keys are hashes already, so their own bits serve as probes."""
    return array("Q", b"".join(keys))[::2]
