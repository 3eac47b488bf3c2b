"""Processes that decode large files end with the program, however it ends."""

import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fakes.avro_files import avro, records
from tests.fakes.delivery import names
from tests.fakes.endpoint import Endpoint, Reply
from tests.fakes.program import Program, until


@pytest.mark.parametrize(
    "signals", [[signal.SIGKILL], [signal.SIGTERM, signal.SIGTERM]], ids=["killed", "left at once"]
)
def test_no_process_outlives_the_program(tmp_path: Path, signals: list[signal.Signals]) -> None:
    path = tmp_path / "events.avro"
    path.write_bytes(
        avro(records(*names(6000, "large-enough-to-be-decoded-in-processes-of-its-own-" * 2)), a_block=500)
    )
    never = threading.Event()
    with Endpoint(lambda _request: Reply(after=never)) as endpoint:
        running = Program(tmp_path).start("--endpoint", endpoint.url, "--source", str(path))
        endpoint.wait_for_requests(1)
        group = running.process.pid
        assert len(members(group)) > 1
        try:
            running.signal(signals[0])
            for number in signals[1:]:
                assert running.process.stderr is not None
                running.process.stderr.readline()  # it says that it is stopping
                running.signal(number)
            running.process.wait(30)
            until(lambda: members(group) == [], timeout_s=10)
        finally:
            running.end_group()
        running.finish()


def members(group: int) -> list[int]:
    """The living processes of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):  # it ended meanwhile
            if entry.name.isdigit():
                state, _parent, its_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                if int(its_group) == group and state != "Z":
                    found.append(int(entry.name))
    return found
