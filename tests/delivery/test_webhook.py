import json
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from heap_tui.delivery.answers import Answer, Outcome
from heap_tui.delivery.http import Connection
from heap_tui.delivery.webhook import BODY_OVERHEAD, EMPTY_BODY, Webhook, shown_headers, webhook_body, webhook_headers
from tests.fakes import json_texts

TOKEN = "abcDEF-._~+/123=="


class RecordingConnection(Connection):
    """Answers 200 and remembers what it was to post."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, Mapping[str, str], bytes]] = []

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        self.posted.append((url, headers, body))
        return Answer(200)


@given(st.lists(json_texts.values, max_size=5))
def test_events_are_spliced_into_a_body_byte_for_byte(events: list[bytes]) -> None:
    body = webhook_body(events)
    assert body == b'{"events":[' + b",".join(events) + b"]}"
    assert len(json.loads(body)["events"]) == len(events)
    assert len(body) == BODY_OVERHEAD + sum(len(event) for event in events) + max(0, len(events) - 1)


def test_a_body_without_events_is_the_probe() -> None:
    assert webhook_body([]) == EMPTY_BODY
    assert json.loads(EMPTY_BODY) == {"events": []}


def test_headers_are_those_of_currents() -> None:
    assert webhook_headers(TOKEN) == {
        "Content-Type": "application/json",
        "Braze-Currents-Version": "1",
        "Authorization": f"Bearer {TOKEN}",
    }
    for none in (None, ""):
        assert "Authorization" not in webhook_headers(none)


def test_shown_headers_keep_everything_but_the_token() -> None:
    shown = shown_headers(webhook_headers(TOKEN))
    assert TOKEN not in str(shown)
    assert shown == {**webhook_headers(None), "Authorization": "Bearer [token]"}
    assert shown_headers(webhook_headers(None)) == webhook_headers(None)


async def test_a_batch_is_posted_once_to_the_endpoint() -> None:
    connection = RecordingConnection()
    webhook = Webhook(connection, "https://heap.example/hook", TOKEN)
    body = webhook.body([b'{"id":"a"}', b'{"id":"b"}'])
    assert await webhook.send(body) == Answer(200)
    assert connection.posted == [("https://heap.example/hook", webhook_headers(TOKEN), body)]
    assert webhook.overhead == len(webhook.body([]))


async def test_the_probe_is_an_empty_batch() -> None:
    connection = RecordingConnection()
    await Webhook(connection, "https://heap.example/hook", None).probe()
    assert connection.posted == [("https://heap.example/hook", webhook_headers(None), EMPTY_BODY)]


def test_the_token_is_not_in_the_repr() -> None:
    assert TOKEN not in repr(Webhook(RecordingConnection(), "https://heap.example/hook", TOKEN))
