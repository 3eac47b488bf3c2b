"""What is odd about answers, though it may be meant: warnings for set-up, one sentence each."""

from collections.abc import Iterator, Sequence

from heap_tui.currents.catalog import catalog
from heap_tui.currents.globs import compile_globs
from heap_tui.currents.transform import ENVELOPE
from heap_tui.i18n import _
from heap_tui.setup.answers import Answers


def hints(answers: Answers) -> Iterator[str]:
    """The oddities of `answers`; new types and custom fields must pass, so nothing here is an error."""
    for flag, globs in (("--events", answers.events), ("--exclude", answers.exclude)):
        yield from unmatched_globs(flag, globs)
    for flag, names in (("--remove", answers.remove), ("--hash", answers.hash)):
        yield from _odd_fields(flag, names)
    if not any(map(compile_globs(answers.events, answers.exclude), catalog().names)):
        yield _("No event type that is known today would be delivered.")


def unmatched_globs(flag: str, globs: Sequence[str]) -> Iterator[str]:
    """Globs that match no type of the catalogue."""
    for glob in globs:
        if not catalog().matching([glob]):
            yield _("{flag}: {glob} matches no event type that is known today; see heap-tui events list.").format(
                flag=flag, glob=glob
            )


def _odd_fields(flag: str, names: Sequence[str]) -> Iterator[str]:
    known = {field.name for event_type in catalog() for field in event_type.fields}
    for name in names:
        if name in ENVELOPE:
            yield _("{flag}: {name} belongs to the envelope and is never changed.").format(flag=flag, name=name)
        elif name not in known:
            yield _("{flag}: no known event type has the field {name}; custom properties may.").format(
                flag=flag, name=name
            )
