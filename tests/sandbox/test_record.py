"""The record file: its mode, its lines, and what happens on a full disk."""

import os
import resource
import stat
from pathlib import Path

import pytest

from heap_tui.errors import UsageError
from heap_tui.sandbox.record import RecordFile


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    before = os.umask(0)
    try:
        RecordFile(path).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_events_are_written_at_once_and_byte_for_byte_but_for_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    record = RecordFile(path)
    record.append([b'{"a":\r\n 1.0}', b'{"b":"\\n \xc3\xa9"}'])
    assert path.read_bytes() == b'{"a":   1.0}\n{"b":"\\n \xc3\xa9"}\n'
    record.close()


def test_an_old_file_is_kept_closed_to_others_and_its_torn_line_ended(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b'{"old":1}\n{"torn":')
    path.chmod(0o644)
    record = RecordFile(path)
    record.append([b"{}"])
    record.close()
    assert path.read_bytes() == b'{"old":1}\n{"torn":\n{}\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_request_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    record = RecordFile(path)
    record.append([b'{"first":1}'])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            record.append([b'{"second":2}', b'{"third":"' + b"x" * 200 + b'"}'])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    record.append([b'{"again":3}'])
    record.close()
    assert path.read_bytes() == b'{"first":1}\n{"again":3}\n'


def test_a_file_that_cannot_be_made_is_a_usage_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "events.ndjson"
    with pytest.raises(UsageError) as caught:
        RecordFile(path)
    assert str(path) in caught.value.message
    assert caught.value.remedy
