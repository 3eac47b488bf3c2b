"""The rows of heap-tui itself, always the real program with a state directory of its own."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from tests.benchmarks import workload
from tests.benchmarks.process import BenchmarkError, Job, Usage
from tests.benchmarks.rows import Row, Setting

PRIOR_ROW = "heap-tui-prior"


def _command(setting: Setting, source: str, state_dir: Path) -> list[str]:
    """The program as installed beside this interpreter; its options are the contract of the command line."""
    program = Path(sys.executable).with_name("heap-tui")
    options = {
        "--source": source,
        "--endpoint": setting.url,
        "--state-dir": str(state_dir),
        "--batch-size": str(setting.batch_size),
        "--max-in-flight": str(setting.in_flight),
        "--output": "json",
    }
    return [str(program), "--run", "--quiet", *(part for option in options.items() for part in option)]


def _job(setting: Setting, source: str, piped_file: Path | None = None) -> Job:
    command = _command(setting, source, setting.directory / "state")
    return Job(command, setting.directory, environment=_environment(setting), piped_file=piped_file)


def _environment(setting: Setting) -> dict[str, str]:
    """No configuration of the person who measures, and a token, so that no keyring is asked."""
    return {"XDG_CONFIG_HOME": str(setting.directory), "HEAP_TUI_TOKEN": "benchmark"}


def _ndjson(setting: Setting) -> Job:
    return _job(setting, str(setting.ndjson))


def _avro(setting: Setting, *, codec: str) -> Job:
    return _job(setting, str(workload.avro_tree(setting.files, setting.events, codec)))


def _standard_input(setting: Setting) -> Job:
    return _job(setting, "-", piped_file=setting.ndjson)


def _after_prior_events(setting: Setting) -> Job:
    """Start from a copy of a state directory that has delivered other events before, to the same endpoint."""
    # The port is part of the destination, so a state directory serves only one run of the harness.
    filled = setting.directory.parent / "prior-state"
    if not filled.exists():
        prior = workload.prior_file(setting.files, setting.prior_events)
        environment = {**os.environ, **_environment(setting)}
        subprocess.run(_command(setting, str(prior), filled), env=environment, check=True, stdout=subprocess.DEVNULL)
    shutil.copytree(filled, setting.directory / "state")
    return _ndjson(setting)


def complaint(usage: Usage, events: int) -> str:
    """Compare the program's last line of JSON with what was asked of it."""
    try:
        account = json.loads(usage.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise BenchmarkError(f"heap-tui ended with {usage.exit_code} and printed no account of its run") from error
    if account["outcome"] != "complete" or account["delivered"] != events:
        return f"its own account: {account}"
    return ""


SUBJECTS = (
    Row("heap-tui-ndjson", "heap-tui, NDJSON file", _ndjson, complaint=complaint),
    Row(
        "heap-tui-deflate",
        "heap-tui, Avro files (deflate)",
        partial(_avro, codec="deflate"),
        complaint=complaint,
    ),
    Row(
        "heap-tui-snappy",
        "heap-tui, Avro files (snappy)",
        partial(_avro, codec="snappy"),
        complaint=complaint,
    ),
    Row("heap-tui-stdin", "heap-tui, NDJSON on standard input (spooled)", _standard_input, complaint=complaint),
    Row(PRIOR_ROW, "heap-tui, NDJSON file, earlier ids in the index", _after_prior_events, complaint=complaint),
)
