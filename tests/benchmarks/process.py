"""Runs one program and measures it with all its children: time, CPU and memory (Linux only)."""

import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_EVERY_S = 0.05


class BenchmarkError(Exception):
    """A program under test, or the harness around it, did not do what it was started for."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run took.

    `cpu_s` is user and system time of the process and all children it waited for. `peak_mib` is the highest
    sum of the resident peaks of the processes alive at one moment: pages that forked processes share count
    twice. `machine_cpu_s` is what all cores were busy in the same span, whoever kept them so.
    """

    started_s: float
    ended_s: float
    cpu_s: float
    peak_mib: float
    machine_cpu_s: float
    exit_code: int
    stdout: str


@dataclass(frozen=True, slots=True)
class Job:
    """A command and what it needs; `finished` ends programs that never end by themselves."""

    command: Sequence[str]
    directory: Path
    environment: Mapping[str, str] | None = None
    piped_file: Path | None = None
    finished: Callable[[], bool] | None = None


def run(job: Job, deadline_s: float) -> Usage:
    """Run the job to its end; after `deadline_s` it is killed and BenchmarkError is raised."""
    if shutil.which(job.command[0]) is None:
        raise BenchmarkError(f"{job.command[0]} is not installed")
    feeder = _feeder(job.piped_file)
    machine_before, started_s = machine_cpu_s(), time.monotonic()
    process = _start(job, feeder)
    peak_mib = _watch(process.pid, job.finished, started_s + deadline_s)
    _pid, status, usage = os.wait4(process.pid, 0)
    ended_s, machine_after = time.monotonic(), machine_cpu_s()
    process.returncode = os.waitstatus_to_exitcode(status)
    if feeder:
        feeder.wait()
    if ended_s - started_s > deadline_s:
        raise BenchmarkError(f"{job.command[0]} was still running after {deadline_s:.0f} s and was killed")
    return Usage(
        started_s=started_s,
        ended_s=ended_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mib=peak_mib,
        machine_cpu_s=machine_after - machine_before,
        exit_code=process.returncode,
        stdout=(job.directory / "stdout").read_text(errors="replace"),
    )


def _feeder(file: Path | None) -> subprocess.Popen[bytes] | None:
    """A real pipe for standard input: a redirected file could be read in ways that a pipe cannot."""
    return subprocess.Popen(["cat", str(file)], stdout=subprocess.PIPE) if file else None


def _start(job: Job, feeder: subprocess.Popen[bytes] | None) -> subprocess.Popen[bytes]:
    with (job.directory / "stdout").open("wb") as out, (job.directory / "stderr").open("wb") as err:
        process = subprocess.Popen(
            job.command,
            stdin=feeder.stdout if feeder else subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**os.environ, **(job.environment or {})},
        )
    if feeder and feeder.stdout:
        feeder.stdout.close()  # the program owns the pipe alone, so that the feeder notices its end
    return process


def machine_cpu_s() -> float:
    """Seconds that all cores together have been busy since the start of the machine."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, _read("/proc/stat").split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _watch(pid: int, finished: Callable[[], bool] | None, deadline_at_s: float) -> float:
    """Wait for the end of `pid` without reaping it; return the peak memory of its tree in MiB."""
    peak_kib = 0
    pidfd = os.pidfd_open(pid)
    try:
        while not select.select([pidfd], [], [], _SAMPLE_EVERY_S)[0]:
            peak_kib = max(peak_kib, sum(_resident_peak_kib(each) for each in _tree(pid)))
            if finished is not None and finished():
                signal.pidfd_send_signal(pidfd, signal.SIGTERM)
                finished = None
            if time.monotonic() > deadline_at_s:
                for each in _tree(pid):
                    os.kill(each, signal.SIGKILL)
    finally:
        os.close(pidfd)
    return peak_kib / 1024


def _tree(pid: int) -> Iterator[int]:
    """The process and all its descendants."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in _read(task / "children").split():
            yield from _tree(int(child))


def _resident_peak_kib(pid: int) -> int:
    # VmHWM and not ru_maxrss: the latter starts at the size of the process that forked, which is the harness.
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def _read(path: str | Path) -> str:
    """The text of a file below /proc; empty when its process has just ended."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
