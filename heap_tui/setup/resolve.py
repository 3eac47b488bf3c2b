"""Host name to addresses, within a time limit that holds even when the resolver does not answer."""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

Addresses = tuple[str, ...]
Lookup = Callable[[str, int], Addresses]


def look_up(host: str, port: int) -> Addresses:
    """The addresses of `host`, each once, in the order in which they would be tried.

    Raises:
        OSError: there are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_kind, address in found))


async def resolve(host: str, port: int, timeout_s: float, lookup: Lookup = look_up) -> Addresses:
    """The addresses of `host`.

    The loop's own executor would keep the program from ending until the resolver answers; a daemon thread does
    not.

    Raises:
        OSError: there are none.
        TimeoutError: no answer within `timeout_s` seconds.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Addresses] = loop.create_future()

    def settle(result: Addresses | OSError) -> None:
        if answer.done():
            return
        if isinstance(result, OSError):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    def work() -> None:
        result: Addresses | OSError
        try:
            result = lookup(host, port)
        except OSError as error:
            result = error
        except UnicodeError as error:  # a label that is too long for the idna codec
            result = OSError(str(error))
        with suppress(RuntimeError):  # the loop has ended meanwhile, and nobody waits
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=work, name="resolver", daemon=True).start()
    async with asyncio.timeout(timeout_s):
        return await answer
