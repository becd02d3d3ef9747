"""ZipStream: members read ahead and deflated in parallel, leaving in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from hashlib import sha256

from isal.isal_zlib import crc32_combine

from .headers import Entry, data_descriptor, directory_end, directory_record, local_header
from .members import AnyMember, Block, PackedMember, PrecompressedMember, Source, check_name
from .pipeline import BLOCK_BYTES, READERS, Line, Order

_PIECE_BYTES = 48 * 1024

_Piece = Block | bytearray


class ZipStream:
    """The bytes of a ZIP archive of `sources`, in their order: iterate over it once.

    `closing` is called when all of them are packed, and returns name and content of the last member. The same contents give the same
    bytes, whether they are deflated here or copied from an archive that this class made, and whatever `workers` is (the number of
    threads that deflate). Members to come are opened and read ahead in further threads; when the iteration ends, fails or is closed,
    all of them have ended and every opened source is closed.

    BadMemberName is raised here; WrongMemberSize, DamagedMember and whatever a source raises by the iteration. After it: `members`,
    `size_bytes`, `sha256` (hex, of the whole archive).
    """

    members: list[PackedMember]
    size_bytes: int
    sha256: str

    def __init__(
        self,
        sources: Iterable[AnyMember],
        *,
        closing: Callable[[Sequence[PackedMember]], tuple[str, bytes]] | None = None,
        workers: int = 2,
    ) -> None:
        self._sources = deque(sources)
        self._names: set[str] = set()
        for source in self._sources:
            self._take_name(source.name)
        self._closing = closing
        self._workers = workers
        self._directory = bytearray()
        self._written = 0
        self._started = False
        self.members = []

    def __iter__(self) -> Generator[bytes, None, None]:
        if self._started:
            raise RuntimeError("a ZipStream can be iterated over once")
        self._started = True
        digest = sha256()
        with closing(self._records()) as records:
            for piece in _gathered(records):
                digest.update(piece)
                yield piece
        self.size_bytes = self._written
        self.sha256 = digest.hexdigest()

    def _records(self) -> Generator[_Piece, None, None]:
        readers = max(1, min(READERS, len(self._sources)))
        with Line(readers, self._workers) as line:
            ahead = deque(line.order(source) for source in self._taken(readers))
            while ahead:
                yield from self._member(line, ahead.popleft())
                ahead.extend(line.order(source) for source in self._taken(1))
            if self._closing:
                name, content = self._closing(self.members)
                self._take_name(name)
                yield from self._member(
                    line, line.order(Source(name, len(content), lambda: iter([content])))
                )
        end = directory_end(len(self.members), self._written, len(self._directory))
        yield self._directory
        yield end
        self._written += len(self._directory) + len(end)

    def _member(self, line: Line, order: Order) -> Iterator[_Piece]:
        source = order.source
        blocks = line.acquire(order)
        # Also if its sizes are known, a copied member has the form that it gets when it is deflated here: one byte form per archive.
        if source.size_bytes > BLOCK_BYTES:
            entry = Entry(source.name, source.size_bytes, True)
        elif isinstance(source, PrecompressedMember):
            entry = Entry(
                source.name, source.size_bytes, False, source.crc32, source.compressed_bytes
            )
        else:  # one block: its header can contain what the descriptors of the others do
            (whole,) = blocks
            entry = Entry(source.name, source.size_bytes, False, whole.crc32, len(whole.data))
            blocks = iter((whole,))
        header_offset = self._written
        yield (header := local_header(entry))
        data_offset = header_offset + len(header)
        self._written = data_offset
        crc32 = source.crc32 if isinstance(source, PrecompressedMember) else 0
        for block in blocks:
            yield block.data
            self._written += len(block.data)
            crc32 = crc32_combine(
                crc32, block.crc32, block.size_bytes
            )  # nothing for copied blocks: (0, 0)
        if entry.streamed:
            entry = replace(entry, crc32=crc32, compressed_bytes=self._written - data_offset)
            yield (descriptor := data_descriptor(entry))
            self._written += len(descriptor)
        self._directory += directory_record(entry, header_offset)
        self.members.append(
            PackedMember(
                source.name,
                source.size_bytes,
                entry.crc32,
                order.sha256,
                entry.compressed_bytes,
                data_offset,
            )
        )

    def _taken(self, count: int) -> Iterator[AnyMember]:
        while count and self._sources:
            yield self._sources.popleft()
            count -= 1

    def _take_name(self, name: str) -> None:
        check_name(name, self._names)
        self._names.add(name)


def _gathered(pieces: Iterable[_Piece]) -> Iterator[bytes]:
    held: list[_Piece] = []
    held_bytes = 0
    for piece in pieces:
        held.append(piece)
        held_bytes += len(piece)
        if held_bytes >= _PIECE_BYTES:
            yield b"".join(held)
            held, held_bytes = [], 0
    yield b"".join(held)
