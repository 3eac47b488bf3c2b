"""The steps of a set-up: their order, what each says, and what it asks."""

from dataclasses import dataclass
from enum import StrEnum

from heap_tui.i18n import _
from heap_tui.setup import questions
from heap_tui.setup.questions import Question


class StepName(StrEnum):
    """The steps in their order, and the two ends."""

    DESTINATION = "destination"
    CREDENTIALS = "credentials"
    NAME = "name"
    EVENTS = "events"
    PRIVACY = "privacy"
    SOURCE = "source"
    TEST = "test"
    REVIEW = "review"
    SAVE = "save"
    CANCELLED = "cancelled"


ORDER = tuple(StepName)[:8]
ASKING = ORDER[:6]  # the steps with questions


@dataclass(frozen=True, slots=True)
class Form:
    """What a step asks: its questions, all of which may be answered at once."""

    step: StepName
    title: str
    text: str
    questions: tuple[Question, ...]


def form(name: StepName) -> Form:
    """What a step says and asks."""
    asked = {
        StepName.DESTINATION: questions.destination_questions,
        StepName.CREDENTIALS: questions.credential_questions,
        StepName.NAME: questions.name_questions,
        StepName.EVENTS: questions.event_questions,
        StepName.PRIVACY: questions.privacy_questions,
        StepName.SOURCE: questions.source_questions,
    }
    title, text = _words()[name]
    return Form(name, title, text, asked[name]() if name in asked else ())


def _words() -> dict[StepName, tuple[str, str]]:
    """Title and explanation of every step (where to click: protocol.md section 4)."""
    return {
        StepName.DESTINATION: (
            _("Destination"),
            _("Events of Braze Currents go to Heap in the form that Braze's own connector uses."),
        ),
        StepName.CREDENTIALS: (
            _("Heap credentials"),
            _("Heap gives an endpoint and a token for the Braze export. The token goes to the keyring only."),
        ),
        StepName.NAME: (
            _("Name"),
            _("In Braze, the same export is made under Partner Integrations > Data Export > Heap Export."),
        ),
        StepName.EVENTS: (
            _("Events"),
            _(
                "Globs choose the types: users.messages.* (messages), users.behaviors.* (behaviour), "
                "* (everything, also types that are yet to come)."
            ),
        ),
        StepName.PRIVACY: (
            _("Privacy"),
            _("Named fields are changed in every event before it leaves this machine."),
        ),
        StepName.SOURCE: (
            _("Source"),
            _("Where events are read from; sample:?count=100 makes some up."),
        ),
        StepName.TEST: (
            _("Test"),
            _("An empty batch checks the endpoint and the token; it creates no data in Heap."),
        ),
        StepName.REVIEW: (_("Review"), _("Nothing has been saved yet.")),
        StepName.SAVE: (_("Save"), ""),
        StepName.CANCELLED: (_("Cancelled"), _("Nothing was changed.")),
    }
