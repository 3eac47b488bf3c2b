"""The rows heap-tui is measured against, and the environment of those that are Python programs."""

import subprocess
import sys
from functools import partial
from pathlib import Path

from tests.benchmarks import syslog_ng, workload
from tests.benchmarks.process import Job
from tests.benchmarks.rows import Row, Setting

REQUIREMENTS = ("httpx==0.28.1", "segment-analytics-python==2.4.0")
_HERE = Path(__file__).resolve().parent
_CEILING_S = 5


def python(work_dir: Path) -> str:
    """The interpreter of the peers' own environment, which is made at the first call."""
    home = work_dir / "peers"
    interpreter, done = home / "bin" / "python", home / "installed"
    if not done.exists() or done.read_text() != "\n".join(REQUIREMENTS):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        subprocess.run([str(interpreter), "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
        done.write_text("\n".join(REQUIREMENTS))
    return str(interpreter)


def _ceiling(setting: Setting) -> Job:
    body = workload.request_body(setting.files, setting.batch_size)
    load = ["wrk", "-t1", f"-c{setting.in_flight}", f"-d{_CEILING_S}s", "-s", str(_HERE / "ceiling.lua")]
    return Job([*load, setting.url, "--", str(body)], setting.directory)


def _httpx(setting: Setting, *, at_once: bool) -> Job:
    in_flight = setting.in_flight if at_once else 1
    arguments = [str(setting.ndjson), setting.url, str(setting.batch_size), str(in_flight)]
    return Job([python(setting.work_dir), str(_HERE / "peer_httpx.py"), *arguments], setting.directory)


def _segment(setting: Setting) -> Job:
    arguments = [str(setting.ndjson), setting.url, str(setting.batch_size)]
    return Job([python(setting.work_dir), str(_HERE / "peer_segment.py"), *arguments], setting.directory)


def _syslog_ng(setting: Setting, *, workers: int) -> Job:
    command = syslog_ng.command(setting.directory, setting.ndjson, setting.url, setting.batch_size, workers)
    return Job(command, setting.directory, finished=setting.all_arrived)


PEERS = (
    Row("ceiling", "wrk, ready-made bodies", _ceiling, sends_the_file=False),
    Row(
        "syslog-ng-1",
        "syslog-ng, reliable disk buffer, 1 worker",
        partial(_syslog_ng, workers=1),
        in_flight=1,
    ),
    Row(
        "syslog-ng-4",
        "syslog-ng, reliable disk buffer, 4 workers",
        partial(_syslog_ng, workers=4),
        in_flight=4,
    ),
    Row("httpx-1", "httpx script, one request after another", partial(_httpx, at_once=False), in_flight=1),
    Row("httpx-16", "httpx script, all in flight at once", partial(_httpx, at_once=True)),
    Row("segment", "segment-analytics-python", _segment, in_flight=1),
)
