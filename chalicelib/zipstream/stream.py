"""ZipStream: an archive as a stream of bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from hashlib import sha256

from isal.isal_zlib import crc32_combine

from .headers import (
    Entry,
    build_data_descriptor,
    build_directory_end,
    build_directory_record,
    build_local_header,
)
from .members import AnyMember, Block, Member, PackedMember, PrecompressedMember, check_name
from .pipeline import BLOCK_BYTES, READERS, CompressionPipeline, PendingMember

_PIECE_BYTES = 48 * 1024

_Piece = Block | bytearray


class ZipStream:
    """The bytes of a ZIP archive of members, in their order. It can be iterated over once.

    `trailer` is called when all members are packed, and returns name and content of the last
    member. `workers` is the number of threads that compress. Further threads open and read
    members ahead. When the iteration ends, fails or is closed, all threads have ended and all
    opened members are closed.

    Equal members result in equal bytes, for any number of workers, and whether they are compressed
    here or copied from another archive of this class.

    The constructor raises BadMemberName. The iteration raises WrongMemberSize, DamagedMember, and
    the exceptions of members. After the iteration, `members` contains the packed members,
    `size_bytes` and `sha256` (hex) are those of the archive.
    """

    members: list[PackedMember]
    size_bytes: int
    sha256: str

    def __init__(
        self,
        members: Iterable[AnyMember],
        *,
        trailer: Callable[[Sequence[PackedMember]], tuple[str, bytes]] | None = None,
        workers: int = 2,
    ) -> None:
        self._queue = deque(members)
        self._names: set[str] = set()
        for member in self._queue:
            self._add_name(member.name)
        self._trailer = trailer
        self._workers = workers
        self._directory = bytearray()
        self._written = 0
        self._started = False
        self.members = []

    def __iter__(self) -> Generator[bytes, None, None]:
        if self._started:
            raise RuntimeError("a ZipStream can be iterated over only once")
        self._started = True
        digest = sha256()
        with closing(self._records()) as records:
            for piece in _join_pieces(records):
                digest.update(piece)
                yield piece
        self.size_bytes = self._written
        self.sha256 = digest.hexdigest()

    def _records(self) -> Generator[_Piece, None, None]:
        readers = max(1, min(READERS, len(self._queue)))
        with CompressionPipeline(readers, self._workers) as pipeline:
            pending = deque(pipeline.submit(self._take(readers)))
            while pending:
                yield from self._pack(pipeline, pending.popleft())
                if self._queue:
                    pending += pipeline.submit(self._take(1))
            if self._trailer:
                name, content = self._trailer(self.members)
                self._add_name(name)
                last = Member(name, len(content), lambda: iter([content]))
                yield from self._pack(pipeline, *pipeline.submit([last]))
        end = build_directory_end(len(self.members), self._written, len(self._directory))
        yield self._directory
        yield end
        self._written += len(self._directory) + len(end)

    def _take(self, count: int) -> list[AnyMember]:
        return [self._queue.popleft() for _ in range(min(count, len(self._queue)))]

    def _pack(self, pipeline: CompressionPipeline, pending: PendingMember) -> Iterator[_Piece]:
        member = pending.member
        blocks = pipeline.iter_blocks(pending)
        # A precompressed member is streamed as if it were compressed here, although its sizes are
        # known, so that equal members result in equal bytes.
        if member.size_bytes > BLOCK_BYTES:
            entry = Entry(member.name, member.size_bytes, True)
        elif isinstance(member, PrecompressedMember):
            entry = Entry(
                member.name, member.size_bytes, False, member.crc32, member.compressed_bytes
            )
        else:  # one block: CRC-32 and size are known before the header is written
            (block,) = blocks
            entry = Entry(member.name, member.size_bytes, False, block.crc32, len(block.data))
            blocks = iter((block,))
        header_offset = self._written
        yield (header := build_local_header(entry))
        data_offset = header_offset + len(header)
        self._written = data_offset
        crc32 = member.crc32 if isinstance(member, PrecompressedMember) else 0
        for block in blocks:
            yield block.data
            self._written += len(block.data)
            # No change for copied blocks: their CRC-32 and size are 0.
            crc32 = crc32_combine(crc32, block.crc32, block.size_bytes)
        if entry.streamed:
            entry = replace(entry, crc32=crc32, compressed_bytes=self._written - data_offset)
            yield (descriptor := build_data_descriptor(entry))
            self._written += len(descriptor)
        self._directory += build_directory_record(entry, header_offset)
        self.members.append(
            PackedMember(
                member.name,
                member.size_bytes,
                entry.crc32,
                pending.sha256,
                entry.compressed_bytes,
                data_offset,
            )
        )

    def _add_name(self, name: str) -> None:
        check_name(name, self._names)
        self._names.add(name)


def _join_pieces(pieces: Iterable[_Piece]) -> Iterator[bytes]:
    held: list[_Piece] = []
    held_bytes = 0
    for piece in pieces:
        held.append(piece)
        held_bytes += len(piece)
        if held_bytes >= _PIECE_BYTES:
            yield b"".join(held)
            held, held_bytes = [], 0
    yield b"".join(held)
