"""Reads files: finds them, continues where an earlier run stopped, and keeps looking when asked to follow."""

import asyncio
import os
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import aclosing
from multiprocessing import get_context
from typing import BinaryIO

from heap_tui.i18n import _
from heap_tui.pipeline.file_intake import FileIntake
from heap_tui.pipeline.intake import Desk
from heap_tui.pipeline.pace import Pace, in_thread
from heap_tui.sources.base import Broken, Chunk
from heap_tui.sources.discovery import FoundFile, Listing, discover
from heap_tui.sources.files import chunks, open_stream
from heap_tui.sources.watch import changes
from heap_tui.spool.cursors import FileIdentity, Stream, candidates
from heap_tui.spool.store import Store
from heap_tui.status import Noticed

_SLICE = 500  # items taken before the sender has its turn
_MOST_DECODERS = 2  # each takes about 40 MB of memory
# A followed file that was changed in the last seconds may still be being copied to its place.
_SETTLED_AFTER_S = 10.0
_COMMIT_EVERY = 100  # files; what was noted of them is not held in memory for longer


def _serve_the_parent() -> None:
    """In a decoding process: the parent alone decides when it ends, and it ends when the parent is gone."""
    import signal
    import threading
    from multiprocessing import parent_process

    # Ctrl+C in a terminal reaches every process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    # Killed, or gone at a second signal, the parent cannot say so.
    threading.Thread(target=follow, daemon=True).start()


class Decoders:
    """Processes that decode large files, started when the first one wants them."""

    def __init__(self) -> None:
        self._pools: dict[int, Executor] = {}

    def number_for(self, path: str) -> int:
        """How many processes a file is worth: lines are read by one as fast as all the rest goes."""
        return max(1, min(_MOST_DECODERS, (os.cpu_count() or 1) // 2)) if path.lower().endswith(".avro") else 1

    def pool_for(self, path: str) -> Executor:
        """The pool for a file; its processes start with their first work."""
        number = self.number_for(path)
        if number not in self._pools:
            # Not forked: a fork would inherit locks of threads that it does not have.
            context = get_context("spawn")
            pool = ProcessPoolExecutor(number, mp_context=context, initializer=_serve_the_parent)
            self._pools[number] = pool
        return self._pools[number]

    def close(self) -> None:
        """End the processes."""
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)


class FileReader:
    """Reads the files of a run, one after another for each source.

    Args:
        desk: what the run shares.
        pace: what the readers share.
        store: the state, for cursors.
        scope: the destination's number.
        follow: keep looking for more.
        replay: begin every file at its beginning.
    """

    def __init__(self, desk: Desk, pace: Pace, store: Store, scope: int, *, follow: bool, replay: bool) -> None:
        self._desk = desk
        self._pace = pace
        self._store = store
        self._scope = scope
        self._follow = follow
        self._replay = replay
        self.decoders = Decoders()
        self._read: dict[tuple[int, int], tuple[Stream, int]] = {}  # with follow: files that are not complete
        self._replayed: set[tuple[int, int]] = set()
        self._uncommitted = 0

    async def read(self, pattern: str) -> None:
        """Read what `pattern` stands for; with follow, until the run stops.

        Raises:
            StateError: the state cannot be read.
        """
        known: dict[str, FileIdentity] = {}
        told: set[str] = set()
        async with aclosing(changes(pattern, self._pace.over, follow=self._follow)) as looks:
            async for _look in looks:
                await self._forget_complete()
                listing = await asyncio.to_thread(discover, pattern)
                self._tell_problems(pattern, listing, told)
                fresh = [file for file in listing.files if known.get(file.path) != file.identity]
                self._desk.status.bytes_total += sum(file.identity.size for file in fresh)
                for file in fresh:
                    if self._pace.is_over:
                        self._pace.unread = True
                        return
                    if await self._file(file):
                        known[file.path] = file.identity
                    await self._commit_now_and_then()

    async def _forget_complete(self) -> None:
        """Leave what is complete to its cursor, so that memory does not grow with every file that is followed."""
        if any(stream.complete for stream, _position in self._read.values()):
            complete = {key for key, (stream, _position) in self._read.items() if stream.complete}
            await self._desk.ledger.commit()
            # Another source may have gone on with one of them meanwhile.
            self._read = {key: read for key, read in self._read.items() if key not in complete or not read[0].complete}

    async def _commit_now_and_then(self) -> None:
        self._uncommitted += 1
        if self._uncommitted >= _COMMIT_EVERY:
            self._uncommitted = 0
            await self._desk.ledger.commit()

    def _tell_problems(self, pattern: str, listing: Listing, told: set[str]) -> None:
        for problem in listing.unreadable:
            if problem.path not in told:
                told.add(problem.path)
                self._reject_file(problem.path, problem.reason)
        if not listing.files and not told:
            told.add(pattern)
            text = _("{pattern} holds no file of a known format (.avro, .ndjson, .jsonl, .json, also .gz, .zst).")
            self._desk.status.publish(Noticed(text.format(pattern=pattern), warning=True))

    def _reject_file(self, path: str, reason: str) -> None:
        """A file that cannot be read at all counts as one read and one rejected."""
        self._desk.status.counts.read += 1
        broken = Broken(_("the file cannot be read ({reason})").format(reason=reason))
        self._desk.ledger.keep(self._desk.letter(broken, broken.reason, path, 0, ""))
        self._pace.progressed.set()

    async def _file(self, found: FoundFile) -> bool:
        """Read one file; False when it is to be looked at again even if it does not change."""
        try:
            file = await asyncio.to_thread(open, found.path, "rb")
        except OSError as error:
            self._reject_file(found.path, error.strerror or str(error))
            return True
        with file:
            stream, start = self._stream(found, file)
            if not stream.complete:
                return await self._content(stream, start, file)
            self._desk.status.bytes_read += found.identity.size
            return True

    def _stream(self, found: FoundFile, file: BinaryIO) -> tuple[Stream, int]:
        """The file's stream, and where to read on."""
        key = (found.identity.device, found.identity.inode)
        cursors = candidates(self._store.connection, self._scope, found.identity)
        again = self._replay and key not in self._replayed
        if again:
            self._replayed.add(key)
        stream, stale = open_stream(found.path, found.identity, file, [] if again else cursors)
        if key in self._read:
            # Read in this run already: its own positions are further than what is committed.
            current, start = self._read[key]
            if current.is_continued_by(stream, start):
                current.name, current.identity = found.path, found.identity
                current.head, current.end = stream.head, None
                return current, start
            again = True
            stream, _nothing = open_stream(found.path, found.identity, file, [])
        self._desk.ledger.forget([cursor.number for cursor in cursors] if again else stale)
        return stream, stream.ranges.low

    def _is_growing(self, file: FileIdentity) -> bool:
        age_s = self._desk.clock.time() - file.mtime_ns / 1e9
        return self._follow and abs(age_s) < _SETTLED_AFTER_S

    async def _content(self, stream: Stream, start: int, file: BinaryIO) -> bool:
        intake = FileIntake(self._desk, stream, start, follow=self._follow, growing=self._is_growing(stream.identity))
        pool = self.decoders.pool_for(stream.name)
        ended, rejected = True, self._desk.status.counts.rejected
        progress = _Progress(self._desk, stream, start)
        async with aclosing(
            in_thread(chunks(stream.name, file, start, pool, self.decoders.number_for(stream.name)))
        ) as portions:
            async for chunk in portions:
                if self._pace.is_over or not await self._take(intake, chunk):
                    ended = False
                    break
                progress.note(intake.position)
                if self._desk.status.counts.rejected > rejected:
                    # Perhaps nothing in the file is an event, so that no delivery would have them written.
                    rejected = self._desk.status.counts.rejected
                    await self._desk.ledger.commit()
        intake.pass_over()
        if ended:
            progress.end()
            stream.end = None if intake.is_unfinished else intake.position
        self._pace.unread |= not ended
        self._desk.ledger.touch(stream)
        if self._follow:
            self._read[(stream.identity.device, stream.identity.inode)] = (stream, intake.position)
        self._pace.progressed.set()
        return not intake.waits

    async def _take(self, intake: FileIntake, chunk: Chunk) -> bool:
        """Take all of `chunk`; False when the run was over before its end."""
        begin = 0
        while begin < len(chunk.items):
            begin = intake.take(chunk, begin, _SLICE)
            await self._pace.let_others_work()
            if self._pace.is_over and begin < len(chunk.items):
                return False
        return True


class _Progress:
    """Tells how many bytes of a file were read; of a compressed one that is known only at its end."""

    def __init__(self, desk: Desk, stream: Stream, start: int) -> None:
        self._status = desk.status
        self._size = stream.identity.size
        self._told = start if stream.by_bytes else 0
        self._by_bytes = stream.by_bytes
        self._status.bytes_read += self._told

    def note(self, position: int) -> None:
        """Everything before `position` was taken."""
        if self._by_bytes and position > self._told:
            self._status.bytes_read += position - self._told
            self._told = position

    def end(self) -> None:
        """The file was read to its end."""
        self._status.bytes_read += max(0, self._size - self._told)
