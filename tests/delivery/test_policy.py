import pytest

from heap_tui.delivery.answers import Answer, Failure, FailureKind
from heap_tui.delivery.policy import Verdict, classify, describe, remedy

# The table of protocol.md section 1; every other status is retried.
TABLE: dict[Verdict, frozenset[int]] = {
    Verdict.ACCEPTED: frozenset(range(200, 300)),
    Verdict.REFUSED: frozenset({400, 422}),
    Verdict.TOO_LARGE: frozenset({413}),
    Verdict.HALT: frozenset({401, 403, 404, *range(300, 400)}),
}
RETRIED = frozenset(range(100, 600)).difference(*TABLE.values())


@pytest.mark.parametrize("verdict", list(TABLE))
def test_every_status_of_the_table_has_its_verdict(verdict: Verdict) -> None:
    assert {status for status in range(100, 600) if classify(Answer(status)) is verdict} == TABLE[verdict]


def test_every_other_status_is_retried() -> None:
    assert {status for status in range(1000) if classify(Answer(status)) is Verdict.RETRY} >= RETRIED
    assert {408, 409, 425, 429, 500, 502, 503, 504} <= RETRIED
    assert classify(Answer(999)) is Verdict.RETRY


def test_a_2xx_answer_that_reports_refused_events_is_accepted_for_good() -> None:
    assert classify(Answer(200, refused='{"failed":3}')) is Verdict.ACCEPTED


@pytest.mark.parametrize("kind", list(FailureKind))
@pytest.mark.parametrize("maybe_delivered", [True, False])
def test_no_answer_is_retried_but_for_a_certificate(kind: FailureKind, maybe_delivered: bool) -> None:
    wanted = Verdict.HALT if kind is FailureKind.CERTIFICATE else Verdict.RETRY
    assert classify(Failure(kind, maybe_delivered=maybe_delivered)) is wanted


def test_every_outcome_is_described_with_its_status_or_its_detail() -> None:
    for status in range(100, 600):
        assert str(status) in describe(Answer(status))
    texts = {describe(Failure(kind)) for kind in FailureKind}
    assert len(texts) == len(FailureKind)
    for kind in FailureKind:
        assert "(because)" in describe(Failure(kind, "because"))


def test_every_outcome_but_an_accepted_one_has_a_remedy() -> None:
    for status in range(100, 600):
        assert bool(remedy(Answer(status))) is not (200 <= status < 300)
    assert all(remedy(Failure(kind)) for kind in FailureKind)


def test_the_remedies_of_a_halt_name_what_to_correct() -> None:
    assert "token" in remedy(Answer(401))
    assert "token" in remedy(Answer(403)).lower()
    assert "address" in remedy(Answer(404))
    assert "ca_file" in remedy(Failure(FailureKind.CERTIFICATE))
    assert "https://there.example/" in remedy(Answer(301, location="https://there.example/"))
    assert "redirect" in remedy(Answer(304))
