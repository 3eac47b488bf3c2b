"""``heap-tui spool`` by click, with a configuration and state of its own."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from heap_tui.cli.context import App
from heap_tui.cli.root import root
from heap_tui.errors import UsageError
from heap_tui.spool.items import DeadLetter
from tests.fakes.letters import fill

HOSTILE = b"\x1b[2J\x1b]0;title\x07 \xe2\x80\xaeevil \xff\x9b31m"
PROFILES = """
version = 1
default_profile = "production"

[profiles.production.destination]
kind = "webhook"
endpoint = "https://heap.example/in"
token = "none"
[profiles.production.events]
exclude = ["users.messages.sms.*"]
[profiles.production.transform]
remove = ["email_address"]

[profiles.second.destination]
kind = "webhook"
endpoint = "https://heap.example/two"
token = "none"
"""


class Home:
    """A configuration file and a state directory; `run` calls the program with them."""

    def __init__(self, root_directory: Path) -> None:
        self.config = root_directory / "config.toml"
        self.states = root_directory / "state"
        self.directory = self.states / "no-profile"

    def run(self, *arguments: str) -> Result:
        places = ["--config", str(self.config), "--state-dir", str(self.states), "--lang", "en"]
        return CliRunner().invoke(root, [*places, "spool", *arguments], standalone_mode=False, obj=App())

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--output", "json").stdout)

    def fill(self, *letters: DeadLetter, pending: tuple[str, ...] = (), profile: str | None = None) -> Path:
        directory = self.states / "profiles" / profile if profile else self.directory
        fill(directory, *letters, pending=pending)
        return directory


def usage_error(result: Result) -> UsageError:
    assert isinstance(result.exception, UsageError), result.exception or result.output
    assert result.stdout == ""
    return result.exception
