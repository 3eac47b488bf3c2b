"""What a source is: portions of raw items, each with a position to resume from."""

from collections.abc import Sequence
from dataclasses import dataclass

from heap_tui.currents.event import Event, Heads

CHUNK_BYTES = 1 << 18
# Unreadable items are kept with the dead letters up to here; a longer line is no event of any kind.
MAX_ITEM_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Broken:
    """Something in a source that is no item at all.

    Args:
        reason: why, in words.
        payload: its bytes as far as they are worth keeping.
    """

    reason: str
    payload: bytes = b""


Raw = bytes | Event | Broken


@dataclass(slots=True)
class Chunk:
    """Consecutive items of one source.

    Args:
        items: JSON texts, events that were decoded already, or broken places; empty bytes are blank lines.
        start: position of the first item.
        ends: position after each item.
        line: line number of the first item, 0 when the source has no lines or they are not known.
        nulls: an item may hold nulls.
        plain: the items are lines of valid UTF-8 without nulls, none of them blank.
        decoded: all items are events.
        heads: of all items, when they were looked at already and pass through as they are.
        keys: what stands for their ids then.
        partial: the last item has no line end yet.
    """

    items: list[Raw]
    start: int
    ends: list[int]
    line: int = 0
    nulls: bool = True
    partial: bool = False
    plain: bool = False
    decoded: bool = False
    heads: Heads | None = None
    keys: Sequence[bytes] = ()
