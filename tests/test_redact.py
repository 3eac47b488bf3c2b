"""Secrets do not get out, in whatever spelling; ordinary text is left alone."""

import base64
import json
import string
import subprocess
import sys
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heap_tui import redact as module
from heap_tui.redact import is_secret_name, redact, redact_url, register_secret


@pytest.fixture(autouse=True)
def _nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_forms", frozenset())
    monkeypatch.setattr(module, "_registered", None)


_tokens = st.text(string.ascii_letters + string.digits + "-._~+/=", min_size=6, max_size=40)
_awkward = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=20).filter(str.strip)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(secret=_tokens | _awkward, before=st.text("abc {}:", max_size=5), after=st.text("xyz ,;", max_size=5))
def test_a_registered_secret_is_hidden_in_every_spelling(secret: str, before: str, after: str) -> None:
    module._forms, module._registered = frozenset(), None  # of the example before
    register_secret(secret)
    raw = secret.encode()
    spellings = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        quote(secret, safe="").lower() if secret.isascii() and secret.lower() == secret else secret,
        base64.b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode(),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }
    for spelling in spellings:
        # Part of the placeholder may be a secret, too; it is not one of ours then.
        assert spelling not in redact(f"{before}<{spelling}>{after}").replace("[token]", "")


def test_an_empty_secret_hides_nothing() -> None:
    register_secret("")
    assert redact("plain text") == "plain text"


def test_a_short_secret_is_hidden_as_a_word_without_tearing_up_the_text() -> None:
    register_secret("abc")
    assert redact("abc: the abcissa of (abc)") == "[token]: the abcissa of ([token])"


def test_a_secret_within_another_is_no_way_out() -> None:
    register_secret("secret-one")
    register_secret("secret-one-and-two")
    assert redact("secret-one-and-two secret-one") == "[token] [token]"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Authorization: Bearer s3cret.x= to host", "Authorization: Bearer [token] to host"),
        ("authorization: Basic dTpw", "authorization: Basic [token]"),
        ("Proxy-Authorization: s3cret", "Proxy-Authorization: [token]"),
        ("{'Authorization': 'Bearer s3cret', 'a': 1}", "{'Authorization': 'Bearer [token]', 'a': 1}"),
        ('{"authorization":"s3cret"}', '{"authorization":"[token]"}'),
        ("(b'authorization', b'Bearer s3cret')", "(b'authorization', b'Bearer [token]')"),
        ("sent bearer s3cret", "sent bearer [token]"),
        ("authorization=Bearer%20s3cret", "authorization=Bearer%20[token]"),
        ("https://user:s3cret@h/x", "https://[token]@h/x"),
        ("via http://us3r:p@ss@proxy:3128", "via http://[token]@proxy:3128"),
        ("GET /?token=s3cret&n=1 200", "GET /?token=[token]&n=1 200"),
        ("?a=1&X-Amz-Signature=s3cret", "?a=1&X-Amz-Signature=[token]"),
        ("az://c/p?sv=1&sig=s3cret%3D", "az://c/p?sv=1&sig=[token]"),
    ],
)
def test_what_looks_like_a_credential_is_hidden(text: str, redacted: str) -> None:
    assert redact(text) == redacted
    assert redact(redacted) == redacted


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "access_token",
        "key",
        "api_key",
        "client_secret",
        "password",
        "sig",
        "signature",
        "auth",
        "X-Amz-Credential",
        "X-Amz-Signature",
        "AWSAccessKeyId",
        "code",
        "TOKEN",
    ],
)
def test_query_values_under_telling_names_are_hidden(name: str) -> None:
    query = urlencode({"n": "1", name: "s3 cret/+"})
    assert redact(f"https://h/x?{query}#end") == f"https://h/x?n=1&{name}=[token]#end"


@pytest.mark.parametrize(
    "text",
    [
        "the authorization failed",
        "sample:?count=1000&seed=1&users=200&rate=50",
        "HEAP_TUI_TOKEN is not set",
        "mail to a@b.example",
        "https://h.example/a@b/c?page=2",
        "users.messages.email.Click",
        "",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact(text) == text


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("abe:/?&=@#'\" \\[]tokenkey") | st.characters(), max_size=80))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@h.example/x?anything=s3cret&b=", "https://[token]@h.example/x?anything=[token]&b=[token]"),
        ("HTTP://h/?q=1", "HTTP://h/?q=[token]"),
        ("https://h.example/x", "https://h.example/x"),
        ("sample:?count=5", "sample:?count=5"),
        ("s3://bucket/p?region=eu&secret_key=s3cret", "s3://bucket/p?region=eu&secret_key=[token]"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_names_that_tell_of_secrets() -> None:
    for name in ("token", "api_key", "listen_token", "Authorization", "db-password", "apiKey"):
        assert is_secret_name(name)
    for name in ("author", "key", "event_type", "monkey", "batch_size", "client_cert"):
        assert not is_secret_name(name)


@pytest.mark.parametrize("unit", ["a", "?", "=", "token=", "://", "authorization:", "bearer ", "?tokena", "@"])
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    started = time.process_time()
    redact("://?x=1 bearer authorization" + text)
    assert time.process_time() - started < 5


def test_it_is_cheap_while_nothing_is_registered() -> None:
    line = "12:00:00 INFO delivered 100 events to heap.example, 99 pending, 0 dead letters"
    started = time.process_time()
    for _ in range(10_000):
        redact(line)
    assert time.process_time() - started < 1


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = ("json", "base64", "urllib.parse", "logging")
    code = f"import sys, heap_tui.redact; print([name for name in {heavy} if name in sys.modules])"
    output = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
