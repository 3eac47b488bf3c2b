"""The set-up as a machine without a screen: state and answer give a question, an error, or the next state.

It remembers nothing and prints nothing, so that flags, line prompts and screens drive the same steps, and
tests drive them without any of these. Checking and saving are done by whoever drives it; the machine is told
the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from heap_tui.i18n import _
from heap_tui.setup import questions
from heap_tui.setup.answers import Answers
from heap_tui.setup.forms import ASKING, ORDER, Form, StepName, form
from heap_tui.setup.questions import Question, Raw
from heap_tui.setup.readers import AnswerError

Given = Mapping[str, Raw]


class Proof(StrEnum):
    """What the test step is told (key ``test``)."""

    PASSED = "passed"
    WAIVED = "waived"
    FAILED = "failed"


class Decision(StrEnum):
    """What the review step is told (key ``review``); the name of an earlier step goes back to it."""

    SAVE = "save"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class State:
    """Where a set-up stands.

    Args:
        step: the step that is asked now, or an end.
        answers: what is known.
        tested: endpoint and token passed their test, or it was waived, since they were last answered.
        then: the step to go on with after this one, when it is not the next: this one was opened again.
    """

    step: StepName
    answers: Answers
    tested: bool = False
    then: StepName | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Answers that were not taken; `problems`: words by the key of the question, or of the step."""

    problems: Mapping[str, str]


def step(state: State, given: Given | None = None) -> Form | Refusal | State:
    """Go one step.

    Args:
        state: where the set-up stands.
        given: raw answers by key; None asks for the form. A question that is not in it keeps its answer.

    Returns:
        The form of the present step; or what is wrong with `given`; or the next state.
    """
    if given is None:
        return form(state.step)
    if state.step is StepName.TEST:
        return _tested(state, given)
    if state.step is StepName.REVIEW:
        return _reviewed(state, given)
    answers, problems = answer(state.answers, form(state.step).questions, given)
    return Refusal(problems) if problems else _following(state, answers)


def _following(state: State, answers: Answers) -> State:
    """The state after a step with questions was answered; an end stays an end."""
    if state.step not in ASKING:
        return state
    tested = state.tested and state.step is not StepName.CREDENTIALS
    following = state.then or ORDER[ORDER.index(state.step) + 1]
    if following is StepName.REVIEW and not tested:
        following = StepName.TEST
    return replace(resume(answers, following), tested=tested)


def answer(answers: Answers, asked: tuple[Question, ...], given: Given) -> tuple[Answers, dict[str, str]]:
    """Take the answers to `asked` from `given`; also gives what is wrong, in words by key."""
    problems: dict[str, str] = {}
    for question in asked:
        if question.key in given:
            try:
                value = question.read(given[question.key], answers)
            except AnswerError as error:
                problems[question.key] = error.words
            else:
                answers = replace(answers, **{question.key: value})
        elif question.is_missing(answers):
            problems[question.key] = _("This is needed.")
    return answers, {**_contradictions(answers, asked), **problems}


def _contradictions(answers: Answers, asked: tuple[Question, ...]) -> dict[str, str]:
    """What single answers cannot show, said beside the later of the two."""
    both = sorted(set(answers.remove) & set(answers.hash))
    if both and any(question.key == "hash" for question in asked):
        words = _("{fields} cannot be both removed and hashed; leave it out of one of them.")
        return {"hash": words.format(fields=", ".join(both))}
    return {}


def problems_of(answers: Answers, name: StepName) -> dict[str, str]:
    """What keeps the answers of one step from being valid as they stand."""
    asked = form(name).questions
    there = {
        question.key: question.value(answers)
        for question in asked
        if question.kind is not questions.Kind.SECRET and question.value(answers) not in ("", ())
    }
    return answer(answers, asked, there)[1]


def resume(answers: Answers, reached: StepName) -> State:
    """The first step before `reached` with an answer that is missing or no longer valid, else `reached`."""
    for name in ORDER[: ORDER.index(reached)]:
        if problems_of(answers, name):
            return State(name, answers, then=reached)
    return State(reached, answers)


def missing(answers: Answers) -> tuple[Question, ...]:
    """The questions that nobody has answered yet and that have no default."""
    return tuple(question for question in questions.all_questions() if question.is_missing(answers))


def back(state: State) -> State:
    """The step before; the first one is its own."""
    if state.step not in ORDER:
        return state
    return replace(state, step=ORDER[max(0, ORDER.index(state.step) - 1)], then=None)


def _tested(state: State, given: Given) -> Refusal | State:
    if given.get("test") in (Proof.PASSED, Proof.WAIVED):
        return replace(state, step=StepName.REVIEW, tested=True)
    return Refusal({"test": _("The endpoint did not pass its test.")})


def _reviewed(state: State, given: Given) -> Refusal | State:
    decision = given.get("review")
    if decision == Decision.CANCEL:
        return replace(state, step=StepName.CANCELLED)
    if decision == Decision.SAVE and not state.tested:
        return replace(state, step=StepName.TEST)
    if decision == Decision.SAVE:
        return replace(state, step=StepName.SAVE)
    if decision in ASKING:
        return replace(state, step=StepName(decision), then=StepName.REVIEW)
    words = _("Answer save or cancel, or name a step to change: {steps}.")
    return Refusal({"review": words.format(steps=", ".join(ASKING))})
