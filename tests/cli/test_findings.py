"""Findings as lines."""

from hypothesis import example, given
from hypothesis import strategies as st

from heap_tui.cli.findings import finding_lines, state_word
from heap_tui.setup.findings import Finding, State, any_failed


def test_the_remedy_stands_below_what_was_found() -> None:
    finding = Finding("dns", "Host name", State.FAILED, "unknown", "Check it.")
    assert list(finding_lines(finding, None)) == ["not ok    Host name: unknown", "          Check it."]


def test_several_mistakes_keep_their_lines() -> None:
    finding = Finding("configuration", "Configuration", State.FAILED, "2 mistakes:\n  line 1: a\n  line 7: b")
    assert list(finding_lines(finding, 80))[1:] == ["          line 1: a", "          line 7: b"]


@given(
    st.sampled_from(State),
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"])),
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"])),
    st.integers(40, 200),
)
@example(State.OK, "", "0" * 31, 40)
def test_no_line_is_wider_than_the_terminal(state: State, detail: str, remedy: str, width: int) -> None:
    lines = list(finding_lines(Finding("c", "Title", state, detail, remedy), width))
    assert lines[0].startswith(state_word(state))
    assert all(len(line) <= width for line in lines)
    assert all(line.startswith(" " * 10) for line in lines[1:])


def test_only_failures_fail() -> None:
    assert not any_failed(Finding("c", "t", state) for state in (State.OK, State.WARNING, State.SKIPPED))
    assert any_failed([Finding("c", "t", State.OK), Finding("c", "t", State.FAILED)])


def test_a_finding_hides_what_looks_like_a_secret() -> None:
    finding = Finding("c", "t", State.FAILED, "Authorization: Bearer abcdef", "https://u:secret-pw@h/")
    assert "abcdef" not in repr(finding.as_dict())
    assert "secret-pw" not in repr(finding)
