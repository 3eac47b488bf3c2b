"""Retry."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.currents.event import Event, Rejected
from heap_tui.errors import StateError
from heap_tui.spool import actions, dead, queue
from heap_tui.spool.actions import Prepare, Retried, retry
from heap_tui.spool.choice import Choice
from heap_tui.spool.items import DeadLetter
from heap_tui.spool.seen import SeenIndex, key_of
from heap_tui.spool.store import Store, reading
from tests.fakes.letters import AT, event, fill, kept, queued, refused, rejected

DAY_S = 86_400.0
EVERYTHING = Choice()


def as_it_is(found: Event) -> bytes:
    return found.raw


def run(
    directory: Path, choice: Choice = EVERYTHING, prepare: Prepare = as_it_is, seen: SeenIndex | None = None
) -> Retried:
    with Store(directory) as store:
        return retry(store, choice, prepare, seen, AT)


def reasons(done: Retried) -> list[tuple[str, list[int]]]:
    return [(cause.reason, cause.numbers) for cause in done.stayed.most_first()]


def test_refused_events_return_as_they_were_oldest_first(tmp_path: Path) -> None:
    spaced = b'{ "id":"b",  "event_type":"t", "time": 1.50 }'
    fill(tmp_path, refused("a"), refused("b", spaced), pending=("before",))
    done = run(tmp_path)
    assert (done.queued, done.queued_bytes, done.stayed.total) == (2, len(event("a")) + len(spaced), 0)
    assert queued(tmp_path) == [event("before"), event("a"), spaced]
    assert kept(tmp_path) == {}
    with reading(tmp_path) as connection:
        assert connection is not None
        assert queue.pending(connection) == (3, len(event("before")) + done.queued_bytes, AT)


def test_only_the_chosen_ones_return(tmp_path: Path) -> None:
    fill(tmp_path, refused("a"), refused("b"), rejected(event("c")))
    run(tmp_path, Choice(numbers=(2,)))
    assert queued(tmp_path) == [event("b")]
    run(tmp_path, Choice(dead.REJECTED))
    assert queued(tmp_path) == [event("b"), event("c")]
    assert list(kept(tmp_path)) == [1]


def test_a_rejected_item_that_can_be_read_now_is_prepared_and_queued(tmp_path: Path) -> None:
    fill(tmp_path, rejected(event("a")))
    done = run(tmp_path, prepare=lambda found: found.raw.replace(b'"u"', b'"[REDACTED]"'))
    assert done.queued == 1
    assert json.loads(queued(tmp_path)[0])["user"] == {"external_user_id": "[REDACTED]"}


def test_a_flat_record_gets_its_type_from_the_path_it_came_from(tmp_path: Path) -> None:
    source = "/in/event_type=users.messages.sms.Send/date=2026-11-23-10/part.ndjson"
    fill(tmp_path, rejected(b'{"id": "a", "time": 1, "user_id": "u"}', source=source))
    run(tmp_path)
    assert json.loads(queued(tmp_path)[0])["event_type"] == "users.messages.sms.Send"


def test_what_still_is_no_event_stays_with_the_reason_of_today(tmp_path: Path) -> None:
    fill(tmp_path, rejected(b"[1]", "old words"), rejected(b'{"id": "a"}', position=1), refused("b"))
    done = run(tmp_path)
    assert reasons(done) == [
        ("not an event: a JSON object is expected", [1]),
        ("event_type is missing", [2]),
    ]
    assert list(kept(tmp_path)) == [1, 2]
    assert queued(tmp_path) == [event("b")]


def test_an_unreadable_file_stays_because_nothing_of_it_is_there(tmp_path: Path) -> None:
    fill(tmp_path, rejected(b"", "the file cannot be read (no Avro)"))
    ((reason, numbers),) = reasons(run(tmp_path))
    assert numbers == [1]
    assert "the file cannot be read (no Avro)" in reason


def test_what_the_profile_does_not_want_or_cannot_transform_stays(tmp_path: Path) -> None:
    def prepare(found: Event) -> bytes | None:
        if found.id == "b":
            raise Rejected("nested too deeply")
        return None

    fill(tmp_path, rejected(event("a")), rejected(event("b")))
    done = run(tmp_path, prepare=prepare)
    assert [numbers for _reason, numbers in reasons(done)] == [[1], [2]]
    assert len(kept(tmp_path)) == 2
    assert queued(tmp_path) == []


def test_a_refused_event_is_not_prepared_again(tmp_path: Path) -> None:
    fill(tmp_path, refused("a"))
    assert run(tmp_path, prepare=lambda _found: None).queued == 1


def test_an_id_that_was_accepted_already_stays_and_a_queued_one_becomes_seen(tmp_path: Path) -> None:
    fill(tmp_path, rejected(event("old")), rejected(event("new")), rejected(event("new", x=1)))
    with Store(tmp_path) as store:
        scope = store.scope("https://heap.example/")
        seen = store.seen(scope, DAY_S)
        with store.transaction(durable=True) as transaction:
            seen.add(transaction, [key_of("old")], store._clock())
        done = retry(store, Choice(), as_it_is, seen, store._clock())
    assert [numbers for _reason, numbers in reasons(done)] == [[1, 3]]
    assert queued(tmp_path) == [event("new")]
    with Store(tmp_path) as store:
        assert key_of("new") in store.seen(scope, DAY_S)


def test_an_id_with_a_lone_surrogate_is_queued(tmp_path: Path) -> None:
    raw = rb'{"id": "\ud800", "event_type": "t", "time": 1, "user": {}, "properties": {}}'
    fill(tmp_path, rejected(raw))
    assert run(tmp_path).queued == 1
    assert queued(tmp_path) == [raw]


def test_an_empty_state_has_nothing_to_retry(tmp_path: Path) -> None:
    assert run(tmp_path).queued == 0


@given(st.lists(st.integers(0, 3_000_000), max_size=60))
def test_portions_are_bounded_and_lose_nothing(sizes: list[int]) -> None:
    empty = bytes(3_000_000)
    given_letters = [dead.Kept(n, rejected(empty[:size])) for n, size in enumerate(sizes)]
    portions = list(actions._portions(given_letters))
    assert [one.number for portion in portions for one in portion] == list(range(len(sizes)))
    for portion in portions:
        assert portion
        assert sum(len(one.letter.payload) for one in portion[:-1]) < 8_000_000


some_letters = st.lists(
    st.one_of(
        st.builds(lambda n: refused(str(n)), st.integers(0, 5)),
        st.builds(lambda n, at: rejected(event(str(n)), position=at), st.integers(0, 5), st.integers(0, 9)),
        st.builds(lambda data, at: rejected(data, position=at), st.binary(max_size=9), st.integers(0, 9)),
    ),
    max_size=12,
)


class FaultError(Exception):
    """Something that nobody expects."""


@settings(max_examples=60, deadline=None)
@given(some_letters, st.sampled_from(["append", "remove", "COMMIT", None]), st.integers(1, 4))
def test_whatever_fails_each_letter_is_in_one_place(letters: list[DeadLetter], where: str | None, nth: int) -> None:
    """Pending and dead letters together are conserved, whichever portion fails at whichever step."""
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        directory = Path(name)
        fill(directory, *letters, pending=("p",))
        before = Counter(queued(directory)) + Counter(one.payload for one in kept(directory).values())
        patch.setattr(actions, "_PORTION_LETTERS", 2)
        calls = 0

        def fail_at_nth() -> None:
            nonlocal calls
            calls += 1
            if calls == nth:
                raise FaultError

        for module, step in ((queue, "append"), (dead, "remove"), (Store, "commit")):
            original = getattr(module, step)

            def failing(*given: object, call: object = original) -> object:
                fail_at_nth()
                assert callable(call)
                return call(*given)

            if where is not None and step == where.lower():
                patch.setattr(module, step, failing)
        done: Retried | None = None
        with suppress(FaultError):
            done = run(directory)
        after_queue, after_dead = queued(directory), [one.payload for one in kept(directory).values()]
        assert Counter(after_queue) + Counter(after_dead) == before
        if done is not None:
            assert len(after_queue) == 1 + done.queued
            assert len(after_dead) == done.stayed.total


@pytest.mark.parametrize(("moment", "moved"), [("dead.remove", False), ("commit", True)])
def test_a_kill_before_the_commit_moves_nothing_and_after_it_everything(
    tmp_path: Path, moment: str, moved: bool
) -> None:
    fill(tmp_path, refused("a"), refused("b"))
    script = f"""
import os, signal
from pathlib import Path
from heap_tui.spool import actions, dead, store
from heap_tui.spool.choice import Choice

def die(*given):
    if {moved}:
        commit(*given)
    os.kill(os.getpid(), signal.SIGKILL)

commit = store.Store.commit
if {moved}:
    store.Store.commit = die
else:
    dead.remove = die
with store.Store(Path({str(tmp_path)!r})) as opened:
    actions.retry(opened, Choice(), lambda event: event.raw, None, 1.0)
"""
    ended = subprocess.run([sys.executable, "-c", script], check=False, env=os.environ.copy())
    assert ended.returncode == -signal.SIGKILL
    assert queued(tmp_path) == ([event("a"), event("b")] if moved else [])
    assert len(kept(tmp_path)) == (0 if moved else 2)


def test_a_retry_needs_the_lock(tmp_path: Path) -> None:
    fill(tmp_path, refused("a"))
    with Store(tmp_path), pytest.raises(StateError, match="Another run"):
        run(tmp_path)
    assert len(kept(tmp_path)) == 1
