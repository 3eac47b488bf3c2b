"""One invocation of the harness: runs rows against the sink and turns what they took into measurements."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.process import BenchmarkError, Job, Usage, run
from tests.benchmarks.report import Measured
from tests.benchmarks.rows import Row, Setting
from tests.benchmarks.target import Stats, Target

CHECKED_EVENTS = 50_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line, the same for every row."""

    events: int
    prior_events: int
    batch_size: int
    in_flight: int
    deadline_s: float


class Bench:
    """Runs rows one at a time, below `work_dir`; what a run wrote is removed after it."""

    def __init__(self, wanted: Wanted, work_dir: Path, target: Target) -> None:
        self._wanted = wanted
        self._work_dir = work_dir
        self._runs_dir = work_dir / f"runs-{os.getpid()}"
        self._target = target
        self._runs_started = 0

    def check(self, row: Row) -> None:
        """Send events to a sink that keeps them; raise BenchmarkError unless each arrived exactly once."""
        events = min(self._wanted.events, CHECKED_EVENTS)
        measured, stats = self._run(row, events, latency_ms=0, keep=True)
        if measured.complaint or not stats.events == stats.unique_ids == events:
            raise BenchmarkError(
                f"{row.name}: of {events} events {stats.events} arrived with {stats.unique_ids} different ids"
                f" {measured.complaint}"
            )

    def measure(self, row: Row, latency_ms: float) -> Measured:
        """Run a row once, timed, against a sink that only counts."""
        wanted = self._wanted
        events = row.events_for(wanted.events, latency_ms, wanted.in_flight, wanted.batch_size)
        return self._run(row, events, latency_ms, keep=False)[0]

    def clean_up(self) -> None:
        """Remove what outlived single runs."""
        shutil.rmtree(self._runs_dir, ignore_errors=True)

    def _run(self, row: Row, events: int, latency_ms: float, *, keep: bool) -> tuple[Measured, Stats]:
        setting = self._setting(row, events)
        try:
            self._target.reset(0)
            job = row.job(setting)  # may make files or an environment, or deliver earlier events: untimed
            sink_before_s, own_before_s = self._target.reset(latency_ms, keep=keep).cpu_s, time.process_time()
            usage = run(job, self._wanted.deadline_s)
            own_s = time.process_time() - own_before_s
            stats = self._target.stats()
            spent = Spent(job, usage, stats, stats.cpu_s - sink_before_s, own_s)
            return _measured(row, setting, latency_ms, spent), stats
        except (BenchmarkError, subprocess.CalledProcessError) as error:
            raise BenchmarkError(f"{row.name}: {error}{_last_words(setting.directory)}") from error
        finally:
            shutil.rmtree(setting.directory, ignore_errors=True)

    def _setting(self, row: Row, events: int) -> Setting:
        self._runs_started += 1
        directory = self._runs_dir / f"{self._runs_started:03d}-{row.name}"
        directory.mkdir(parents=True)
        return Setting(
            work_dir=self._work_dir,
            directory=directory,
            url=self._target.url,
            events=events,
            prior_events=self._wanted.prior_events,
            batch_size=self._wanted.batch_size,
            in_flight=self._wanted.in_flight,
            all_arrived=lambda: self._target.stats().events >= events,
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """What a finished run left behind to be reckoned up."""

    job: Job
    usage: Usage
    stats: Stats
    sink_cpu_s: float
    own_cpu_s: float


def _measured(row: Row, setting: Setting, latency_ms: float, spent: Spent) -> Measured:
    usage, stats = spent.usage, spent.stats
    if not stats.events:
        raise BenchmarkError(f"nothing arrived; exit code {usage.exit_code}")
    events = setting.events if row.sends_the_file else stats.events
    ends_by_itself = row.sends_the_file and spent.job.finished is None
    elapsed_s = (usage.ended_s if ends_by_itself else stats.last_s) - usage.started_s
    ran_s = usage.ended_s - usage.started_s
    others_s = max(0.0, usage.machine_cpu_s - usage.cpu_s - spent.sink_cpu_s - spent.own_cpu_s)
    return Measured(
        row=row.name,
        what=row.what,
        latency_ms=latency_ms,
        sent=events,
        arrived=stats.events,
        requests=stats.requests,
        elapsed_s=elapsed_s,
        events_per_s=events / elapsed_s,
        sending_per_s=events / (stats.last_s - stats.first_s),
        cpu_s_per_million=usage.cpu_s / events * 1e6,
        peak_mib=usage.peak_mib,
        sink_share=spent.sink_cpu_s / ran_s,
        others_share=others_s / ran_s / (os.cpu_count() or 1),
        complaint=row.complaint(usage, events) or (f"exit code {usage.exit_code}" if usage.exit_code else ""),
    )


def _last_words(directory: Path) -> str:
    stderr = directory / "stderr"
    words = stderr.read_text(errors="replace")[-2000:].strip() if stderr.exists() else ""
    return f"\n{words}" if words else ""
