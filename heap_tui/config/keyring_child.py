"""The process that asks the operating system's keyring, so that a keyring that hangs can be killed.

Reads one request as JSON on standard input: ``action`` (get, set, delete, describe), ``service``,
``account`` and ``value``. Answers with one JSON object: ``backend`` (its name) and ``value``, ``stored`` or
``deleted``, or ``reason`` (why not) with ``detail``. keyring_process.py starts it by its path; it imports
nothing of heap_tui, so that it works wherever Python does.
"""

import configparser
import json
import os
import sys
from typing import Any

Answer = dict[str, Any]


def main() -> None:
    """Answer the request on standard input."""
    # A backend that prints would garble the answer, so from here on its output goes to standard error.
    answer_to = os.dup(1)
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    reply = answer(request)
    with os.fdopen(answer_to, "w", encoding="utf-8") as stream:
        json.dump(reply, stream)


def answer(request: Answer) -> Answer:
    """Carry out one request; every failure becomes a ``reason``."""
    if not os.environ.get("PYTHON_KEYRING_BACKEND"):
        os.environ.pop("PYTHON_KEYRING_BACKEND", None)
    try:
        import keyring
    except ImportError as error:
        return {"reason": "missing", "detail": str(error)}
    try:
        backend = keyring.get_keyring()
    except (ImportError, AttributeError, ValueError, TypeError, configparser.Error) as error:
        return {"reason": "bad_backend", "detail": _words(error, request)}
    except Exception as error:  # noqa: BLE001 - a backend may fail in any way while it looks for its service
        return {"reason": "init", "detail": _words(error, request)}
    name = str(backend.name)
    if reason := unusable(backend):
        return {"backend": name, "reason": reason}
    try:
        return {"backend": name, **_act(backend, request)}
    except Exception as error:  # noqa: BLE001 - every backend has errors of its own
        return {"backend": name, "reason": _reason(error), "detail": _words(error, request)}


def unusable(backend: Any) -> str:
    """The reason, a key of keyring_errors.py, why a backend must not be used; empty when it may."""
    module = type(backend).__module__
    if module == "keyring.backends.null":
        return "null"
    if module == "keyring.backends.fail":
        return "fail" if "PYTHON_KEYRING_BACKEND" in os.environ else "no_backend"
    if module == "keyring.backends.chainer":
        # A chain stores in its first member; an empty one forgets silently.
        members = list(backend.backends)
        return unusable(members[0]) if members else "empty_chain"
    if any("plaintext" in kind.__name__.lower() for kind in type(backend).__mro__):
        return "plaintext"
    return ""


def _act(backend: Any, request: Answer) -> Answer:
    service, account, action = request["service"], request["account"], request["action"]
    if action == "set":
        backend.set_password(service, account, request["value"])
        return {"stored": backend.get_password(service, account) == request["value"]}
    value = backend.get_password(service, account)
    if action == "delete":
        if value is not None:
            backend.delete_password(service, account)
        return {"deleted": value is not None}
    return {"value": value if action == "get" else None}


def _reason(error: Exception) -> str:
    names = [kind.__name__ for kind in type(error).__mro__]
    for name, reason in (
        ("NoKeyringError", "no_backend"),
        ("InitError", "init"),
        ("KeyringLocked", "locked"),
        ("LockedException", "locked"),
        ("PromptDismissedException", "locked"),
    ):
        if name in names:
            return reason
    return "failed"


def _words(error: Exception, request: Answer) -> str:
    """The error in words, never with the token in it."""
    text = f"{type(error).__name__}: {error}"
    value = request.get("value")
    return text.replace(value, "[token]") if value else text


if __name__ == "__main__":
    main()
