"""Building an archive: from the artifacts in the bucket, and from archives of sub-runs that hold them in packed form."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from functools import partial

from chalicelib.domain.archive import METADATA_NAME, ArchiveExtent, ArchiveRecord, Manifest, PackedFile
from chalicelib.domain.artifacts import Role
from chalicelib.domain.crate import crate_metadata
from chalicelib.zipping import AnySource, CopiedSource, DeflatedSource, PackedMember, Source, ZipStream

from .ports import Clock, DataBucket

_SPAN_BYTES = 8 * 1024 * 1024
"""How much of an archive is read at once: an object's first byte costs as much time as a megabyte."""

COPIED_FROM_BYTES = 64 * 1024 * 1024
"""Packed members from this size on are copied within the bucket. Smaller ones cost less than knowing the archive's SHA-256 is worth."""


def build_archive(
    manifest: Manifest, *, bucket: DataBucket, clock: Clock, stay: Callable[[], None], stay_seconds: float
) -> ArchiveRecord:
    """Pack the members into the bucket, calling `stay` every `stay_seconds` of the work.

    Writing the record, after the archive is whole, is what makes the archive exist for callers. SourceChanged if a member is no
    longer what was listed: then there is neither archive nor record.
    """
    roles = {member.name: member.artifact.role for member in manifest.members} | {METADATA_NAME: Role.METADATA}

    def files(members: Sequence[PackedMember]) -> tuple[PackedFile, ...]:
        return tuple(_packed_file(member, roles[member.name]) for member in members)

    def metadata(members: Sequence[PackedMember]) -> tuple[str, bytes]:
        return METADATA_NAME, crate_metadata(manifest, files(members))

    stream = ZipStream(_sources(manifest, bucket), closing=metadata)
    with closing(stream.pieces()) as pieces:
        bucket.write_archive(manifest.archive_key, _staying(pieces, clock, stay, stay_seconds), manifest.filename)
    record = ArchiveRecord(stream.size_bytes, stream.sha256, files(stream.members), manifest.missing)
    bucket.write_record(manifest.archive_key, record)
    return record


def _sources(manifest: Manifest, bucket: DataBucket) -> Iterator[AnySource]:
    packed = _already_packed(manifest.parts, bucket) if manifest.parts else {}
    for member in manifest.members:
        if member.name in packed:
            yield packed[member.name]
        else:
            yield Source(member.name, member.artifact.size_bytes, partial(bucket.read, member.artifact))


def _already_packed(parts: Iterable[Manifest], bucket: DataBucket) -> Mapping[str, DeflatedSource | CopiedSource]:
    """What archives of the sub-runs hold, by the name in the archive of the run."""
    parts = list(parts)
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="records") as pool:
        records = pool.map(lambda part: bucket.archive(part.archive_key), parts)
        found = [(part, record) for part, record in zip(parts, records, strict=True) if record]
    return {source.name: source for part, record in found for source in _of_archive(part, record, bucket)}


def _of_archive(part: Manifest, record: ArchiveRecord, bucket: DataBucket) -> Iterator[DeflatedSource | CopiedSource]:
    """The members of a sub-run's archive: large ones to be copied, neighbours of the others in spans that are read at once."""
    span: list[PackedFile] = []
    for file in [file for file in record.files if file.role is not Role.METADATA]:
        if file.compressed_bytes >= COPIED_FROM_BYTES:
            extent = ArchiveExtent(part.archive_key, file.data_offset, _end(file))
            yield CopiedSource(f"{part.folder}/{file.name}", file.size_bytes, file.crc32, file.sha256, extent)
            continue
        if span and _end(file) - span[0].data_offset > _SPAN_BYTES:
            yield from _Span(part, span, bucket).sources()
            span = []
        span.append(file)
    yield from _Span(part, span, bucket).sources()


class _Span:
    """Files that lie one after the other in an archive: one read when the first is opened, kept until the last was.

    A file that is longer than a span has one of its own, which is read piece by piece.
    """

    def __init__(self, part: Manifest, files: Sequence[PackedFile], bucket: DataBucket) -> None:
        self._part, self._files, self._bucket = part, files, bucket
        self._lock = threading.Lock()
        self._content: memoryview | None = None
        self._closed = len(files)

    def sources(self) -> Iterator[DeflatedSource]:
        for file in self._files:
            yield DeflatedSource(
                name=f"{self._part.folder}/{file.name}",
                size_bytes=file.size_bytes,
                compressed_bytes=file.compressed_bytes,
                crc32=file.crc32,
                sha256=file.sha256,
                open=partial(self._open, file),
            )

    def _open(self, file: PackedFile) -> Iterator[bytes]:
        start = self._files[0].data_offset
        if len(self._files) == 1:
            for begin in range(start, _end(file), _SPAN_BYTES):
                yield self._read(begin, min(begin + _SPAN_BYTES, _end(file)))
            return
        with self._lock:
            if self._content is None:
                self._content = memoryview(self._read(start, _end(self._files[-1])))
            data = bytes(self._content[file.data_offset - start : _end(file) - start])
            self._closed -= 1
            if self._closed == 0:
                self._content = None
        yield data

    def _read(self, start: int, stop: int) -> bytes:
        return self._bucket.read_archive(ArchiveExtent(self._part.archive_key, start, stop))


def _end(file: PackedFile) -> int:
    return file.data_offset + file.compressed_bytes


def _packed_file(member: PackedMember, role: Role) -> PackedFile:
    return PackedFile(
        name=member.name,
        size_bytes=member.size_bytes,
        sha256=member.sha256,
        role=role,
        crc32=member.crc32,
        compressed_bytes=member.compressed_bytes,
        data_offset=member.data_offset,
    )


def _staying(
    pieces: Iterable[bytes | ArchiveExtent], clock: Clock, stay: Callable[[], None], stay_seconds: float
) -> Iterator[bytes | ArchiveExtent]:
    due = clock.now() + timedelta(seconds=stay_seconds)
    for piece in pieces:
        yield piece
        if clock.now() >= due:
            stay()
            due = clock.now() + timedelta(seconds=stay_seconds)
