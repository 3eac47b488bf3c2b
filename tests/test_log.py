"""Log lines for people and for machines, with no secret in any of them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from heap_tui import log
from heap_tui.redact import register_secret

SECRET = "very-secret-token"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root, names = logging.getLogger(), ["heap_tui", "httpcore", "hpack", "h2", "httpx"]
    handlers, level, factory = root.handlers[:], root.level, logging.getLogRecordFactory()
    levels = {name: logging.getLogger(name).level for name in names}
    register_secret(SECRET)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.setLogRecordFactory(factory)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def _configured(form: Any = "human", verbose: int = 0, *, quiet: bool = False) -> io.StringIO:
    stream = io.StringIO()
    log.configure(form, verbose, quiet=quiet, stream=stream)
    return stream


def _fail() -> None:
    raise ValueError(f"refused {SECRET}")


@pytest.mark.parametrize("form", ["human", "json"])
@pytest.mark.parametrize("name", ["heap_tui.delivery", "httpx", "aiohttp.client", "asyncio"])
def test_no_logger_lets_a_secret_out(form: str, name: str) -> None:
    stream = _configured(form, 2)
    logger = logging.getLogger(name)
    logger.warning("sent %s with %r", SECRET, {"Authorization": "Bearer abc.def"})
    # In variables, since a stack shows its source lines.
    url, fields = "https://u:hidden1@h/?sig=hidden2", {"note": SECRET, "token": "hidden3"}
    logger.error("GET %s", url, stack_info=True, extra=fields)
    try:
        _fail()
    except ValueError:
        logger.exception("it failed")
    for secret in (SECRET, "abc.def", "hidden1", "hidden2", "hidden3"):
        assert secret not in stream.getvalue()
    assert "ValueError: refused [token]" in stream.getvalue()
    assert "Traceback" in stream.getvalue()


def test_handlers_of_others_get_redacted_records_too(caplog: pytest.LogCaptureFixture) -> None:
    log.configure(stream=io.StringIO())
    logging.getLogger().addHandler(caplog.handler)
    try:
        _fail()
    except ValueError:
        logging.getLogger("other").exception("token %s", SECRET)
    assert caplog.records[0].getMessage() == "token [token]"
    assert SECRET not in caplog.text
    assert "refused [token]" in caplog.text


def test_arguments_without_secrets_stay_arguments(caplog: pytest.LogCaptureFixture) -> None:
    log.configure(stream=io.StringIO())
    logging.getLogger().addHandler(caplog.handler)
    logging.getLogger("other").warning("%s events", 5)
    assert caplog.records[0].args == (5,)


class _Broken:
    def __str__(self) -> str:
        raise RuntimeError(SECRET)


@pytest.mark.parametrize("args", [("one", SECRET), (_Broken(),)])
def test_arguments_that_do_not_fit_are_not_printed(
    args: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    stream = _configured()
    logging.getLogger("heap_tui").warning("only %s", *args)
    assert "only %s (its arguments do not fit)" in stream.getvalue()
    assert SECRET not in stream.getvalue() + capsys.readouterr().err


def test_a_line_for_people_is_time_level_and_message() -> None:
    stream = _configured()
    logging.getLogger("heap_tui.pipeline").info("delivered %d events", 100)
    assert stream.getvalue()[2:3] + stream.getvalue()[5:6] == "::"
    assert stream.getvalue()[8:] == " INFO delivered 100 events\n"


def test_what_a_remote_end_said_cannot_forge_lines_or_steer_the_terminal() -> None:
    stream = _configured()
    logging.getLogger("heap_tui").warning("answer: %s", "a\n12:00:00 ERROR forged\x1b[2J\r\x9b")
    assert stream.getvalue()[8:] == " WARNING answer: a\\n12:00:00 ERROR forged\\x1b[2J\\x0d\\x9b\n"


def test_a_line_for_machines_is_one_json_object_with_the_extra_fields() -> None:
    stream = _configured("json")
    extra = {
        "events": 100,
        "rate": float("nan"),
        "nested": {"access_token": "x", "list": [SECRET, 1, None, True]},
        "level": "mine",
    }
    logging.getLogger("heap_tui.delivery").info("ação\ndelivered", extra=extra)
    (line,) = stream.getvalue().splitlines()
    fields = json.loads(line, parse_constant=pytest.fail)
    assert fields.pop("time")[-5] == "."
    assert fields == {
        "level": "INFO",
        "logger": "heap_tui.delivery",
        "message": "ação\ndelivered",
        "events": 100,
        "rate": "nan",
        "nested": {"access_token": "[token]", "list": ["[token]", 1, None, True]},
    }


def test_the_time_for_machines_is_utc() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "m", None, None)
    record.created = 1_700_000_000.25
    assert json.loads(log.JsonFormatter().format(record))["time"] == "2023-11-14T22:13:20.250Z"


def test_a_record_made_before_logging_was_configured_is_redacted_when_written() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "m %s", (SECRET,), (ValueError, ValueError(SECRET), None))
    for formatter in (log.JsonFormatter(), log.HumanFormatter()):
        assert SECRET not in formatter.format(record)


@pytest.mark.parametrize(
    ("verbose", "quiet", "expected"),
    [
        (0, False, {"heap_tui": "INFO", "httpx": "WARNING", "aiohttp": "WARNING", "httpcore": "WARNING"}),
        (1, False, {"heap_tui": "DEBUG", "httpx": "WARNING", "aiohttp": "WARNING", "httpcore": "WARNING"}),
        (2, False, {"heap_tui": "DEBUG", "httpx": "DEBUG", "aiohttp": "DEBUG", "httpcore": "INFO", "hpack": "INFO"}),
        (2, True, {"heap_tui": "WARNING", "httpx": "WARNING"}),
    ],
)
def test_verbosity_sets_what_is_said(verbose: int, quiet: bool, expected: dict[str, str]) -> None:
    _configured(verbose=verbose, quiet=quiet)
    levels = {name: logging.getLevelName(logging.getLogger(name).getEffectiveLevel()) for name in expected}
    assert levels == expected


def test_configuring_again_replaces_what_was_there() -> None:
    first, second = _configured(), _configured("json")
    logging.getLogger("heap_tui").warning("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1
