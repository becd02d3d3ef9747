"""The threads behind a ZipStream: readers that fetch members ahead of their turn, deflaters that compress their blocks.

A member is read by one thread, so that its SHA-256 can be taken on the way, and is cut into blocks that deflate independently (as
pigz does it): a block but the last ends with a sync flush, on a byte boundary, hence the blocks joined are one DEFLATE stream.
Memory is bounded by READERS members in flight, each with a few blocks that the consumer has not taken yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from queue import SimpleQueue
from threading import Event, Thread
from types import TracebackType
from typing import NamedTuple, cast

from isal import isal_zlib
from isal.isal_zlib import Z_FINISH, Z_SYNC_FLUSH, compressobj, crc32, decompressobj

from .members import AnyMember, Block, DamagedMember, PrecompressedMember, Source, blocks

BLOCK_BYTES = 256 * 1024
"""Large enough that independent blocks cost 0.1 % of the ratio, small enough to stay in a core's cache from SHA-256 to DEFLATE, and for
its compressed form to be recycled by malloc rather than mapped anew (1 MiB blocks take 30 times the page faults)."""

READERS = 8
"""A small S3 object is 10-30 ms of waiting: this many at a time, however few threads deflate."""

LEVEL = 1
"""Measured on 15 real SOAPS.vec / on their runs' text files, one core: level 0 ratio 3.57 / 3.76 at 520 / 550 MB/s, level 1 3.89 / 4.63
at 480 / 490, level 2 3.90 / 4.64 at 450 / 476, level 3 3.90 / 4.95 at 220 / 196 (zlib level 6: 4.11 at 18)."""

_RAW = -15
_NoDeflate = cast("type[Exception]", isal_zlib.error)  # isal's stubs declare an instance

_INFLATED_BYTES = 1024 * 1024
"""How much of a copied member is inflated at a time: a damaged stream must not take more memory than a sound one."""


class Deflated(NamedTuple):
    data: Block
    crc32: int
    size_bytes: int


_Slot = SimpleQueue[Deflated]
"""Of a block: where its deflated form appears."""


class Order:
    """A member in flight. `sha256` is there once all of its blocks are taken.

    Everything is handed over in SimpleQueues, which are C: futures and semaphores took 4 % of the packing time on one core.
    `room` holds a token for each block that may still be read.
    """

    def __init__(self, source: AnyMember, window: int) -> None:
        self.source = source
        self.sha256 = ""
        self.room: SimpleQueue[None] = SimpleQueue()
        for _ in range(window):
            self.room.put(None)
        self.blocks: SimpleQueue[_Slot | None] = SimpleQueue()


class Line:
    """Context whose threads have all ended when it is left, however it is left."""

    def __init__(self, readers: int, workers: int) -> None:
        self._window = workers + 2
        self._active: list[Order] = []
        self._orders: SimpleQueue[Order | None] = SimpleQueue()
        self._jobs: SimpleQueue[tuple[Block, bool, _Slot] | None] = SimpleQueue()
        self._failure: BaseException | None = None
        self._stopped = Event()
        # Daemons: a consumer that neither ends nor closes its iteration must not keep the interpreter from exiting.
        self._readers = [
            Thread(target=self._read_all, name="zip-read", daemon=True) for _ in range(readers)
        ]
        self._deflaters = [
            Thread(target=self._deflate_all, name="zip-deflate", daemon=True)
            for _ in range(workers)
        ]

    def __enter__(self) -> Line:
        for thread in (*self._readers, *self._deflaters):
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        for order in self._active:
            order.room.put(None)
        for _ in self._readers:
            self._orders.put(None)
        for _ in self._deflaters:
            self._jobs.put(None)
        for thread in (*self._readers, *self._deflaters):
            thread.join()

    def order(self, source: AnyMember) -> Order:
        """Have a member read, after those ordered before it."""
        order = Order(source, self._window)
        self._active.append(order)
        self._orders.put(order)
        return order

    def acquire(self, order: Order) -> Iterator[Deflated]:
        """The blocks of a member, as they get ready. The first failure of any member in flight is raised."""
        while slot := order.blocks.get():
            deflated = slot.get()
            self._raise_failure()
            order.room.put(None)
            yield deflated
        self._raise_failure()
        self._active.remove(order)

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure

    def _read_all(self) -> None:
        while order := self._orders.get():
            try:
                self._read(order)
            except BaseException as error:
                self._failure = self._failure or error  # raised again where the archive is consumed
            order.blocks.put(None)

    def _read(self, order: Order) -> None:
        source = order.source
        if isinstance(source, PrecompressedMember):
            check = _InflationCheck(source)
            for block, last in self._blocks(order, source, source.compressed_bytes):
                check.update(block, last=last)
                slot = _Slot()
                slot.put(Deflated(block, 0, 0))
                order.blocks.put(slot)
            order.sha256 = source.sha256
            return
        digest = sha256()
        for block, last in self._blocks(order, source, source.size_bytes):
            slot = _Slot()
            self._jobs.put((block, last, slot))
            order.blocks.put(slot)
            digest.update(block)
        order.sha256 = digest.hexdigest()

    def _blocks(
        self, order: Order, source: Source | PrecompressedMember, total_bytes: int
    ) -> Iterator[tuple[Block, bool]]:
        """The blocks of a member, each once there is room for it, until the line is stopped."""
        if self._stopped.is_set():
            return
        with closing(blocks(source.name, source.open(), total_bytes, BLOCK_BYTES)) as cut:
            for block in cut:
                order.room.get()
                if self._stopped.is_set():
                    return
                yield block

    def _deflate_all(self) -> None:
        while job := self._jobs.get():
            block, last, slot = job
            deflated = Deflated(b"", 0, 0)
            try:
                if not self._stopped.is_set():
                    deflated = _deflated(block, last)
            except BaseException as error:
                self._failure = self._failure or error
            slot.put(deflated)


class _InflationCheck:
    """Inflate the blocks of a copied member and compare them with its announced size and CRC-32. DamagedMember if they differ."""

    def __init__(self, source: PrecompressedMember) -> None:
        self._source = source
        self._inflater = decompressobj(_RAW)
        self._size_bytes = self._crc32 = 0

    def update(self, block: Block, *, last: bool) -> None:
        rest, full = block, True
        while rest or full:
            try:
                inflated = self._inflater.decompress(rest, _INFLATED_BYTES)
            except _NoDeflate as error:
                raise self._damaged() from error
            self._size_bytes += len(inflated)
            self._crc32 = crc32(inflated, self._crc32)
            if self._size_bytes > self._source.size_bytes or self._inflater.unused_data:
                raise self._damaged()
            rest, full = self._inflater.unconsumed_tail, len(inflated) == _INFLATED_BYTES
        whole = self._inflater.eof and (self._size_bytes, self._crc32) == (
            self._source.size_bytes,
            self._source.crc32,
        )
        if last and not whole:
            raise self._damaged()

    def _damaged(self) -> DamagedMember:
        source = self._source
        return DamagedMember(
            source.name,
            f"{source.name!r} does not inflate to {source.size_bytes} bytes of CRC-32 {source.crc32:08x}",
        )


def _deflated(block: Block, last: bool) -> Deflated:
    compressor = compressobj(LEVEL, wbits=_RAW)
    data = compressor.compress(block) + compressor.flush(Z_FINISH if last else Z_SYNC_FLUSH)
    return Deflated(data, crc32(block), len(block))
