"""The sink as the harness sees it: a process that is started, reset before each run, and asked."""

import http.client
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Stats:
    """What the sink counted since its reset; see `sink.Counts`. `unique_ids` only when bodies were kept."""

    requests: int
    bytes: int
    events: int
    connections: int
    first_s: float
    last_s: float
    cpu_s: float
    unique_ids: int | None


class Target:
    """Starts the sink on entering and ends it on leaving; one port for the whole benchmark."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    def __enter__(self) -> "Target":
        command = [sys.executable, "-m", "tests.benchmarks.sink"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=dict(os.environ)
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait()

    @property
    def url(self) -> str:
        """The address to post to, with a slash at its end."""
        return f"http://127.0.0.1:{self._port}/"

    def reset(self, latency_ms: float, *, keep: bool = False) -> Stats:
        """Begin a run; returns the counts until then."""
        return self._get(f"/reset?latency_ms={latency_ms}&keep={int(keep)}")

    def stats(self) -> Stats:
        """The counts of this run."""
        return self._get("/stats")

    def _get(self, path: str) -> Stats:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("GET", path)
            return Stats(**json.loads(connection.getresponse().read()))
        finally:
            connection.close()
