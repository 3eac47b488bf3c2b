"""How the sandbox's counts look on a terminal and in a log."""

import pytest
from rich.console import Console

from heap_tui.cli.sandbox_view import line, picture, printable, warning_lines
from heap_tui.sandbox.body import Received
from heap_tui.sandbox.tally import SandboxReport, Tally, Warned


def reported(*events: Received, warned: tuple[Warned, ...] = ()) -> SandboxReport:
    tally = Tally(100)
    tally.answered(200, 10)
    tally.accept(events)
    tally.warn(warned)
    return tally.report()


def painted(report: SandboxReport, width: int = 80, height: int = 24) -> list[str]:
    console = Console(width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(picture(report, height))
    return capture.get().splitlines()


def test_the_table_fits_80_by_24_however_much_there_is() -> None:
    events = [Received(f"users.type{number:03}." + "x" * 90, "i" * 40, 1.7e9, b"") for number in range(60)]
    lines = painted(reported(*events, warned=tuple(Warned)))
    assert len(lines) <= 24 - 3
    assert max(map(len, lines)) <= 80
    assert any("more types" in text for text in lines)


def test_a_taller_terminal_shows_more_types() -> None:
    report = reported(*(Received(f"type{number}", str(number), 1.0, b"") for number in range(30)))
    assert len(painted(report, height=50)) > len(painted(report, height=20))


def test_the_table_names_types_counts_times_and_short_ids() -> None:
    text = "\n".join(painted(reported(Received("users.messages.email.Click", "0123456789", 1700000000, b""))))
    assert "users.messages.email.Click" in text
    assert "2023-11-14 22:13:20" in text
    assert "01234567" in text
    assert "012345678" not in text


@pytest.mark.parametrize("moment", [1e30, -1e30])
def test_a_time_beyond_the_calendar_is_shown_as_its_number(moment: float) -> None:
    assert str(moment) in "\n".join(painted(reported(Received("t", "i", moment, b""))))


def test_what_a_sender_wrote_cannot_steer_the_terminal() -> None:
    text = "\n".join(painted(reported(Received("\x1b[31m[bold]\ud800x", "\x07\x9b", 1.0, b""))))
    assert "\x1b[31m" not in text
    assert "?[31m[bold]?x" in text
    assert "?" in printable("\x9b")


def test_a_line_counts_in_words_and_lost_replies_apart() -> None:
    tally = Tally(10)
    assert line(tally.report()) == "0 events (0 unique, 0 duplicates) in 0 requests"
    tally.answered(None)
    assert (
        line(tally.report(), rate=12.4) == "0 events (0 unique, 0 duplicates) in 1 request [no answer: 1], 12 events/s"
    )


def test_warnings_have_a_line_each_with_their_number() -> None:
    lines = warning_lines(reported(warned=(Warned.NULLS, Warned.NULLS, Warned.CONTENT_TYPE)))
    assert lines[0].startswith("warning: 2 requests with nulls")
    assert len(lines) == 2
