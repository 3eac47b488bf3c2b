"""The options of ``--run``: what belongs together, what does not, and what a later version brings."""

import pytest

from heap_tui.cli.main import main
from heap_tui.cli.run import _rate
from heap_tui.errors import UsageError


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and standard error."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    out, err = capsys.readouterr()
    assert out == "" or not ended.value.code
    assert isinstance(ended.value.code, int)
    return ended.value.code, err


@pytest.mark.parametrize(
    "option", [("--source", "x"), ("--limit", "5"), ("--follow",), ("--dry-run",), ("--endpoint", "x"), ("--replay",)]
)
def test_an_option_of_run_needs_run(capsys: pytest.CaptureFixture[str], option: tuple[str, ...]) -> None:
    code, err = said(capsys, *option)
    assert code == 2
    assert f"{option[0]} goes with --run" in err
    assert f"heap-tui --run {option[0]}" in err


def test_an_option_of_run_before_a_command_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    code, err = said(capsys, "--limit", "5", "events", "list")
    assert code == 2
    assert "--limit belongs after the command, or to --run" in err
    assert "heap-tui events --help" in err


def test_run_takes_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, err = said(capsys, "--run", "doctor")
    assert code == 2
    assert "heap-tui doctor" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--metrics", "127.0.0.1:9"),
        ("--app-id", "1"),
        ("--identity", "user_id"),
        ("--region", "eu"),
        ("--destination", "track"),
    ],
)
def test_what_a_later_version_brings_is_named(capsys: pytest.CaptureFixture[str], arguments: tuple[str, str]) -> None:
    code, err = said(capsys, "--run", *arguments)
    assert code == 2
    assert arguments[0] in err
    assert "later version" in err


@pytest.mark.parametrize("text", ["500", "500/s", " 500/s", "5e2", "500.0"])
def test_a_rate_may_name_its_unit(text: str) -> None:
    assert _rate(text) == 500.0


@pytest.mark.parametrize("text", ["", "fast", "500/m", "/s", "5 0"])
def test_a_rate_that_is_none_is_repeated_with_the_way_to_write_it(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        _rate(text)
    assert repr(text) in caught.value.message
    assert "500/s" in caught.value.remedy
