"""The machine behind set-up: state and answer give a form, an error or the next state."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heap_tui.setup.answers import Answers, answers_from, profile_from
from heap_tui.setup.forms import ASKING, ORDER, Form, StepName, form
from heap_tui.setup.questions import Kind, all_questions
from heap_tui.setup.steps import (
    Decision,
    Proof,
    Refusal,
    State,
    answer,
    back,
    missing,
    problems_of,
    resume,
    step,
)

ENDPOINT = "https://heap.example/braze"
TOKEN = "tok-5f2c1b7e9a"
COMPLETE = Answers(endpoint=ENDPOINT, token="keyring", name="Production")


def walk(state: State, *given: dict[str, object]) -> State:
    for raw in given:
        result = step(state, raw)  # type: ignore[arg-type]
        assert isinstance(result, State), result
        state = result
    return state


def test_the_steps_come_in_order_and_end_in_saving() -> None:
    seen = []
    state = State(StepName.DESTINATION, Answers())
    given: dict[StepName, dict[str, object]] = {
        StepName.CREDENTIALS: {"endpoint": ENDPOINT, "token": TOKEN},
        StepName.TEST: {"test": Proof.PASSED},
        StepName.REVIEW: {"review": Decision.SAVE},
    }
    while state.step is not StepName.SAVE:
        seen.append(state.step)
        state = walk(state, given.get(state.step, {}))
    assert seen == list(ORDER)
    assert state.answers == Answers(endpoint=ENDPOINT, token="keyring")


@pytest.mark.parametrize("name", ORDER)
def test_every_step_has_a_title_and_its_questions_have_flags(name: StepName) -> None:
    shown = step(State(name, COMPLETE))
    assert isinstance(shown, Form)
    assert shown.title
    assert all(question.flag.startswith("--") and question.help for question in shown.questions)


def test_each_answer_has_one_question_and_each_question_one_step() -> None:
    keys = [question.key for name in ASKING for question in form(name).questions]
    assert keys == [question.key for question in all_questions()]
    assert sorted(keys) == sorted(set(Answers.__dataclass_fields__) - {"insecure_http"})


def test_a_wrong_answer_is_refused_beside_its_field_and_changes_nothing() -> None:
    state = State(StepName.CREDENTIALS, Answers())
    result = step(state, {"endpoint": "heap.example", "token": "two words"})
    assert isinstance(result, Refusal)
    assert set(result.problems) == {"endpoint", "token"}
    assert "https://" in result.problems["endpoint"]


def test_what_is_needed_and_not_given_is_refused() -> None:
    result = step(State(StepName.CREDENTIALS, Answers()), {})
    assert isinstance(result, Refusal)
    assert set(result.problems) == {"endpoint", "token"}


def test_no_token_is_an_answer_when_it_is_said() -> None:
    assert walk(State(StepName.CREDENTIALS, Answers()), {"endpoint": ENDPOINT, "token": ""}).answers.token == "none"


def test_an_empty_token_keeps_the_one_that_is_stored() -> None:
    state = State(StepName.CREDENTIALS, Answers(endpoint=ENDPOINT, token="keyring"))
    assert walk(state, {"token": ""}).answers.token == "keyring"
    assert walk(state, {"token": "none"}).answers.token == "none"


def test_the_track_api_comes_later() -> None:
    result = step(State(StepName.DESTINATION, Answers()), {"destination": "track"})
    assert isinstance(result, Refusal)
    assert "later version" in result.problems["destination"]


def test_a_field_cannot_be_removed_and_hashed() -> None:
    result = step(State(StepName.PRIVACY, COMPLETE), {"remove": "phone, email_address", "hash": "phone"})
    assert isinstance(result, Refusal)
    assert "phone" in result.problems["hash"]
    assert "email_address" not in result.problems["hash"]


def test_a_failed_test_does_not_go_on_and_a_waived_one_does() -> None:
    state = State(StepName.TEST, COMPLETE)
    assert isinstance(step(state, {"test": Proof.FAILED}), Refusal)
    assert isinstance(step(state, {}), Refusal)
    assert walk(state, {"test": Proof.WAIVED}).step is StepName.REVIEW


def test_saving_without_a_test_tests_first() -> None:
    assert walk(State(StepName.REVIEW, COMPLETE), {"review": "save"}).step is StepName.TEST


def test_cancelling_ends_without_saving() -> None:
    assert walk(State(StepName.REVIEW, COMPLETE, tested=True), {"review": "cancel"}).step is StepName.CANCELLED


def test_the_review_refuses_what_is_no_decision() -> None:
    result = step(State(StepName.REVIEW, COMPLETE, tested=True), {"review": "perhaps"})
    assert isinstance(result, Refusal)
    assert "events" in result.problems["review"]


def test_a_step_opened_from_the_review_goes_back_to_it() -> None:
    state = walk(State(StepName.REVIEW, COMPLETE, tested=True), {"review": "events"})
    assert state.step is StepName.EVENTS
    assert walk(state, {"events": "users.*"}).step is StepName.REVIEW


def test_new_credentials_must_be_tested_again() -> None:
    state = walk(State(StepName.REVIEW, COMPLETE, tested=True), {"review": "credentials"})
    after = walk(state, {"endpoint": ENDPOINT + "/2", "token": ""})
    assert after.step is StepName.TEST
    assert not after.tested


def test_back_goes_to_the_step_before_and_stops_at_the_first() -> None:
    assert back(State(StepName.EVENTS, COMPLETE)).step is StepName.NAME
    assert back(State(StepName.DESTINATION, COMPLETE)).step is StepName.DESTINATION
    assert back(State(StepName.SAVE, COMPLETE)).step is StepName.SAVE


def test_resuming_opens_the_first_invalid_step_and_then_the_one_that_was_reached() -> None:
    state = resume(Answers(endpoint=ENDPOINT), StepName.SOURCE)
    assert state.step is StepName.CREDENTIALS
    assert walk(state, {"token": TOKEN}).step is StepName.SOURCE


def test_resuming_opens_every_invalid_step(tmp_path: object) -> None:
    gone = Answers(endpoint="http://heap.example", token="none", source=(f"{tmp_path}/gone.ndjson",))
    state = resume(gone, StepName.TEST)
    assert state.step is StepName.CREDENTIALS
    state = walk(state, {"endpoint": ENDPOINT})
    assert state.step is StepName.SOURCE
    assert walk(state, {"source": ["sample:?count=1"]}).step is StepName.TEST


def test_resuming_what_is_valid_opens_the_step_that_was_reached() -> None:
    assert resume(COMPLETE, StepName.PRIVACY) == State(StepName.PRIVACY, COMPLETE)


def test_missing_names_what_has_no_default() -> None:
    assert [question.flag for question in missing(Answers())] == ["--endpoint", "--token-stdin"]
    assert missing(COMPLETE) == ()


texts = st.text(max_size=30)
raws = st.one_of(
    texts,
    st.booleans(),
    st.lists(texts, max_size=3),
    st.sampled_from([ENDPOINT, TOKEN, "yes", "no", "none", "*", "a,b", "sample:?count=1", "save", "cancel", "passed"]),
)
keys = st.sampled_from([question.key for question in all_questions()] + ["test", "review", "other"])
givens = st.dictionaries(keys, raws, max_size=4)


@given(st.lists(givens, max_size=12))
def test_no_answer_breaks_the_machine_and_what_was_passed_stays_valid(answers: Sequence[dict[str, object]]) -> None:
    state = State(StepName.DESTINATION, Answers())
    for raw in answers:
        result = step(state, raw)  # type: ignore[arg-type]
        if isinstance(result, Refusal):
            assert result.problems
            assert all(result.problems.values())
            continue
        assert isinstance(result, State)
        state = result
        passed = ORDER[: ORDER.index(state.step)] if state.step in ORDER and state.then is None else ()
        assert [name for name in passed if problems_of(state.answers, name)] == []


@given(
    st.from_regex(r"[A-Za-z0-9]{12,40}", fullmatch=True),
    st.sampled_from(["keyring", "env", "none", None]),
)
def test_the_token_is_never_in_a_state(token: str, before: str | None) -> None:
    state = State(StepName.CREDENTIALS, Answers(endpoint=ENDPOINT, token=before))  # type: ignore[arg-type]
    after = step(state, {"token": token})
    assert token not in repr(after)


tuples = st.lists(st.from_regex(r"[a-z_.*]{1,20}", fullmatch=True), max_size=3, unique=True).map(tuple)


@given(
    st.builds(
        Answers,
        endpoint=st.just(ENDPOINT),
        token=st.sampled_from(["keyring", "env", "none"]),
        name=st.from_regex(r"[A-Za-z][A-Za-z ]{0,20}", fullmatch=True),
        events=tuples.filter(len),
        exclude=tuples,
        anonymous=st.booleans(),
        remove=tuples,
        hash=tuples,
        source=st.just(("sample:?count=1",)),
    )
)
def test_answers_and_profiles_say_the_same(answers: Answers) -> None:
    assert answers_from(profile_from(answers, "key", None)) == answers


@given(tuples.filter(len), st.booleans(), st.sampled_from([", ", " ", ","]))
def test_lists_read_alike_from_flags_and_from_a_line(globs: tuple[str, ...], one_line: bool, between: str) -> None:
    questions = [question for question in all_questions() if question.key == "events"]
    raw = between.join(globs) if one_line else globs
    answers, problems = answer(COMPLETE, tuple(questions), {"events": raw})
    if globs == ("none",):
        return
    assert not problems
    assert answers.events == globs


def test_every_kind_of_question_is_in_use() -> None:
    assert {question.kind for question in all_questions()} == set(Kind)
