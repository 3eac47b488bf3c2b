"""What a row of the table is: a name, a program to start, and how much of it is in flight at most."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import workload
from tests.benchmarks.process import Job, Usage

# A row with few requests in flight is bound by the latency and only repeats itself: this long is enough.
_LONGEST_WAIT_S = 10


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything a row needs to know of one run; `directory` is fresh, `files` outlives the run."""

    work_dir: Path
    directory: Path
    url: str
    events: int
    prior_events: int
    batch_size: int
    in_flight: int
    all_arrived: Callable[[], bool]

    @property
    def files(self) -> Path:
        """Where the input files are kept."""
        folder = self.work_dir / "files"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def ndjson(self) -> Path:
        """The events of this run, one a line."""
        return workload.ndjson_file(self.files, self.events)


def _no_complaint(_usage: Usage, _events: int) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `job` says what to start; `complaint` looks at the finished program's own account and returns what is
    wrong with it, or nothing; `in_flight` is set where the program cannot have as many requests open as it
    is asked for.
    """

    name: str
    what: str
    job: Callable[[Setting], Job]
    in_flight: int | None = None
    sends_the_file: bool = True
    complaint: Callable[[Usage, int], str] = _no_complaint

    def events_for(self, asked: int, latency_ms: float, setting_in_flight: int, batch_size: int) -> int:
        """How many of the `asked` events to send: fewer where latency alone decides how long it takes."""
        if not latency_ms:
            return asked
        requests_a_second = (self.in_flight or setting_in_flight) * 1000 / latency_ms
        return min(asked, int(requests_a_second * _LONGEST_WAIT_S) * batch_size)
