"""What is shown of a configuration holds no secret, and says where each token comes from."""

import tomllib

import pytest

from heap_tui.config.keyring_errors import keyring_error
from heap_tui.config.model import Config, DeliverySettings, Destination, Profile
from heap_tui.config.secrets import Token
from heap_tui.config.view import TokenOrigin, shown_profiles, shown_toml, token_origins

TEXT = """\
# ask https://u:hidden1@wiki.example/?token=hidden2
[profiles.p.destination]
kind = "webhook"
endpoint = "https://heap.example/x?anything=hidden3" # the real one
token = "keyring"
api_key = "hidden4"
[profiles.p.delivery]
proxy = "http://u:hidden5@proxy:3128"
client_key = "~/key.pem"
[[profiles.p.sources]]
uri = "s3://b/p?secret_access_key=hidden6&region=us"
[extra]
passwords = ["hidden7"]
nested = {client_secret = "hidden8", n = 1}
"""


def test_secrets_are_hidden_and_the_rest_is_as_people_wrote_it() -> None:
    shown = shown_toml(TEXT, "config.toml")
    assert "hidden" not in shown
    for instead in (
        "https://[token]@wiki.example/?token=[token]",
        'endpoint = "https://heap.example/x?anything=[token]" # the real one',
        'api_key = "[token]"',
        'proxy = "http://[token]@proxy:3128"',
        'uri = "s3://b/p?secret_access_key=[token]&region=us"',
        'passwords = ["[token]"]',
        'nested = {client_secret = "[token]", n = 1}',
    ):
        assert instead in shown
    assert 'token = "keyring"' in shown
    assert 'client_key = "~/key.pem"' in shown
    assert shown.count("#") == TEXT.count("#")


def test_a_file_that_cannot_be_edited_is_shown_without_its_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str, wanted: object) -> str:
        raise ValueError("cannot be edited")

    monkeypatch.setattr("heap_tui.config.view.edited_toml", fail)
    shown = shown_toml(TEXT, "config.toml")
    assert "hidden" not in shown
    assert tomllib.loads(shown)["profiles"]["p"]["destination"]["kind"] == "webhook"


def test_profiles_are_shown_with_all_their_settings() -> None:
    profile = Profile(
        "p", "P", Destination("webhook", "https://h/?a=hidden"), delivery=DeliverySettings(proxy="http://u:hidden@h")
    )
    shown = shown_profiles(Config(profiles={"p": profile}))
    assert shown["p"]["destination"]["endpoint"] == "https://h/?a=[token]"
    assert shown["p"]["delivery"]["proxy"] == "http://[token]@h"
    assert shown["p"]["delivery"]["batch_size"] == 100
    assert shown["p"]["destination"]["token"] == "keyring"


def test_each_profile_says_where_its_token_comes_from() -> None:
    profiles = {
        "stored": Profile("stored", "", Destination("webhook", "https://h")),
        "missing": Profile("missing", "", Destination("webhook", "https://h")),
        "env": Profile("env", "", Destination("webhook", "https://h", token="env")),
        "none": Profile("none", "", Destination("track", app_id="1")),
    }
    origins = token_origins(profiles, {}, {"stored": Token("x", "keyring (test)")}.get)
    assert origins["stored"] == TokenOrigin("keyring (test)")
    assert "holds no token for profile missing" in origins["missing"].problem
    assert "HEAP_TUI_TOKEN_FILE" in origins["env"].problem
    assert origins["none"] == TokenOrigin("none is needed")


def test_a_keyring_that_hangs_is_waited_for_once() -> None:
    asked: list[str] = []

    def hanging(account: str) -> Token | None:
        asked.append(account)
        raise keyring_error("timeout", detail="5")

    profiles = {key: Profile(key, key, Destination("webhook", "https://h")) for key in ("a", "b", "c")}
    origins = token_origins(profiles, {}, hanging)
    assert asked == ["a"]
    assert all("did not answer within 5 s" in origin.problem for origin in origins.values())
