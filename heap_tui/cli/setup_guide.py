"""The guided set-up on a terminal: line prompts, the check, and a draft that can be resumed."""

import asyncio
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from heap_tui.cli.context import App
from heap_tui.cli.setup_lines import Guide, Told
from heap_tui.errors import ExitCode, StateError
from heap_tui.i18n import _
from heap_tui.setup import draft
from heap_tui.setup.answers import Answers
from heap_tui.setup.findings import Finding, State
from heap_tui.setup.forms import ORDER, StepName
from heap_tui.setup.session import Session, token_to_check, token_to_store
from heap_tui.setup.steps import Proof, resume
from heap_tui.setup.steps import State as Step


class Terminal:
    """Prompts on standard error, since standard output is for results."""

    def say(self, text: str) -> None:
        """Show one line."""
        click.echo(text, err=True)

    def ask(self, prompt: str, *, hidden: bool = False) -> str:
        """Read one line; an empty one is an answer, too."""
        return str(click.prompt(prompt, default="", show_default=False, hide_input=hidden, err=True))


def guide(app: App, session: Session, *, no_check: bool) -> Told:
    """Ask everything; ends the program when the set-up is cancelled."""
    from heap_tui.config.paths import state_dir

    place = state_dir(app.state_dir, os.environ)
    lines = Terminal()

    def test(answers: Answers, token: str | None) -> Proof:
        if no_check:
            return Proof.WAIVED
        return Proof.PASSED if check(app, session, answers, token) is ExitCode.OK else Proof.FAILED

    start = _resumed(lines, place, session) or Step(StepName.DESTINATION, session.answers)
    try:
        told = Guide(lines, session, test, lambda state: _keep(place, session, state)).run(start)
    except click.Abort:
        lines.say("")
        lines.say(_("Your answers are kept, without the token: heap-tui setup goes on with them."))
        raise
    if told.step is StepName.CANCELLED:
        draft.discard(place)
        lines.say(_("Cancelled; nothing was changed."))
        raise click.exceptions.Exit(ExitCode.STOPPED)
    return told


def forget_draft(app: App) -> None:
    """The set-up is finished: nothing is left to go on with."""
    from heap_tui.config.paths import state_dir

    draft.discard(state_dir(app.state_dir, os.environ))


def check(app: App, session: Session, answers: Answers, token: str | None) -> ExitCode:
    """Check endpoint and token, show what is found on standard error, and give the exit code."""
    from heap_tui.cli.findings import show_finding
    from heap_tui.config.model import DeliverySettings
    from heap_tui.setup.checks import Target, preflight
    from heap_tui.setup.keyring_check import keyring_finding

    def tell(finding: Finding) -> None:
        if not app.quiet or finding.state in (State.FAILED, State.WARNING):
            show_finding(app, finding, err=True)

    if token and token_to_store(session, answers, token):
        keyring = keyring_finding(os.environ, needed=True)
        tell(keyring)
        if keyring.state is State.FAILED:
            return ExitCode.USAGE
    settings = DeliverySettings() if session.base is None else session.base.delivery
    using = token_to_check(session, answers, token, os.environ)
    return asyncio.run(preflight(Target(answers.endpoint, using, settings, os.environ), tell)).exit_code


def _resumed(lines: Terminal, place: Path, session: Session) -> Step | None:
    """The first invalid step of a set-up that was interrupted, when people want to go on with it."""
    found = draft.load(place)
    if found is None or found.key != session.key:
        return None
    day = datetime.fromtimestamp(found.saved_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    said = lines.ask(_("There is an unfinished set-up from {day}. Go on with it? [yes]").format(day=day))
    if said.strip().lower() not in ("", "y", "yes", "s", "sim"):
        return None
    kept = replace(found.answers, token=session.answers.token, insecure_http=session.answers.insecure_http)
    reached = StepName.TEST if found.reached not in ORDER or found.reached is StepName.REVIEW else found.reached
    return resume(kept, reached)


def _keep(place: Path, session: Session, state: Step) -> None:
    try:
        answers = replace(state.answers, token=None)
        draft.save(place, draft.Draft(answers, state.then or state.step, session.key, time.time()))
    except StateError as error:
        # A draft is a convenience: without it the set-up goes on.
        click.echo(_("warning: {words}").format(words=error.message), err=True)
