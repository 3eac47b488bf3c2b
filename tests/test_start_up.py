"""What is imported when: a light start, and an engine that knows no screen."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"textual", "httpx", "aiohttp", "fastavro", "zstandard", "keyring", "watchfiles", "uvicorn"}
SCREEN = {"textual", "click", "rich"}
HERE = Path(__file__).parent

# httpx brings a command line of its own, which takes click and rich when they are there. Where they are not, whoever
# needs them fails.
WITHOUT_SCREEN = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SCREEN!r}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
"""
SAY = """
import sys
from heap_tui.cli.main import main
try:
    main([{option!r}])
except SystemExit as end:
    assert not end.code
"""
ENGINE = """
import heap_tui.pipeline.run, heap_tui.pipeline.resolve
import heap_tui.sources.files, heap_tui.sources.avro, heap_tui.sources.watch
import heap_tui.delivery.connect, heap_tui.delivery.dry_run
import heap_tui.spool.store, heap_tui.currents.samples
import heap_tui.config.store, heap_tui.config.secrets
"""
A_RUN = """
import asyncio
from pathlib import Path
from tests.fakes import avro_files
from tests.pipeline.rig import Rig, lines
place = Path({place!r})
(place / "x.ndjson").write_text(lines("a") + "broken")
(place / "x.avro").write_bytes(avro_files.avro(avro_files.records("b")))
ran = asyncio.run(Rig(place / "state").go(place, "sample:?count=5&seed=1"))
assert ran.counts.delivered == 7
"""


def loaded_by(program: str) -> set[str]:
    """The packages that a fresh process has loaded when it has run `program`."""
    ending = "\nimport json, sys\nprint()\nprint(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", program + ending],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=HERE.parent,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_nothing_heavy(option: str) -> None:
    loaded = loaded_by(SAY.format(option=option))
    assert "click" in loaded
    assert not loaded & HEAVY


def test_the_engine_needs_no_screen_and_no_command_line() -> None:
    loaded = loaded_by(WITHOUT_SCREEN + ENGINE)
    assert "aiohttp" in loaded
    assert not loaded & SCREEN


def test_a_run_needs_none_either_not_even_late(tmp_path: Path) -> None:
    assert not loaded_by(WITHOUT_SCREEN + A_RUN.format(place=str(tmp_path))) & SCREEN


def test_the_engine_does_not_load_textual_even_if_it_is_there() -> None:
    assert "textual" not in loaded_by(ENGINE)
