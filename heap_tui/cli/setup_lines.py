"""The steps of a set-up as line prompts: works in every terminal, with a screen reader, and under TERM=dumb."""

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from heap_tui.i18n import _
from heap_tui.redact import redact_url, register_secret
from heap_tui.setup.answers import Answers
from heap_tui.setup.forms import Form, StepName
from heap_tui.setup.hints import hints
from heap_tui.setup.questions import Kind, Question, Raw
from heap_tui.setup.readers import NONE
from heap_tui.setup.session import Session
from heap_tui.setup.steps import Proof, Refusal, State, answer, step
from heap_tui.setup.summary import summary, token_words

_WIDTH = 78


class Lines(Protocol):
    """Where lines are written and read."""

    def say(self, text: str) -> None:
        """Show one line."""

    def ask(self, prompt: str, *, hidden: bool = False) -> str:
        """Show `prompt`, read one line; `hidden`: without showing what is typed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What people answered; the token beside the answers, since these never hold it."""

    answers: Answers
    token: str | None = field(repr=False)
    step: StepName = StepName.SAVE


Tester = Callable[[Answers, str | None], Proof]


def ask_missing(lines: Lines, session: Session, questions: Iterable[Question], told: Told) -> Told:
    """Ask only `questions`, until each has an answer that can be taken."""
    for question in questions:
        while True:
            given = _ask(lines, session, question, told.answers)
            answers, problems = answer(told.answers, (question,), given)
            if not problems:
                break
            _complain(lines, problems)
        told = Told(answers, _token_in(given) or told.token)
    return told


@dataclass(slots=True)
class Guide:
    """Goes through all steps.

    Args:
        lines: the terminal.
        session: what the set-up started from.
        test: checks endpoint and token, and shows what it finds.
        keep: gets the state after each step, so that it can be resumed.
    """

    lines: Lines
    session: Session
    test: Tester
    keep: Callable[[State], None]
    token: str | None = field(default=None, repr=False)

    def run(self, state: State) -> Told:
        """Ask from `state` on until the answers are to be saved or the set-up is cancelled."""
        while state.step not in (StepName.SAVE, StepName.CANCELLED):
            form = step(state)
            assert isinstance(form, Form)
            self._introduce(form)
            state = self._advance(state, form)
            self.keep(state)
        return Told(state.answers, self.token, state.step)

    def _introduce(self, form: Form) -> None:
        self.lines.say("")
        self.lines.say(f"{form.title}\n{'-' * len(form.title)}")
        _show(self.lines, form.text)

    def _advance(self, state: State, form: Form) -> State:
        """Ask until the step is done; what was refused is asked again."""
        if form.step is StepName.TEST:
            return self._test(state)
        again: tuple[str, ...] = ()
        while True:
            given = self._ask_review(state) if form.step is StepName.REVIEW else self._ask_form(state, form, again)
            result = step(state, given)
            if isinstance(result, State):
                return result
            assert isinstance(result, Refusal)
            _complain(self.lines, result.problems)
            # What was right is kept, so that only the rest is asked again.
            right = {key: raw for key, raw in given.items() if key not in result.problems}
            state = replace(state, answers=answer(state.answers, form.questions, right)[0])
            again = tuple(result.problems)

    def _ask_form(self, state: State, form: Form, again: tuple[str, ...]) -> dict[str, Raw]:
        given: dict[str, Raw] = {}
        for question in form.questions:
            if not again or question.key in again:
                given |= _ask(self.lines, self.session, question, state.answers)
        self.token = _token_in(given) or self.token
        return given

    def _ask_review(self, state: State) -> dict[str, Raw]:
        rows = list(summary(state.answers, self.session.key_for(state.answers)))
        width = max(len(label) for label, _value in rows)
        for label, value in rows:
            self.lines.say(f"  {label:<{width}}  {value}")
        for words in hints(state.answers):
            _show(self.lines, _("warning: {words}").format(words=words))
        said = self.lines.ask(_("  Save it? [save], cancel, or the name of a step to change"))
        return {"review": said.strip().lower() or "save"}

    def _test(self, state: State) -> State:
        """Test, and on failure ask what now: again, change the credentials, or cancel."""
        while (tested := self.test(state.answers, self.token)) is Proof.FAILED:
            said = self.lines.ask(_("  What now? [change] the credentials, test again, or cancel")).strip().lower()
            if said in ("cancel", "c"):
                return State(StepName.CANCELLED, state.answers)
            if said in ("", "change"):
                return State(StepName.CREDENTIALS, state.answers, then=StepName.REVIEW)
        result = step(state, {"test": tested})
        assert isinstance(result, State)
        return result


def _ask(lines: Lines, session: Session, question: Question, answers: Answers) -> dict[str, Raw]:
    """Ask one question; an empty line keeps what is there, so it gives nothing."""
    if len(question.choices) == 1 or (question.kind is Kind.SECRET and session.environment is not None):
        return {}
    lines.say("")
    _show(lines, question.help)
    present = _present(session, question, answers)
    prompt = f"  {question.prompt} [{present}]" if present else f"  {question.prompt}"
    said = lines.ask(prompt, hidden=question.kind is Kind.SECRET).strip()
    if question.kind is Kind.SECRET:
        register_secret(said)
        return {question.key: said}
    if question.kind is Kind.PLACES and said and said != NONE:
        return {question.key: [said, *_more(lines, question)]}
    return {question.key: said} if said else {}


def _more(lines: Lines, question: Question) -> list[str]:
    """The further places, until an empty line."""
    found = []
    while said := lines.ask(_("  One more {question} [no]").format(question=question.prompt)).strip():
        found.append(said)
    return found


def _present(session: Session, question: Question, answers: Answers) -> str:
    """What an empty line means."""
    value = question.value(answers)
    if question.kind is Kind.SECRET:
        return token_words(value)
    if question.kind is Kind.YES_NO:
        return _("yes") if value else _("no")
    if question.key == "name":
        return value or session.key_for(answers)
    shown = redact_url(value) if isinstance(value, str) else ", ".join(map(redact_url, value))
    return shown or ("" if question.needed else _("none"))


def _token_in(given: Mapping[str, Raw]) -> str | None:
    token = given.get("token")
    return token if isinstance(token, str) and token else None


def _complain(lines: Lines, problems: Mapping[str, str]) -> None:
    for words in problems.values():
        _show(lines, f"! {words}")


def _show(lines: Lines, text: str) -> None:
    for line in textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  "):
        lines.say(line)
