"""Every question of a set-up, declared once: flags, line prompts and screens are all made from this list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from heap_tui.i18n import _
from heap_tui.setup import readers
from heap_tui.setup.answers import Answers

Raw = str | bool | Sequence[str]  # what a flag, a line or a widget gives


class Kind(StrEnum):
    """How a question is put; a flag of kind LIST or PLACES may be repeated."""

    TEXT = "text"
    SECRET = "secret"  # never shown, never kept in the answers  # noqa: S105
    CHOICE = "choice"
    YES_NO = "yes_no"
    LIST = "list"  # one line may hold several, separated by commas or spaces
    PLACES = "places"  # one line holds one: paths may have commas and spaces


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Args:
        key: its field in `Answers`.
        flag: its flag on the command line.
        kind: how it is put.
        prompt: a few words, without punctuation.
        help: one sentence on what to answer.
        read: gives the value of a raw answer, or raises `AnswerError`.
        metavar: stands for the flag's value in the help.
        choices: what may be chosen; of a CHOICE with a single one nothing needs to be asked.
        needed: there is no answer without being told one.
    """

    key: str
    flag: str
    kind: Kind
    prompt: str
    help: str
    read: Callable[[Raw, Answers], Any]
    metavar: str = "TEXT"
    choices: tuple[str, ...] = ()
    needed: bool = False

    def value(self, answers: Answers) -> Any:
        """The present answer."""
        return getattr(answers, self.key)

    def is_missing(self, answers: Answers) -> bool:
        """Whether the answer is needed and not there."""
        return self.needed and not self.value(answers)


def destination_questions() -> tuple[Question, ...]:
    """Where events go."""
    return (
        Question(
            "destination",
            "--destination",
            Kind.CHOICE,
            _("Destination"),
            _("Heap's webhook for Braze; the track API comes with a later version."),
            readers.destination,
            metavar="webhook|track",
            choices=("webhook",),
        ),
    )


def credential_questions() -> tuple[Question, ...]:
    """What Heap gave: endpoint and token."""
    return (
        Question(
            "endpoint",
            "--endpoint",
            Kind.TEXT,
            _("Endpoint"),
            _("The https:// address that Heap shows for the Braze export."),
            readers.endpoint,
            metavar="URL",
            needed=True,
        ),
        Question(
            "token",
            "--token-stdin",
            Kind.SECRET,
            _("Token"),
            _("The endpoint's bearer token; it is kept in the keyring."),
            readers.token,
            needed=True,
        ),
    )


def name_questions() -> tuple[Question, ...]:
    """What people call this export."""
    return (
        Question(
            "name",
            "--name",
            Kind.TEXT,
            _("Name"),
            _("A name for this export, as in Braze."),
            readers.name,
            metavar="NAME",
        ),
    )


def event_questions() -> tuple[Question, ...]:
    """Which events are delivered."""
    return (
        Question(
            "events",
            "--events",
            Kind.LIST,
            _("Event types"),
            _("Globs of the types to deliver (such as users.messages.email.*)."),
            readers.globs_to_deliver,
            metavar="GLOB",
        ),
        Question(
            "exclude",
            "--exclude",
            Kind.LIST,
            _("Except"),
            _("Globs of the types to leave out."),
            readers.globs_to_leave_out,
            metavar="GLOB",
        ),
        Question(
            "anonymous",
            "--anonymous/--no-anonymous",
            Kind.YES_NO,
            _("Anonymous events"),
            _("Deliver also events of users without an external_user_id."),
            readers.yes_or_no,
        ),
    )


def privacy_questions() -> tuple[Question, ...]:
    """What becomes of personal data on the way."""
    return (
        Question(
            "remove",
            "--remove",
            Kind.LIST,
            _("Fields to remove"),
            _("Names of fields whose text becomes [REDACTED] in every event."),
            readers.fields,
            metavar="FIELD",
        ),
        Question(
            "hash",
            "--hash",
            Kind.LIST,
            _("Fields to hash"),
            _("Names of fields whose text becomes its SHA-256 in every event."),
            readers.fields,
            metavar="FIELD",
        ),
    )


def source_questions() -> tuple[Question, ...]:
    """Where events come from."""
    return (
        Question(
            "source",
            "--source",
            Kind.PLACES,
            _("Source"),
            _("A file, directory, glob or sample: URI to read from; without one, name it with --run."),
            readers.sources,
            metavar="URI",
        ),
    )


def all_questions() -> tuple[Question, ...]:
    """Every question, in the order in which they are asked."""
    return (
        *destination_questions(),
        *credential_questions(),
        *name_questions(),
        *event_questions(),
        *privacy_questions(),
        *source_questions(),
    )
