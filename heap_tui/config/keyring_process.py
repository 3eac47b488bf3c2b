"""Asks the keyring in a child process with a time limit, and says in words why it gave nothing.

A locked keyring with a display waits for its dialog for ever, and a broken daemon never answers; neither may
hold up a delivery. Secrets travel through pipes only: no argument, no environment variable.
"""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from heap_tui.config.keyring_errors import keyring_error
from heap_tui.i18n import _

SERVICE = "heap-tui"
TIMEOUT_S = 5.0
_STEP_S = 0.1
_SAY_AFTER_S = 1.0
_CHILD = Path(__file__).with_name("keyring_child.py")
_LOG = logging.getLogger(__name__)


def never() -> bool:
    """The `cancelled` of those who cannot cancel."""
    return False


def ask_keyring(
    action: str,
    account: str,
    *,
    value: str | None = None,
    timeout_s: float = TIMEOUT_S,
    cancelled: Callable[[], bool] = never,
    environ: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Have the child process do one thing with the keyring.

    Args:
        action: ``get``, ``set``, ``delete`` or ``describe``.
        account: the entry's name within the service ``heap-tui``.
        value: what to store.
        timeout_s: seconds after which the child is killed.
        cancelled: asked ten times a second; True gives up.
        environ: the child's environment; None: this process's.

    Returns:
        ``backend`` and ``value``, ``stored`` or ``deleted``.

    Raises:
        KeyringError: the keyring cannot be used, is locked, does not answer, or the wait was cancelled.
    """
    request = json.dumps({"action": action, "service": SERVICE, "account": account, "value": value})
    output = _run_child(request, timeout_s, cancelled, os.environ if environ is None else environ)
    try:
        answer = json.loads(output)
    except ValueError:
        raise keyring_error("crashed") from None
    if "reason" in answer:
        raise keyring_error(answer["reason"], backend=answer.get("backend", ""), detail=answer.get("detail", ""))
    assert isinstance(answer, dict)
    return answer


def _run_child(request: str, timeout_s: float, cancelled: Callable[[], bool], environ: Mapping[str, str]) -> str:
    # -P keeps the working directory off the import path: a file keyring.py there must not see the token.
    # A session of its own, so that Ctrl+C reaches only us, and we end the child.
    with subprocess.Popen(  # noqa: S603 - this Python and a file of this package
        [sys.executable, "-P", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env={name: text for name, text in environ.items() if not name.startswith("HEAP_TUI_")},
        start_new_session=True,
    ) as child:
        try:
            return _wait(child, request, timeout_s, cancelled)
        finally:
            child.kill()


def _wait(child: subprocess.Popen[str], request: str, timeout_s: float, cancelled: Callable[[], bool]) -> str:
    started = time.monotonic()
    said = False
    unsent: str | None = request
    while True:
        try:
            return child.communicate(unsent, timeout=min(_STEP_S, timeout_s))[0]
        except subprocess.TimeoutExpired:
            unsent = None
        waited = time.monotonic() - started
        if cancelled():
            raise keyring_error("cancelled")
        if waited >= timeout_s:
            raise keyring_error("timeout", detail=f"{timeout_s:g}")
        if waited >= _SAY_AFTER_S and not said:
            _LOG.info(_("Waiting for the keyring, at most {seconds} s.").format(seconds=f"{timeout_s:g}"))
            said = True
