"""The result of a run on standard output: for people, or one line of JSON for scripts."""

import json
from typing import TYPE_CHECKING

import click

from heap_tui.i18n import _, ngettext
from heap_tui.pipeline.plan import Result, RunOutcome
from heap_tui.status import Counts

if TYPE_CHECKING:
    from heap_tui.sandbox.tally import SandboxReport

_MOST_TYPES = 8


def print_request(url: str, headers: dict[str, str], body: bytes, *, as_json: bool) -> None:
    """Show a request that is not sent."""
    text = body.decode("utf-8")
    if as_json:
        shown = json.dumps({"method": "POST", "url": url, "headers": headers}, ensure_ascii=False)
        # One line: in JSON a line break stands only between values. Other kinds of line ends may stand in strings.
        in_one_line = text.replace("\r", " ").replace("\n", " ")
        click.echo(f'{shown[:-1]}, "body": {in_one_line}}}')
        return
    click.echo(f"POST {url}")
    for name, value in headers.items():
        click.echo(f"{name}: {value}")
    click.echo(f"\n{text}\n")


def summary(result: Result, elapsed_s: float) -> dict[str, object]:
    """The JSON summary (README, "Summary"): the balance, requests, and how it ended."""
    counts = result.counts
    rate = counts.delivered / elapsed_s if elapsed_s > 0 else 0.0
    keys = ("read", "rejected", "skipped", "duplicates", "accepted", "delivered", "dead_lettered", "pending")
    more = ("given_back", "pending_before", "requests", "retries", "bytes_sent")
    numbers = counts.as_dict()
    return {
        "outcome": result.outcome.value,
        **{key: numbers[key] for key in (*keys, *more)},
        "elapsed_s": round(elapsed_s, 3),
        "events_per_s": round(rate, 1),
    }


def print_summary(result: Result, elapsed_s: float) -> None:
    """Print the JSON summary as one line, the last one on standard output."""
    click.echo(json.dumps(summary(result, elapsed_s)))


def print_trial(result: Result) -> None:
    """Print what a dry run would have sent."""
    counts = result.counts
    would = ngettext("Dry run: {n:,} event would be sent.", "Dry run: {n:,} events would be sent.", counts.pending)
    click.echo(would.format(n=counts.pending))
    click.echo(_read_line(counts))


def print_result(result: Result, elapsed_s: float, report: "SandboxReport | None") -> None:
    """Print what came of a run, for people."""
    for line in _lines(result, elapsed_s):
        click.echo(line)
    # Of a sandboxed run nothing is kept that advice could be about.
    for line in _advice(result.counts) if report is None else _sandbox_lines(report):
        click.echo(line)


def _lines(result: Result, elapsed_s: float) -> list[str]:
    counts = result.counts
    heads = {
        RunOutcome.COMPLETE: _("Complete"),
        RunOutcome.INTERRUPTED: _("Interrupted"),
        RunOutcome.HALTED: _("Halted"),
        RunOutcome.FAILED: _("Failed"),
    }
    rate = counts.delivered / elapsed_s if elapsed_s > 0 else 0.0
    delivered = ngettext("{n:,} event delivered", "{n:,} events delivered", counts.delivered)
    how = _(" in {seconds:.1f} s ({rate:,.0f}/s), {requests:,} requests, {retries:,} retries")
    balance = _(
        "  {accepted:,} accepted + {pending_before:,} pending before = "
        "{delivered:,} delivered + {dead_lettered:,} dead letters + {pending:,} pending"
    )
    return [
        f"{heads[result.outcome]}: {delivered.format(n=counts.delivered)}"
        + how.format(seconds=elapsed_s, rate=rate, requests=counts.requests, retries=counts.retries),
        _read_line(counts),
        balance.format(**counts.as_dict()),
    ]


def _read_line(counts: Counts) -> str:
    words = _(
        "  {read:,} read = {rejected:,} rejected + {skipped:,} skipped + "
        "{duplicates:,} duplicates + {accepted:,} accepted"
    )
    return words.format(**counts.as_dict())


def _advice(counts: Counts) -> list[str]:
    lines = []
    if counts.given_back:
        text = _("  {n:,} events were given back to their files; the next run reads them again.")
        lines.append(text.format(n=counts.given_back))
    if counts.dead_lettered or counts.rejected:
        lines.append(_("  heap-tui spool dead shows what was refused or rejected, and why."))
    if counts.pending:
        lines.append(_("  Pending events are kept; the next run delivers them first."))
    return lines


def _sandbox_lines(report: "SandboxReport") -> list[str]:
    lines = [
        _("The sandbox received {events:,} events ({unique:,} unique, {duplicates:,} duplicates):").format(
            events=report.events, unique=report.unique, duplicates=report.duplicates
        )
    ]
    shown = list(report.by_type.items())[:_MOST_TYPES]
    lines += [f"  {count:>9,}  {name}" for name, count in shown]
    if (more := len(report.by_type) - len(shown)) > 0:
        lines.append("  " + ngettext("and {n} more type", "and {n} more types", more).format(n=more))
    return lines
