"""Findings of checks as lines: a word, what was checked, what was found, and below it what to do."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import TextIO

import click

from heap_tui.cli.context import App
from heap_tui.i18n import _
from heap_tui.setup.findings import Finding, State

_COLORS = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "red", State.SKIPPED: None}
_INDENT = 10


def show_finding(app: App, finding: Finding, *, err: bool) -> None:
    """Print one finding, wrapped to the terminal's width, its word in colour where that is wanted."""
    stream = sys.stderr if err else sys.stdout
    word = state_word(finding.state)
    for number, line in enumerate(finding_lines(finding, text_width(stream))):
        if number == 0 and wants_color(app, stream):
            line = click.style(word, fg=_COLORS[finding.state]) + line[len(word) :]  # noqa: PLW2901 - the same line
        click.echo(line, err=err, color=True)


def state_word(state: State) -> str:
    """The state in a word, so that nothing depends on colour."""
    return {
        State.OK: _("ok"),
        State.WARNING: _("warning"),
        State.FAILED: _("not ok"),
        State.SKIPPED: _("skipped"),
    }[state]


def finding_lines(finding: Finding, width: int | None) -> Iterator[str]:
    """The lines of one finding; `width` is columns, None does not wrap."""
    text = f"{finding.title}: {finding.detail}" if finding.detail else finding.title
    lines = [*text.splitlines(), *finding.remedy.splitlines()]
    for number, line in enumerate(lines):
        word = state_word(finding.state) if number == 0 else ""
        yield from _wrapped(f"{word:<{_INDENT}}", line.strip(), width)


def _wrapped(head: str, text: str, width: int | None) -> list[str]:
    if width is None:
        return [head + text]
    later = " " * _INDENT
    return textwrap.wrap(text, width, initial_indent=head, subsequent_indent=later, break_on_hyphens=False)


def text_width(stream: TextIO) -> int | None:
    """Columns to wrap text to; None where nobody looks (a pipe or a file)."""
    return max(40, shutil.get_terminal_size().columns) if stream.isatty() else None


def wants_color(app: App, stream: TextIO) -> bool:
    """Whether colour is wanted on `stream`: a terminal, and neither ``--no-color`` nor ``NO_COLOR``."""
    plain = app.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain
