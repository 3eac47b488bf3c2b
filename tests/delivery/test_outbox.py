"""What waits to be sent: order, ages, room, and the durable queue behind it."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from heap_tui.delivery.batch import Caps
from heap_tui.delivery.outbox import Outbox
from heap_tui.delivery.webhook import BODY_OVERHEAD
from heap_tui.spool.cursors import FileIdentity, Stream
from heap_tui.spool.items import Item

STREAM = Stream(0, "f", FileIdentity(1, 1, 1, 1), b"", by_bytes=False)


def item(name: str) -> Item:
    return Item(name, "t", b"{}", b"", STREAM, 0, 0, 1)


class Queue:
    """Rows of a durable queue that may grow."""

    def __init__(self, *rows: list[str]) -> None:
        self.rows = list(rows)

    def __call__(self) -> list[Item] | None:
        return [item(name) for name in self.rows.pop(0)] if self.rows else None


def outbox(queue: Queue | None = None, *, count: int = 3, enough: int = 4, max_age_s: float = 1.0) -> Outbox:
    return Outbox(Caps(count, 1_000_000, BODY_OVERHEAD), max_age_s, queue or Queue(), enough)


def all_next(box: Outbox, now: float = 0.0) -> Iterator[list[str]]:
    while (batch := box.next(now)) is not None:
        yield [one.id for one in batch.items]


def test_a_full_batch_goes_at_once_and_a_started_one_when_it_is_old_enough() -> None:
    box = outbox()
    for name in "abcd":
        box.put(item(name), 10.0)
    assert list(all_next(box, 10.0)) == [["a", "b", "c"]]
    assert box.next_moment(10.25) == 0.75
    assert list(all_next(box, 10.99)) == []
    assert list(all_next(box, 11.0)) == [["d"]]
    assert box.next_moment(11.0) is None


def test_nothing_waits_for_company_once_the_outbox_is_closed() -> None:
    box = outbox(Queue(["q"]))
    box.put(item("a"), 0.0)
    box.closed = True
    assert list(all_next(box)) == [["q"], ["a"]]
    assert box.is_empty(0.0)


def test_returned_batches_go_first_and_the_oldest_of_them_before_the_others() -> None:
    box = outbox()
    for name in "abcdefghij":
        box.put(item(name), 0.0)
    first, second, third = (batch for _n in range(3) if (batch := box.next(0.0)))
    first.due = 5.0
    for batch in (third, first, second):
        box.put_back(batch)
    assert box.returned == 3
    assert [box.next(0.5), box.next(0.5), box.next(0.5)] == [second, third, None]
    assert box.next_moment(4.0, returned_only=True) == 1.0
    assert box.next(5.0) is first


def test_returned_only_hands_out_nothing_new_and_wakes_nobody_for_it() -> None:
    box = outbox(Queue(["q1", "q2", "q3", "q4"]))
    for name in "abcd":
        box.put(item(name), 0.0)
    assert box.next(100.0, returned_only=True) is None
    assert box.next_moment(100.0, returned_only=True) is None
    assert box.next_moment(100.0) == 0.0
    assert not box.is_empty(100.0)


def test_it_is_not_empty_while_the_durable_queue_has_rows() -> None:
    queue = Queue()
    box = outbox(queue)
    assert box.is_empty(0.0)
    queue.rows.append(["late"])
    assert not box.is_empty(0.0)
    box.closed = True
    assert list(all_next(box)) == [["late"]]
    assert box.is_empty(0.0)


def test_the_durable_queue_is_read_no_further_than_one_batch_ahead() -> None:
    queue = Queue(*([str(n)] for n in range(100)))
    box = outbox(queue)
    batch = box.next(0.0)
    assert batch
    assert [one.id for one in batch.items] == ["0", "1", "2"]
    assert len(queue.rows) >= 96


def test_sources_wait_while_enough_batches_are_ready() -> None:
    box = outbox(enough=4)
    for n in range(12):
        box.put(item(str(n)), 0.0)
    assert box.room.is_set()
    box.put(item("12"), 0.0)
    assert not box.room.is_set()
    taken = 0
    while not box.room.is_set():
        assert box.next(0.0)
        taken += 1
    assert taken == 3


@given(st.lists(st.integers(0, 9), max_size=60), st.lists(st.integers(1, 7), max_size=12), st.integers(1, 6))
def test_everything_comes_out_once_in_the_order_of_its_source(puts: list[int], rows: list[int], count: int) -> None:
    queue = Queue(*([f"q{n}-{m}" for m in range(size)] for n, size in enumerate(rows)))
    expected = [name for row in queue.rows for name in row]
    box = outbox(queue, count=count, enough=1000)
    out: list[str] = []
    for n, pause in enumerate(puts):
        box.put(item(f"f{n}"), float(n))
        if pause > 6 and (batch := box.next(float(n))):
            out += [one.id for one in batch.items]
    box.closed = True
    for batch_ids in all_next(box, 1e9):
        assert len(batch_ids) <= count
        out += batch_ids
    assert [name for name in out if name[0] == "q"] == expected
    assert [name for name in out if name[0] == "f"] == [f"f{n}" for n in range(len(puts))]
    assert box.is_empty(1e9)
