"""A peer: the script one writes first. Reads NDJSON, posts it in batches with httpx, keeps nothing.

Arguments: FILE URL BATCH_SIZE IN_FLIGHT. With IN_FLIGHT 1 one request after another, else that many at once.
"""

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx


def batches(path: str, size: int) -> Iterator[list[Any]]:
    """Parsed events, `size` at a time."""
    with Path(path).open(encoding="utf-8") as lines:
        while batch := [json.loads(line) for line in itertools.islice(lines, size)]:
            yield batch


def one_after_another(url: str, waiting: Iterator[list[Any]]) -> None:
    """Post the batches with the plain client."""
    with httpx.Client() as client:
        for batch in waiting:
            client.post(url, json={"events": batch}).raise_for_status()


async def at_once(url: str, waiting: Iterator[list[Any]], in_flight: int) -> None:
    """Post the batches with the asynchronous client and `in_flight` tasks."""
    async with httpx.AsyncClient() as client:

        async def worker() -> None:
            for batch in waiting:
                (await client.post(url, json={"events": batch})).raise_for_status()

        await asyncio.gather(*(worker() for _ in range(in_flight)))


def main() -> None:
    """Send the whole file."""
    path, url, batch_size, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    waiting = batches(path, batch_size)
    if in_flight == 1:
        one_after_another(url, waiting)
    else:
        asyncio.run(at_once(url, waiting, in_flight))


if __name__ == "__main__":
    main()
