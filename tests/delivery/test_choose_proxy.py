from collections.abc import Callable

import pytest

from heap_tui.delivery.http import choose_proxy
from heap_tui.errors import UsageError

SetEnvironment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> SetEnvironment:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def set_variables(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_variables


URL = "https://heap.example:8443/hook"


def test_without_proxy_variables_requests_go_directly(environment: SetEnvironment) -> None:
    assert choose_proxy(URL, None) is None
    assert choose_proxy(URL, "") is None


def test_the_variable_of_the_scheme_names_the_proxy(environment: SetEnvironment) -> None:
    environment(HTTPS_PROXY="http://secure:1", HTTP_PROXY="http://plain:2", ALL_PROXY="http://all:3")
    assert choose_proxy(URL, None) == "http://secure:1"
    assert choose_proxy("http://heap.example/", None) == "http://plain:2"


def test_a_proxy_for_all_serves_where_there_is_no_other(environment: SetEnvironment) -> None:
    environment(ALL_PROXY="proxy.example:3128", HTTP_PROXY="http://plain:2")
    assert choose_proxy(URL, None) == "http://proxy.example:3128"


def test_the_configured_proxy_wins(environment: SetEnvironment) -> None:
    environment(HTTPS_PROXY="http://variable:1", NO_PROXY="*")
    assert choose_proxy(URL, "http://configured:2") == "http://configured:2"


@pytest.mark.parametrize("no_proxy", ["heap.example", ".example", "a.example,heap.example", "*", "heap.example:8443"])
def test_no_proxy_is_obeyed(environment: SetEnvironment, no_proxy: str) -> None:
    environment(HTTPS_PROXY="http://proxy:1", NO_PROXY=no_proxy)
    assert choose_proxy(URL, None) is None


@pytest.mark.parametrize("no_proxy", ["other.example", "heap", "heap.example:1", "eap.example", ""])
def test_no_proxy_is_for_the_hosts_that_it_names(environment: SetEnvironment, no_proxy: str) -> None:
    environment(HTTPS_PROXY="http://proxy:1", NO_PROXY=no_proxy)
    assert choose_proxy(URL, None) == "http://proxy:1"


@pytest.mark.parametrize("proxy", ["socks5://user:secret@proxy:1080", "socks5h://proxy", "ftp://proxy"])
def test_a_proxy_of_another_kind_is_a_usage_error(environment: SetEnvironment, proxy: str) -> None:
    environment(ALL_PROXY=proxy)
    for configured in (None, proxy):
        with pytest.raises(UsageError) as caught:
            choose_proxy(URL, configured)
        assert "secret" not in caught.value.message
        assert caught.value.remedy
