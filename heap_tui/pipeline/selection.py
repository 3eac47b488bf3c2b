"""Which events are wanted, and what is done to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from heap_tui.currents.event import Event, Heads, Rejected
from heap_tui.currents.globs import compile_globs
from heap_tui.currents.transform import Transform
from heap_tui.i18n import _

_MOST_KNOWN = 10_000  # types are few; made-up ones must not fill the memory


@dataclass(frozen=True)
class Selection:
    """Which events are wanted, and what is done to them.

    Args:
        include: globs of event types.
        exclude: globs of event types that are never wanted.
        anonymous: also events without an ``external_user_id``.
        transform: what happens to personal data.
    """

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    anonymous: bool = True
    transform: Transform = field(default_factory=Transform)

    @cached_property
    def _matches(self) -> Callable[[str], bool]:
        return compile_globs(self.include, self.exclude)

    @cached_property
    def _known(self) -> dict[str, bool]:
        return {}

    def prepared(self, event: Event) -> bytes | None:
        """The event as it is to be sent, None when it is not wanted.

        Raises:
            Rejected: it is nested too deeply to be searched for personal data.
        """
        if not (event.identified or self.anonymous) or not self._wants(event.type):
            return None
        return self._transformed(event.raw)

    def prepare_all(self, heads: Heads, lines: Sequence[bytes]) -> list[bytes | None]:
        """The same for many events at once, which have those `heads`.

        Raises:
            Rejected: one of them is nested too deeply.
        """
        wanted = {name: self._wants(name) for name in set(heads.types)}
        if self.anonymous and self.transform.is_empty and all(wanted.values()):
            return list(lines)
        return [
            self._transformed(line) if wanted[event_type] and (self.anonymous or identified) else None
            for event_type, identified, line in zip(heads.types, heads.identified, lines, strict=True)
        ]

    def _transformed(self, raw: bytes) -> bytes:
        try:
            return self.transform.apply(raw)
        except RecursionError as error:
            raise Rejected(_("nested too deeply")) from error

    def _wants(self, event_type: str) -> bool:
        wanted = self._known.get(event_type)
        if wanted is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            wanted = self._known[event_type] = self._matches(event_type)
        return wanted
