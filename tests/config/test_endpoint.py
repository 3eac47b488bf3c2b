"""What an endpoint may be, what names it in cursors, and the words for what it may not be."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heap_tui.config.endpoint import parse_endpoint
from heap_tui.errors import ExitCode, HeapTuiError, UsageError


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://Heap.Example.COM", "https://heap.example.com:443/"),
        ("HTTPS://h.example/a/B?token=s3cret#".rstrip("#"), "https://h.example:443/a/B"),
        ("  https://h.example:8443/a/\n", "https://h.example:8443/a/"),
        ("http://localhost/x", "http://localhost:80/x"),
        ("http://127.8.9.10:8080/x", "http://127.8.9.10:8080/x"),
        ("http://[::1]:99", "http://[::1]:99/"),
        ("https://[0:0:0:0:0:0:0:1]/", "https://[::1]:443/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example:443/"),
        ("https://XN--BCHER-KVA.example/", "https://xn--bcher-kva.example:443/"),
        ("https://h.example./", "https://h.example:443/"),
        ("https://h.example/@team", "https://h.example:443/@team"),
    ],
)
def test_the_key_is_scheme_host_port_and_path_only(url: str, key: str) -> None:
    assert parse_endpoint(url).key == key


def test_the_url_keeps_its_query_as_given() -> None:
    endpoint = parse_endpoint("https://h.example/x?code=abc")
    assert (endpoint.url, endpoint.host, endpoint.port, endpoint.path) == (
        "https://h.example/x?code=abc",
        "h.example",
        443,
        "/x",
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is empty"),
        ("heap.example.com/x", "no https:// at its beginning"),
        ("localhost:8080/x", "no https:// at its beginning"),
        ("://h/x", "no https:// at its beginning"),
        ("ftp://h/x", "starts with ftp://"),
        ("https://", "names no host"),
        ("https:///x", "names no host"),
        ("https://:8443/x", "names no host"),
        ("https://h:99999/", "port"),
        ("https://h:abc/", "port"),
        ("https://h:0/", "port"),
        ("https://h:/", "port"),
        ("https://h:-1/", "port"),
        ("https://user:s3cret@h/x", "user name or password"),
        ("https://user:s3/cret@h/x", "user name or password"),
        ("https://s3cret@h/x", "user name or password"),
        ("https://h/x#part", "fragment"),
        ("https://h/x#", "fragment"),
        ("https://a b/", "position 10"),
        ("https://h/a\tb", "position 12"),
        ("https://h\\x", "which no URL may hold"),
        ("<https://h/x>", "position 1"),
        ("https://[::1/", "cannot be read"),
        ("https://[zz]/", "cannot be read"),
        ("https://...", "is not a host name"),
        ("https://256.1.1.1/", "is not a host name"),
        ("https://a..b/", "is not a host name"),
        ("https://" + "a" * 64 + ".example/", "is not a host name"),
        ("https://bü%cher.example/", "is not a host name"),
    ],
)
def test_a_malformed_url_is_refused_in_words_with_a_remedy(url: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_endpoint(url)
    assert words in caught.value.message
    assert caught.value.remedy
    assert "s3cret" not in caught.value.message + caught.value.remedy
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    "url", ["http://heap.example/", "http://10.0.0.1/", "http://localhost.example/", "http://[::2]/"]
)
def test_clear_text_goes_to_this_machine_only_unless_allowed(url: str) -> None:
    with pytest.raises(UsageError, match="not encrypted"):
        parse_endpoint(url)
    assert parse_endpoint(url, insecure_http=True).scheme == "http"


@settings(deadline=None)
@given(st.text(alphabet=string.printable + "üß中\x00\ud800", max_size=40))
def test_any_text_gives_an_endpoint_or_words(text: str) -> None:
    for url in (text, "https://" + text):
        outcome = _key_or_words(url)
        assert outcome
        assert not outcome.startswith("https://") or _key_or_words(outcome) == outcome


def _key_or_words(url: str) -> str:
    try:
        return parse_endpoint(url).key
    except HeapTuiError as error:
        return error.message


@settings(deadline=None)
@given(
    host=st.from_regex(r"[a-z][a-z0-9-]{0,10}\.example", fullmatch=True),
    port=st.integers(1, 65535),
    path=st.text(alphabet=string.ascii_letters + "/-_.~%", max_size=20),
    query=st.text(alphabet=string.ascii_letters + "=&", max_size=20),
)
def test_a_well_formed_url_comes_apart_as_it_was_put_together(host: str, port: int, path: str, query: str) -> None:
    endpoint = parse_endpoint(f"https://{host}:{port}/{path}?{query}")
    assert endpoint.key == f"https://{host}:{port}/{path}"
