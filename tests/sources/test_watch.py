"""When to look again."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from heap_tui.sources import watch
from heap_tui.sources.watch import changes


async def wakes(looks: AsyncGenerator[None, None], within_s: float = 5.0) -> bool:
    """Whether there is another look within that time."""
    try:
        async with asyncio.timeout(within_s):
            await anext(looks)
    except StopAsyncIteration:
        return False
    return True


async def test_without_following_there_is_one_look(tmp_path: Path) -> None:
    async with aclosing(changes(str(tmp_path), asyncio.Event(), follow=False)) as looks:
        assert await wakes(looks)
        assert not await wakes(looks)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is found by looking now and then, so that only notices count."""
    monkeypatch.setattr(watch, "_LOOK_EVERY_S", 60.0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("pattern", ["", "sub", "*.ndjson", "a.ndjson", "**/*.ndjson"])
async def test_a_change_wakes(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "sub").mkdir()
    target = tmp_path / ("sub/a.ndjson" if pattern in ("sub", "**/*.ndjson") else "a.ndjson")
    async with aclosing(changes(str(tmp_path / pattern), asyncio.Event(), follow=True)) as looks:
        assert await wakes(looks)
        target.write_text("x")  # even what happens right after the first look is told
        assert await wakes(looks, 20)


@pytest.mark.usefixtures("patient")
async def test_stopping_ends_it_at_once(tmp_path: Path) -> None:
    stopping = asyncio.Event()
    async with aclosing(changes(str(tmp_path), stopping, follow=True)) as looks:
        assert await wakes(looks)
        waiting = asyncio.create_task(wakes(looks))
        stopping.set()
        assert not await waiting


async def test_what_the_system_does_not_tell_is_found_by_looking_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_LOOK_EVERY_S", 0.01)
    async with aclosing(changes(str(tmp_path / "not/there/*.ndjson"), asyncio.Event(), follow=True)) as looks:
        assert [await wakes(looks) for _time in range(3)] == [True] * 3


@pytest.mark.parametrize("error", [OSError(28, "inotify watch limit reached"), RuntimeError("x"), UnicodeError("x")])
async def test_without_notices_it_looks_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def refuse(*_paths: Any, **more: Any) -> AsyncGenerator[None, None]:
        if not more["stop_event"].is_set():
            raise error
        yield

    monkeypatch.setattr(watch, "_LOOK_EVERY_S", 0.01)
    monkeypatch.setattr("watchfiles.awatch", refuse)
    stopping = asyncio.Event()
    async with aclosing(changes(str(tmp_path), stopping, follow=True)) as looks:
        assert [await wakes(looks) for _time in range(3)] == [True] * 3
        stopping.set()
        assert not await wakes(looks)
