"""What the sandbox refuses to be asked."""

import pytest

from heap_tui.errors import UsageError
from heap_tui.sandbox.options import Answer, SandboxOptions


@pytest.mark.parametrize(
    ("switches", "name"),
    [
        ({"port": 65536}, "--port"),
        ({"port": -1}, "--port"),
        ({"fail_rate": 1.1}, "--fail-rate"),
        ({"fail_rate": float("nan")}, "--fail-rate"),
        ({"drop_reply_rate": -0.1}, "--drop-reply-rate"),
        ({"latency_ms": -1}, "--latency-ms"),
        ({"max_bytes": 0}, "--max-bytes"),
        ({"rate_limit": 0}, "--rate-limit"),
        ({"rate_limit": float("nan")}, "--rate-limit"),
        ({"retry_after_s": -1}, "--retry-after"),
        ({"status": 100}, "--status"),
        ({"status": 600}, "--status"),
        ({"script": [Answer(99)]}, "--status"),
    ],
)
def test_a_value_out_of_range_names_its_switch(switches: dict[str, object], name: str) -> None:
    with pytest.raises(UsageError) as caught:
        SandboxOptions(**switches)  # type: ignore[arg-type]
    assert name in caught.value.message


@pytest.mark.parametrize("token", ["with space", "új", "", "a\nb", "=a"])
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        SandboxOptions(token=token)
    assert not token or token not in caught.value.message + caught.value.remedy


def test_the_token_is_not_in_the_text_of_the_options() -> None:
    assert "hush-hush" not in repr(SandboxOptions(token="hush-hush"))
