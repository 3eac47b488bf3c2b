"""What a run says on standard output, and what it logs."""

import json
import logging

import pytest

from heap_tui.cli.run_log import RunLog
from heap_tui.cli.run_report import print_request, print_result, print_summary, print_trial, summary
from heap_tui.pipeline.plan import Result, RunOutcome
from heap_tui.sandbox.tally import SandboxReport
from heap_tui.status import BatchSent, Counts, EventDeadLettered, ItemRejected, Noticed, State, StateChanged, Status

COUNTS = Counts(
    read=20_000, rejected=1, skipped=2, duplicates=3, accepted=19_994, delivered=19_000, dead_lettered=4, requests=190,
    retries=7, given_back=5, pending_before=10, bytes_sent=123, unknown=2,
)  # fmt: skip
KEYS = [
    *("outcome", "read", "rejected", "skipped", "duplicates", "accepted", "delivered", "dead_lettered", "pending"),
    *("given_back", "pending_before", "requests", "retries", "bytes_sent", "elapsed_s", "events_per_s"),
]


def result(counts: Counts = COUNTS, outcome: RunOutcome = RunOutcome.INTERRUPTED) -> Result:
    return Result(outcome, counts)


def test_the_summary_has_the_promised_keys_and_balances(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(result(), 2.0)
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert list(found) == KEYS
    assert found["pending"] == 19_994 + 10 - 19_000 - 4
    assert (found["outcome"], found["elapsed_s"], found["events_per_s"]) == ("interrupted", 2.0, 9_500.0)


def test_a_run_of_no_time_has_no_rate() -> None:
    assert summary(result(), 0.0)["events_per_s"] == 0.0


def test_people_read_the_balance_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(result(), 2.0, None)
    out = capsys.readouterr().out
    assert out.startswith("Interrupted: 19,000 events delivered in 2.0 s (9,500/s), 190 requests, 7 retries\n")
    for words in ("20,000 read", "1 rejected", "19,994 accepted", "1,000 pending", "5 events were given back"):
        assert words in out
    assert "spool dead" in out
    assert "the next run delivers them first" in out


def test_a_run_without_trouble_gives_no_advice(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(result(Counts(read=1, accepted=1, delivered=1), RunOutcome.COMPLETE), 1.0, None)
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_sandboxed_run_tells_what_arrived_and_advises_nothing_about_state(
    capsys: pytest.CaptureFixture[str],
) -> None:
    by_type = {f"type.{n}": 20 - n for n in range(10)}
    report = SandboxReport(
        events=155, unique=150, duplicates=5, unchecked=0, requests=2, unanswered=0, by_status={200: 2},
        by_type=by_type, last_events=(), bytes=1, warnings={},
    )  # fmt: skip
    print_result(result(), 1.0, report)
    out = capsys.readouterr().out
    assert "The sandbox received 155 events (150 unique, 5 duplicates):" in out
    assert "type.7" in out
    assert "type.8" not in out
    assert "and 2 more types" in out
    assert "spool dead" not in out


def test_a_trial_tells_what_would_be_sent(capsys: pytest.CaptureFixture[str]) -> None:
    print_trial(result(Counts(read=1, accepted=1)))
    assert capsys.readouterr().out.startswith("Dry run: 1 event would be sent.\n")


@pytest.mark.parametrize("text", ["\u2028", "\x85", "\x0b", "\x1c", "é", "\\n"])
def test_a_shown_body_is_the_body_on_one_line(capsys: pytest.CaptureFixture[str], text: str) -> None:
    body = f'{{"events":[{{"id":"a",\n\r "x":"{text}"}}]}}'
    print_request("http://x/", {"A": "b"}, body.encode(), as_json=True)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    shown = json.loads(out, strict=False)
    assert shown == {
        "method": "POST",
        "url": "http://x/",
        "headers": {"A": "b"},
        "body": json.loads(body, strict=False),
    }


class TestLog:
    @pytest.fixture(autouse=True)
    def _log(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "heap_tui")
        self.caplog = caplog
        self.log = RunLog(Status())

    def said(self) -> list[tuple[str, str]]:
        return [(record.levelname, record.getMessage()) for record in self.caplog.records]

    def batch(self, **more: object) -> BatchSent:
        given = {"events": 2, "bytes": 10, "status": 200, "outcome": "200 OK", "elapsed_s": 0.1, "verdict": "accepted"}
        return BatchSent(**given | more)  # type: ignore[arg-type]

    def test_rejected_items_are_warned_of_with_their_place(self) -> None:
        self.log.tell(ItemRejected("x.ndjson", "line 2", "no"))
        self.log.tell(ItemRejected("y.ndjson", "", "cannot be read"))
        assert self.said() == [
            ("WARNING", "x.ndjson, line 2: rejected: no"),
            ("WARNING", "y.ndjson: rejected: cannot be read"),
        ]

    def test_of_many_only_the_first_are_said_each_kind_for_itself(self) -> None:
        for n in range(500):
            self.log.tell(ItemRejected("x", f"line {n}", "no"))
        self.log.tell(EventDeadLettered("i", "t", "400"))
        assert len(self.said()) == 12
        assert "spool dead" in self.said()[10][1]
        assert "dead letter" in self.said()[11][1]

    def test_what_is_delivered_is_detail_and_what_fails_is_a_warning(self) -> None:
        self.log.tell(self.batch())
        self.log.tell(self.batch(status=503, outcome="503", verdict="retry", retry_in_s=2.5))
        assert self.said() == [("DEBUG", "2 events: 200 OK"), ("WARNING", "2 events: 503 (again in 2.5 s)")]

    def test_an_accepting_answer_that_speaks_of_refusals_is_warned_of(self) -> None:
        self.log.tell(self.batch(warning="rejected: 1"))
        assert self.said()[-1][0] == "WARNING"
        assert "rejected: 1" in self.said()[-1][1]

    def test_notices_and_states_have_their_levels(self) -> None:
        self.log.tell(Noticed("a"))
        self.log.tell(Noticed("b", warning=True))
        self.log.tell(StateChanged(State.DRAINING))
        assert [level for level, _words in self.said()] == ["INFO", "WARNING", "DEBUG"]
