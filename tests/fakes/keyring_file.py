"""A keyring that keeps what it is given in the file named by KEYRING_FILE; chosen by PYTHON_KEYRING_BACKEND."""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend


class FileKeyring(KeyringBackend):
    """Keeps every password of every service in one JSON file."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return self._entries().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._path().write_text(json.dumps({**self._entries(), f"{service}/{username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        left = {name: text for name, text in self._entries().items() if name != f"{service}/{username}"}
        self._path().write_text(json.dumps(left))

    def _path(self) -> Path:
        return Path(os.environ["KEYRING_FILE"])

    def _entries(self) -> dict[str, str]:
        path = self._path()
        return json.loads(path.read_text()) if path.exists() else {}
