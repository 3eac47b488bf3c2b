"""A running sandbox and a client for it."""

from collections.abc import Iterator

import httpx
import pytest

from heap_tui.sandbox.server import SandboxServer
from tests.sandbox.exchange import HEADERS


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, headers=HEADERS, timeout=10) as made:
        yield made


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running
