"""The threads of a ZipStream: readers read members ahead, deflaters compress their blocks.

One thread reads a member and computes its SHA-256. The member is split into blocks that are
compressed independently, as in pigz. All blocks but the last end with a sync flush on a byte
boundary, so that the joined blocks are one DEFLATE stream. Memory is limited by READERS members
in flight, each with a few blocks that the consumer has not read yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from queue import SimpleQueue
from threading import Event, Thread
from types import TracebackType
from typing import NamedTuple, cast

from isal import isal_zlib
from isal.isal_zlib import Z_FINISH, Z_SYNC_FLUSH, compressobj, crc32, decompressobj

from .members import AnyMember, Block, DamagedMember, PrecompressedMember, split_blocks

BLOCK_BYTES = 256 * 1024
"""Size of a block.

Large enough that independent blocks cost 0.1 % of the ratio. Small enough to stay in the cache of
a core from SHA-256 to DEFLATE, and for malloc to reuse the memory of compressed blocks (1 MiB
blocks cause 30 times the page faults).
"""

READERS = 32
"""Members that are read concurrently: a small S3 object takes 10-30 ms, most of it waiting. More
than the files of a sub-run, so that all of them are read in one round trip."""

LEVEL = 1
"""Compression level of ISA-L.

Measured on 15 real SOAPS.vec / on the text files of their runs, on one core: level 0 has the
ratio 3.57 / 3.76 at 520 / 550 MB/s, level 1 3.89 / 4.63 at 480 / 490, level 2 3.90 / 4.64 at 450
/ 476, level 3 3.90 / 4.95 at 220 / 196 (zlib level 6: 4.11 at 18).
"""

_RAW = -15
_InflateError = cast("type[Exception]", isal_zlib.error)  # the stubs of isal declare an instance

_INFLATED_BYTES = 1024 * 1024
"""Limit of one inflate call, so that a damaged stream needs no more memory than an intact one."""


class CompressedBlock(NamedTuple):
    """A compressed block, with CRC-32 and size of its content."""

    data: Block
    crc32: int
    size_bytes: int


_Result = SimpleQueue[CompressedBlock]
"""A future of one block."""


class PendingMember:
    """A member in flight. `sha256` is set once all its blocks have been consumed.

    `credits` contains a token for each block that may be read ahead. Threads communicate through
    SimpleQueue, which is implemented in C: futures and semaphores took 4 % of the packing time on
    one core.
    """

    def __init__(self, member: AnyMember, window: int) -> None:
        self.member = member
        self.sha256 = ""
        self.credits: SimpleQueue[None] = SimpleQueue()
        for _ in range(window):
            self.credits.put(None)
        self.results: SimpleQueue[_Result | None] = SimpleQueue()


class CompressionPipeline:
    """Context manager that joins all its threads on exit."""

    def __init__(self, readers: int, workers: int) -> None:
        self._window = workers + 2
        self._active: list[PendingMember] = []
        self._members: SimpleQueue[PendingMember | None] = SimpleQueue()
        self._jobs: SimpleQueue[tuple[Block, bool, _Result] | None] = SimpleQueue()
        self._failure: BaseException | None = None
        self._cancelled = Event()
        # Daemons: the interpreter must exit even if a consumer neither ends nor closes its
        # iteration.
        self._readers = [
            Thread(target=self._read_all, name="zip-read", daemon=True) for _ in range(readers)
        ]
        self._deflaters = [
            Thread(target=self._deflate_all, name="zip-deflate", daemon=True)
            for _ in range(workers)
        ]

    def __enter__(self) -> CompressionPipeline:
        for thread in (*self._readers, *self._deflaters):
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cancelled.set()
        for pending in self._active:
            pending.credits.put(None)
        for _ in self._readers:
            self._members.put(None)
        for _ in self._deflaters:
            self._jobs.put(None)
        for thread in (*self._readers, *self._deflaters):
            thread.join()

    def submit(self, members: Sequence[AnyMember]) -> list[PendingMember]:
        """Enqueue members to be read, the largest first. Return them in their order."""
        submitted = [PendingMember(member, self._window) for member in members]
        self._active += submitted
        for pending in sorted(submitted, key=lambda each: each.member.size_bytes, reverse=True):
            self._members.put(pending)
        return submitted

    def iter_blocks(self, pending: PendingMember) -> Iterator[CompressedBlock]:
        """Yield the blocks of a member. Raise the first exception of any member in flight."""
        while result := pending.results.get():
            block = result.get()
            self._raise_failure()
            pending.credits.put(None)
            yield block
        self._raise_failure()
        self._active.remove(pending)

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure

    def _read_all(self) -> None:
        while pending := self._members.get():
            try:
                self._read(pending)
            except BaseException as error:
                self._failure = self._failure or error  # raised in the thread of the consumer
            pending.results.put(None)

    def _read(self, pending: PendingMember) -> None:
        member = pending.member
        if isinstance(member, PrecompressedMember):
            check = _InflationCheck(member)
            for block, last in self._iter_member(pending, member.compressed_bytes):
                check.update(block, last=last)
                result = _Result()
                result.put(CompressedBlock(block, 0, 0))
                pending.results.put(result)
            pending.sha256 = member.sha256
            return
        digest = sha256()
        for block, last in self._iter_member(pending, member.size_bytes):
            result = _Result()
            self._jobs.put((block, last, result))
            pending.results.put(result)
            digest.update(block)
        pending.sha256 = digest.hexdigest()

    def _iter_member(
        self, pending: PendingMember, total_bytes: int
    ) -> Iterator[tuple[Block, bool]]:
        """Yield the blocks of a member, each after a credit is available, until cancellation."""
        if self._cancelled.is_set():
            return
        member = pending.member
        with closing(split_blocks(member.name, member.open(), total_bytes, BLOCK_BYTES)) as blocks:
            for block in blocks:
                pending.credits.get()
                if self._cancelled.is_set():
                    return
                yield block

    def _deflate_all(self) -> None:
        while job := self._jobs.get():
            block, last, result = job
            compressed = CompressedBlock(b"", 0, 0)
            try:
                if not self._cancelled.is_set():
                    compressed = _compress(block, last)
            except BaseException as error:
                self._failure = self._failure or error
            result.put(compressed)


class _InflationCheck:
    """Check of a copied member: DamagedMember if its content has another size or CRC-32."""

    def __init__(self, member: PrecompressedMember) -> None:
        self._member = member
        self._inflater = decompressobj(_RAW)
        self._size_bytes = self._crc32 = 0

    def update(self, block: Block, *, last: bool) -> None:
        rest, full = block, True
        while rest or full:
            try:
                inflated = self._inflater.decompress(rest, _INFLATED_BYTES)
            except _InflateError as error:
                raise self._damaged() from error
            self._size_bytes += len(inflated)
            self._crc32 = crc32(inflated, self._crc32)
            if self._size_bytes > self._member.size_bytes or self._inflater.unused_data:
                raise self._damaged()
            rest, full = self._inflater.unconsumed_tail, len(inflated) == _INFLATED_BYTES
        complete = self._inflater.eof and (self._size_bytes, self._crc32) == (
            self._member.size_bytes,
            self._member.crc32,
        )
        if last and not complete:
            raise self._damaged()

    def _damaged(self) -> DamagedMember:
        member = self._member
        return DamagedMember(
            member.name,
            f"{member.name!r} does not inflate to {member.size_bytes} bytes "
            f"with CRC-32 {member.crc32:08x}",
        )


def _compress(block: Block, last: bool) -> CompressedBlock:
    compressor = compressobj(LEVEL, wbits=_RAW)
    data = compressor.compress(block) + compressor.flush(Z_FINISH if last else Z_SYNC_FLUSH)
    return CompressedBlock(data, crc32(block), len(block))
