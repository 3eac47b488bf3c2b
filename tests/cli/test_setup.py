"""``heap-tui setup`` as the real program, in an empty home directory."""

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heap_tui.sandbox.server import SandboxOptions, SandboxServer
from tests.fakes.empty_home import Home
from tests.fakes.tls_server import endpoint

TOKEN = "tok-5f2c1b7e9a"
WRONG = "tok-0000000000"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def url() -> Iterator[str]:
    with SandboxServer(SandboxOptions(token=TOKEN)) as server:
        yield server.url


def saved(home: Home) -> dict[str, Any]:
    return tomllib.loads(home.config.read_text())


def assert_hidden(home: Home, *texts: str) -> None:
    """No output and no file but the keyring holds a token."""
    for token in (TOKEN, WRONG):
        assert all(token not in text for text in texts)
        assert all(token.encode() not in content for content in home.files().values())


def test_flags_alone_make_a_profile(home: Home, url: str) -> None:
    done = home.launch(
        *("setup", "--name", "Heap produção", "--endpoint", url, "--token-stdin"),
        *("--events", "users.messages.*", "--events", "users.behaviors.Purchase", "--exclude", "*.Abort"),
        *("--no-anonymous", "--remove", "phone_number", "--hash", "email_address", "--source", "sample:?count=5"),
        stdin=TOKEN + "\n",
    )
    assert done.returncode == 0, done.stderr
    assert saved(home) == {
        "version": 1,
        "default_profile": "heap-producao",
        "profiles": {
            "heap-producao": {
                "name": "Heap produção",
                "destination": {"kind": "webhook", "endpoint": url},
                "events": {
                    "include": ["users.messages.*", "users.behaviors.Purchase"],
                    "exclude": ["*.Abort"],
                    "anonymous": False,
                },
                "transform": {"remove": ["phone_number"], "hash": ["email_address"]},
                "sources": [{"uri": "sample:?count=5"}],
            }
        },
    }
    assert stat.S_IMODE(home.config.stat().st_mode) == 0o600
    assert home.keyring == {"heap-tui/heap-producao": TOKEN}
    assert str(home.config) in done.stdout
    assert "FileKeyring" in done.stdout
    assert "heap-tui test-fire" in done.stdout
    assert "heap-tui --run" in done.stdout
    assert_hidden(home, done.stdout, done.stderr)


@pytest.mark.parametrize(("token", "words"), [(WRONG, "401"), ("two words", "position"), ("", "no token")])
def test_a_token_that_does_not_work_saves_nothing(home: Home, url: str, token: str, words: str) -> None:
    done = home.launch("setup", "--endpoint", url, "--token-stdin", stdin=token)
    assert done.returncode in (2, 3)
    assert words in done.stderr
    assert done.stdout == ""
    assert home.files() == {}
    assert home.keyring == {}
    assert_hidden(home, done.stdout, done.stderr)


def test_a_failed_check_has_the_exit_code_of_its_cause(home: Home) -> None:
    with endpoint(302, headers={"Location": "https://other.example/"}) as url:
        assert home.run("setup", "--endpoint", url).returncode == 3
    assert home.run("setup", "--endpoint", url).returncode == 4
    assert home.files() == {}


def test_without_a_check_anything_valid_is_saved(home: Home) -> None:
    done = home.run("setup", "--endpoint", "https://heap.invalid/x", "--token-stdin", "--no-check", stdin=TOKEN)
    assert done.returncode == 0, done.stderr
    assert saved(home)["default_profile"] == "default"
    assert home.keyring == {"heap-tui/default": TOKEN}


def test_without_a_terminal_missing_flags_are_named(home: Home) -> None:
    done = home.launch("setup")
    assert done.returncode == 2
    assert "--endpoint" in done.stderr
    assert home.files() == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--destination", "track"], "later version"),
        (["--app-id", "1"], "--app-id"),
        (["--identity", "user_id"], "later version"),
        (["--source", "s3://bucket/x"], "later version"),
        (["--source", "/gone/x.avro"], "/gone/x.avro"),
        (["--destination", "elsewhere"], "webhook"),
        (["--remove", "phone", "--hash", "phone"], "--hash"),
        (["--profile", "a b"], "--profile"),
        (["--events", ""], "--events"),
        (["--endpoint", "http://me:secret-pw@heap.example/"], "--endpoint"),
    ],
)
def test_wrong_usage_is_two_and_names_the_flag(home: Home, arguments: list[str], words: str) -> None:
    done = home.run("setup", "--endpoint", "https://heap.invalid/x", "--no-check", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-pw" not in done.stderr
    assert home.files() == {}


def test_a_token_in_the_environment_wins_and_is_not_stored(home: Home, url: str) -> None:
    done = home.run("setup", "--endpoint", url, "--token-stdin", stdin=WRONG, HEAP_TUI_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    assert "HEAP_TUI_TOKEN is set and wins" in done.stderr
    assert saved(home)["profiles"]["default"]["destination"]["token"] == "env"
    assert home.keyring == {}
    assert_hidden(home, done.stdout, done.stderr)


def test_a_token_file_serves_as_well(home: Home, url: str) -> None:
    file = home.path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    done = home.run("setup", "--endpoint", url, HEAP_TUI_TOKEN_FILE=str(file))
    assert done.returncode == 0, done.stderr
    assert "HEAP_TUI_TOKEN_FILE is set and wins" in done.stderr
    assert TOKEN not in done.stdout + done.stderr


def test_a_keyring_that_cannot_be_used_saves_nothing_and_says_what_to_do(home: Home, url: str) -> None:
    done = home.run(
        *("setup", "--endpoint", url, "--token-stdin"),
        stdin=TOKEN,
        PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring",
    )
    assert done.returncode == 2
    assert "HEAP_TUI_TOKEN_FILE" in done.stderr
    assert home.files() == {}
    assert_hidden(home, done.stdout, done.stderr)


def test_changing_a_profile_keeps_what_is_not_named_and_its_comments(home: Home, url: str) -> None:
    home.run("setup", "--endpoint", url, "--token-stdin", "--remove", "phone_number", stdin=TOKEN)
    home.config.write_text(home.config.read_text() + "# kept\n[profiles.default.delivery]\nbatch_size = 7\n")
    done = home.run("setup", "--events", "users.messages.*", "--exclude", "*.Abort")
    assert done.returncode == 0, done.stderr
    profile = saved(home)["profiles"]["default"]
    assert profile["events"] == {"include": ["users.messages.*"], "exclude": ["*.Abort"]}
    assert profile["transform"] == {"remove": ["phone_number"]}
    assert profile["delivery"] == {"batch_size": 7}
    assert "# kept" in home.config.read_text()
    assert home.keyring == {"heap-tui/default": TOKEN}
    emptied = home.run("setup", "--exclude", "", "--remove", "none")
    assert emptied.returncode == 0, emptied.stderr
    assert saved(home)["profiles"]["default"]["events"]["exclude"] == []


def test_a_second_profile_is_not_the_default_and_the_next_commands_name_it(home: Home, url: str) -> None:
    home.run("setup", "--endpoint", url, "--token-stdin", stdin=TOKEN)
    done = home.run("setup", "--profile", "staging", "--endpoint", url, "--token-stdin", stdin=TOKEN)
    assert done.returncode == 0, done.stderr
    assert saved(home)["default_profile"] == "default"
    assert "heap-tui test-fire --profile staging" in done.stdout
    assert sorted(home.keyring) == ["heap-tui/default", "heap-tui/staging"]


def test_unknown_globs_and_fields_are_warnings(home: Home, url: str) -> None:
    done = home.run("setup", "--endpoint", url, "--events", "users.new.*", "--remove", "fone", HEAP_TUI_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    assert "warning: --events: users.new.*" in done.stderr
    assert "warning: --remove" in done.stderr


def test_quiet_shows_no_progress(home: Home, url: str) -> None:
    done = home.run("setup", "--quiet", "--endpoint", url, HEAP_TUI_TOKEN=TOKEN)
    assert done.returncode == 0
    assert done.stderr == ""


def test_a_configuration_with_mistakes_is_left_alone(home: Home) -> None:
    home.config.parent.mkdir(parents=True)
    home.config.write_text("version = 1\ndefault_profile = 3\n")
    done = home.run("setup", "--endpoint", "https://heap.invalid/x", "--no-check")
    assert done.returncode == 2
    assert "line 2" in done.stderr
    assert home.config.read_text() == "version = 1\ndefault_profile = 3\n"


GUIDE = [
    ("Token [none]: ", TOKEN + "\r"),
    ("Name [default]: ", "Production\r"),
    ("Event types [*]: ", "users.messages.*\r"),
    ("Except [none]: ", "\r"),
    ("Anonymous events [yes]: ", "n\r"),
    ("Fields to remove [none]: ", "phone_number\r"),
    ("Fields to hash [none]: ", "\r"),
    ("Source [none]: ", "sample:?count=5\r"),
    ("One more Source [no]: ", "\r"),
]


def test_on_a_terminal_everything_is_asked(home: Home, url: str) -> None:
    code, screen = home.talk(["setup"], ("Endpoint: ", url + "\r"), *GUIDE, ("step to change: ", "\r"))
    assert code == 0, screen
    profile = saved(home)["profiles"]["production"]
    assert profile["events"] == {"include": ["users.messages.*"], "anonymous": False}
    assert profile["sources"] == [{"uri": "sample:?count=5"}]
    assert home.keyring == {"heap-tui/production": TOKEN}
    assert [name for name in home.files() if "draft" in name] == []
    assert_hidden(home, screen)


def test_a_wrong_answer_is_asked_again_beside_the_reason(home: Home, url: str) -> None:
    turns = [("Endpoint: ", "heap.example\r"), ("Token [none]: ", "\r"), ("Endpoint: ", url + "\r")]
    code, screen = home.talk(["setup"], *turns, ("Name [default]: ", "\x03"))
    assert "! The endpoint heap.example has no https://" in screen
    assert code == 4


def test_a_failed_check_lets_the_credentials_be_corrected(home: Home, url: str) -> None:
    wrong = [("Token [none]: ", WRONG + "\r"), *GUIDE[1:]]
    right = [
        ("What now? [change] the credentials, test again, or cancel: ", "\r"),
        (f"Endpoint [{url}]: ", "\r"),
        ("Token [", TOKEN + "\r"),
        ("step to change: ", "save\r"),
    ]
    code, screen = home.talk(["setup"], ("Endpoint: ", url + "\r"), *wrong, *right)
    assert code == 0, screen
    assert home.keyring == {"heap-tui/production": TOKEN}
    assert_hidden(home, screen)


def test_cancelling_changes_nothing(home: Home, url: str) -> None:
    code, screen = home.talk(["setup"], ("Endpoint: ", url + "\r"), *GUIDE, ("step to change: ", "cancel\r"))
    assert code == 4
    assert "nothing was changed" in screen
    assert home.files() == {}
    assert home.keyring == {}


def test_an_interrupted_set_up_is_resumed_without_its_token(home: Home, url: str) -> None:
    first = [("Endpoint: ", url + "\r"), *GUIDE[:3], ("Except [none]: ", "\x03")]
    code, screen = home.talk(["setup"], *first)
    assert code == 4
    assert "Your answers are kept" in screen
    assert_hidden(home, screen)
    again = [
        ("Go on with it? [yes]: ", "\r"),
        (f"Endpoint [{url}]: ", "\r"),
        ("Token [none]: ", TOKEN + "\r"),
        ("Event types [*]: ", "\r"),
        *GUIDE[3:],
        ("step to change: ", "\r"),
    ]
    code, screen = home.talk(["setup"], *again)
    assert code == 0, screen
    assert list(saved(home)["profiles"]) == ["production"]
    assert_hidden(home, screen)


def test_the_review_goes_back_to_one_step_only(home: Home, url: str) -> None:
    turns = [
        ("step to change: ", "source\r"),
        ("Source [sample:?count=5]: ", "none\r"),
        ("step to change: ", "\r"),
    ]
    code, screen = home.talk(["setup"], ("Endpoint: ", url + "\r"), *GUIDE, *turns)
    assert code == 0, screen
    assert "sources" not in saved(home)["profiles"]["production"]


def test_on_a_terminal_only_what_is_missing_is_asked_beside_flags(home: Home, url: str) -> None:
    code, screen = home.talk(["setup", "--endpoint", url], ("Token [none]: ", TOKEN + "\r"))
    assert code == 0, screen
    assert home.keyring == {"heap-tui/default": TOKEN}
    assert_hidden(home, screen)
