"""Bodies and connections for the tests of the sandbox."""

import json
import socket
from typing import Any

import httpx

from heap_tui.sandbox.server import SandboxServer

HEADERS = {"Content-Type": "application/json", "Braze-Currents-Version": "1"}


def event(event_id: str = "a", event_type: str = "users.messages.email.Click", **more: Any) -> dict[str, Any]:
    return {
        "event_type": event_type,
        "id": event_id,
        "time": 1700000000,
        "user": {},
        "properties": {},
        **more,
    }


def payload(*ids: str) -> bytes:
    return json.dumps({"events": [event(one) for one in ids]}).encode()


def connected(server: SandboxServer) -> socket.socket:
    url = httpx.URL(server.url)
    assert url.port
    return socket.create_connection((url.host, url.port), timeout=10)
