"""From a profile's settings to an open destination."""

from pathlib import Path

import pytest
import trustme

from heap_tui.config.endpoint import parse_endpoint
from heap_tui.config.model import DeliverySettings
from heap_tui.delivery.answers import Answer
from heap_tui.delivery.connect import connection_settings, open_webhook, proxy_for
from heap_tui.errors import UsageError
from heap_tui.redact import redact
from heap_tui.sandbox.server import SandboxOptions, SandboxServer

TOKEN = "tok-3b90d1c4f8"
THERE = parse_endpoint("https://heap.example/x")
HERE = parse_endpoint("http://127.0.0.1:1/")
PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_environments_proxy_is_not_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", PROXY)
    monkeypatch.setenv("http_proxy", PROXY)
    assert proxy_for(THERE, DeliverySettings()) == PROXY
    assert proxy_for(HERE, DeliverySettings()) is None


def test_the_profiles_proxy_always_counts() -> None:
    assert proxy_for(HERE, DeliverySettings(proxy=PROXY)) == PROXY


def test_a_proxy_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://proxy.example:1080")
    with pytest.raises(UsageError, match="socks5"):
        proxy_for(THERE, DeliverySettings())


def test_the_pool_is_as_large_as_the_requests_in_flight() -> None:
    settings = DeliverySettings(max_in_flight=3, timeout_s=4.0, connect_timeout_s=5.0)
    made = connection_settings(HERE, settings, {})
    assert (made.max_connections, made.timeout_s, made.connect_timeout_s) == (3, 4.0, 5.0)


def test_certificate_files_may_be_in_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    connection_settings(HERE, DeliverySettings(ca_file="~/authority.pem"), {})


@pytest.mark.parametrize("name", ["~/gone.pem", "~no-such-user/gone.pem", "/gone.pem"])
def test_a_missing_certificate_file_is_named(name: str) -> None:
    with pytest.raises(UsageError, match=r"gone\.pem"):
        connection_settings(HERE, DeliverySettings(ca_file=name), {})


async def test_an_open_webhook_sends_its_token_and_hides_it() -> None:
    with SandboxServer(SandboxOptions(token=TOKEN)) as server:
        async with open_webhook(parse_endpoint(server.url), TOKEN, DeliverySettings(), {}) as webhook:
            outcome = await webhook.probe()
    assert isinstance(outcome, Answer)
    assert outcome.status == 200
    assert redact(f"it was {TOKEN}.") == "it was [token]."
