"""The quick way for what nearly all input is: lines that are HTTP-shaped events and pass through as they are.

Everything that is looked at per event is looked at for a whole portion at once; whatever is out of the ordinary
sends the portion the long way, an event at a time.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

from heap_tui.currents.event import Event, Heads, Rejected, plain_heads
from heap_tui.pipeline.selection import Selection
from heap_tui.sources.base import Chunk
from heap_tui.spool.seen import keys_of


class Portion(NamedTuple):
    """Consecutive events, one entry each.

    Args:
        ids: their ids.
        types: their types.
        raws: each as it is to be sent; None where it is not wanted.
        keys: what stands for its id.
    """

    ids: list[str]
    types: list[str]
    raws: list[bytes | None]
    keys: Sequence[bytes]


def plain_portion(selection: Selection, chunk: Chunk, begin: int, stop: int) -> Portion | None:
    """The items of `chunk` from index `begin` to `stop` (excluded), None when they need a closer look."""
    if not (chunk.plain or chunk.decoded):
        return None
    try:
        if chunk.decoded:
            heads, lines = _decoded(cast("Sequence[Event]", chunk.items[begin:stop]))
            keys: Sequence[bytes] = keys_of(heads.ids)
        else:
            lines = cast("Sequence[bytes]", chunk.items[begin:stop])
            heads, keys = _looked_at(chunk, begin, stop) or _look_at(lines)
        return Portion(heads.ids, heads.types, selection.prepare_all(heads, lines), keys)
    except (Rejected, UnicodeEncodeError):
        return None


def _decoded(events: Sequence[Event]) -> tuple[Heads, Sequence[bytes]]:
    """What is known of events that were decoded already, and their JSON."""
    heads = Heads([one.id for one in events], [one.type for one in events], [one.identified for one in events])
    return heads, [one.raw for one in events]


def _looked_at(chunk: Chunk, begin: int, stop: int) -> tuple[Heads, Sequence[bytes]] | None:
    """What another process has found already."""
    if (heads := chunk.heads) is None:
        return None
    part = slice(begin, stop)
    return Heads(heads.ids[part], heads.types[part], heads.identified[part]), chunk.keys[part]


def _look_at(lines: Sequence[bytes]) -> tuple[Heads, Sequence[bytes]]:
    heads = plain_heads(lines)
    if heads is None:
        raise Rejected
    return heads, keys_of(heads.ids)
