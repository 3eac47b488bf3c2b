"""Small random values; all randomness comes in from outside, so that a seed decides everything."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


def pick(rng: Random, items: Sequence[Item]) -> Item:
    """One of the items; much quicker than `Random.choice`, which matters once a field."""
    return items[int(rng.random() * len(items))]


def between(rng: Random, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    return low + int(rng.random() * (high - low + 1))


def hex_text(rng: Random, digits: int) -> str:
    """That many hexadecimal digits, as in Braze's object ids (24) and dispatch ids (32)."""
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def uuid_text(rng: Random) -> str:
    """A random UUID (version 4) as text; `uuid.UUID` would take three times as long."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
