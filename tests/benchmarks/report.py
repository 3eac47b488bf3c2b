"""From single runs to the table: medians, spreads and ratios, as Markdown and as JSON."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

_COLUMNS = (
    "what",
    "events/s, median (lowest to highest)",
    "while sending",
    "CPU s per million",
    "peak MiB",
    "sink, % of a core",
    "others, % of the machine",
    "arrived",
    "x syslog-ng",
    "x segment",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one row.

    `events_per_s` counts from the start of the process to its end (syslog-ng never ends: to the last
    answer); `sending_per_s` from the first request to the last answer. `others_share` is the part of all
    cores that other programs had meanwhile: with more than a few percent the run says little.
    """

    row: str
    what: str
    latency_ms: float
    sent: int
    arrived: int
    requests: int
    elapsed_s: float
    events_per_s: float
    sending_per_s: float
    cpu_s_per_million: float
    peak_mib: float
    sink_share: float
    others_share: float
    complaint: str


@dataclass(frozen=True, slots=True)
class Summary:
    """All runs of one row at one latency; shares and memory are the worst seen, the rest are medians."""

    row: str
    what: str
    latency_ms: float
    runs: int
    sent: int
    events_per_s: float
    events_per_s_min: float
    events_per_s_max: float
    sending_per_s: float
    cpu_s_per_million: float
    peak_mib: float
    sink_share: float
    others_share: float
    all_arrived: bool
    times_syslog_ng: float | None
    times_segment: float | None


def summaries(runs: Sequence[Measured]) -> list[Summary]:
    """One summary for each row and latency, in the order in which they were first run."""
    groups: dict[tuple[float, str], list[Measured]] = {}
    for run in runs:
        groups.setdefault((run.latency_ms, run.row), []).append(run)
    speed = {key: statistics.median(run.events_per_s for run in group) for key, group in groups.items()}
    return [_summary(key, group, speed) for key, group in groups.items()]


def _summary(key: tuple[float, str], runs: list[Measured], speed: dict[tuple[float, str], float]) -> Summary:
    latency_ms, row = key
    return Summary(
        row=row,
        what=runs[0].what,
        latency_ms=latency_ms,
        runs=len(runs),
        sent=runs[0].sent,
        events_per_s=speed[key],
        events_per_s_min=min(run.events_per_s for run in runs),
        events_per_s_max=max(run.events_per_s for run in runs),
        sending_per_s=statistics.median(run.sending_per_s for run in runs),
        cpu_s_per_million=statistics.median(run.cpu_s_per_million for run in runs),
        peak_mib=max(run.peak_mib for run in runs),
        sink_share=max(run.sink_share for run in runs),
        others_share=max(run.others_share for run in runs),
        all_arrived=all(run.arrived == run.sent and not run.complaint for run in runs),
        times_syslog_ng=_ratio(speed, key, "syslog-ng"),
        times_segment=_ratio(speed, key, "segment"),
    )


def _ratio(speed: dict[tuple[float, str], float], key: tuple[float, str], peer: str) -> float | None:
    """How many times as fast as that peer's fastest row at the same latency; None when it was not run."""
    latency_ms, _row = key
    rivals = [value for (latency, row), value in speed.items() if latency == latency_ms and row.startswith(peer)]
    return speed[key] / max(rivals) if rivals else None


def markdown(found: Sequence[Summary]) -> str:
    """A table for each latency."""
    parts = []
    for latency_ms in dict.fromkeys(summary.latency_ms for summary in found):
        lines = [
            f"### {latency_ms:g} ms of latency at the sink",
            "",
            _line(_COLUMNS),
            _line(["---"] * len(_COLUMNS)),
        ]
        lines += [_line(_cells(summary)) for summary in found if summary.latency_ms == latency_ms]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def as_json(found: Sequence[Summary], runs: Sequence[Measured], machine: dict[str, Any]) -> dict[str, Any]:
    """Everything that was measured, single runs included."""
    return {
        "machine": machine,
        "rows": [asdict(each) for each in found],
        "runs": [asdict(each) for each in runs],
    }


def _cells(summary: Summary) -> list[str]:
    return [
        summary.what,
        f"{summary.events_per_s:,.0f} ({summary.events_per_s_min:,.0f} to {summary.events_per_s_max:,.0f})",
        f"{summary.sending_per_s:,.0f}",
        f"{summary.cpu_s_per_million:.1f}",
        f"{summary.peak_mib:.0f}",
        f"{summary.sink_share:.0%}",
        f"{summary.others_share:.0%}",
        f"all {summary.sent:,}" if summary.all_arrived else "NOT ALL",
        "" if summary.times_syslog_ng is None else f"{summary.times_syslog_ng:.2f}",
        "" if summary.times_segment is None else f"{summary.times_segment:.1f}",
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
