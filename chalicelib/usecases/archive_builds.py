"""Build an archive from the stored files, or from archives of sub-runs that contain them in packed form already."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial

from chalicelib.domain.archive import METADATA_NAME, ArchiveRecord, Manifest, PackedFile
from chalicelib.domain.artifacts import Role
from chalicelib.domain.errors import SourceChanged, Unavailable
from chalicelib.domain.ro_crate import crate_metadata
from chalicelib.zipstream import (
    AnySource,
    DamagedMember,
    DeflatedSource,
    PackedMember,
    Source,
    ZipStream,
)

from .ports import DataBucket

_LOG = logging.getLogger("dataops")

_SPAN_BYTES = 8 * 1024 * 1024
"""How much of an archive is read at once: the first byte of an object costs as much time as a megabyte."""


class LeaseLost(Exception):
    """Another builder has taken over the archive, and finishes it."""


class _PartUnusable(Exception):
    """The archive of a sub-run cannot be read, or is not what its record says."""


def build_archive(
    manifest: Manifest, *, bucket: DataBucket, keep_lease: Callable[[], None]
) -> ArchiveRecord:
    """Pack the members into the bucket, and call `keep_lease` again and again: between pieces, and before each write that callers see.

    Archives of sub-runs are a source like any other: one that is lost or damaged is not used, and the stored files are packed instead.
    The write of the record commits the archive. If `keep_lease` raises LeaseLost, because another builder has taken over, nothing that
    callers see is written. SourceChanged if a member is no longer what was listed.
    """
    if manifest.parts:
        try:
            return _build(manifest, _packed_sources(manifest, bucket), bucket, keep_lease)
        except (_PartUnusable, DamagedMember) as error:
            _LOG.warning(
                "an archive of a sub-run is damaged or lost, packing the files",
                extra={"fields": {"detail": str(error)}},
            )
            if isinstance(error, DamagedMember):
                folder = error.member.partition("/")[0]
                with suppress(
                    Unavailable
                ):  # its own download must rebuild it too; if not now, then the next build finds it again
                    bucket.forget_archive(
                        next(part.archive_key for part in manifest.parts if part.folder == folder)
                    )
    return _build(manifest, {}, bucket, keep_lease)


def _build(
    manifest: Manifest,
    packed: Mapping[str, DeflatedSource],
    bucket: DataBucket,
    keep_lease: Callable[[], None],
) -> ArchiveRecord:
    roles = {member.name: member.artifact.role for member in manifest.members} | {
        METADATA_NAME: Role.METADATA
    }

    def files(members: Sequence[PackedMember]) -> tuple[PackedFile, ...]:
        return tuple(_packed_file(member, roles[member.name]) for member in members)

    def metadata(members: Sequence[PackedMember]) -> tuple[str, bytes]:
        return METADATA_NAME, crate_metadata(manifest, files(members))

    stream = ZipStream(_sources(manifest, packed, bucket), closing=metadata)
    with closing(iter(stream)) as pieces:
        etag = bucket.write_archive(
            manifest.archive_key, _leased(pieces, keep_lease), manifest.filename
        )
    keep_lease()
    record = ArchiveRecord(stream.size_bytes, etag, stream.sha256, files(stream.members))
    bucket.write_record(manifest.archive_key, record)
    return record


def _sources(
    manifest: Manifest, packed: Mapping[str, DeflatedSource], bucket: DataBucket
) -> Iterator[AnySource]:
    for member in manifest.members:
        if member.name in packed:
            yield packed[member.name]
        else:
            yield Source(
                member.name, member.artifact.size_bytes, partial(bucket.read, member.artifact)
            )


def _packed_sources(manifest: Manifest, bucket: DataBucket) -> Mapping[str, DeflatedSource]:
    """Return the members that archives of the sub-runs contain, by their name in the archive of the run."""
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="records") as pool:
        records = pool.map(lambda part: bucket.archive(part.archive_key), manifest.parts)
        found = [
            (part, record) for part, record in zip(manifest.parts, records, strict=True) if record
        ]
    return {
        source.name: source
        for part, record in found
        for source in _of_archive(part, record, bucket)
    }


def _of_archive(
    part: Manifest, record: ArchiveRecord, bucket: DataBucket
) -> Iterator[DeflatedSource]:
    """Yield the members of a sub-run's archive, in spans of neighbours that are read with one request."""
    span: list[PackedFile] = []
    for file in [file for file in record.files if file.role is not Role.METADATA]:
        if span and _end(file) - span[0].data_offset > _SPAN_BYTES:
            yield from _Span(part, record, span, bucket).sources()
            span = []
        span.append(file)
    yield from _Span(part, record, span, bucket).sources()


class _Span:
    """Neighbouring files of an archive: one request when the first is opened, kept until the last was.

    A file that is longer than a span has a span of its own, which is read piece by piece.
    """

    def __init__(
        self, part: Manifest, record: ArchiveRecord, files: Sequence[PackedFile], bucket: DataBucket
    ) -> None:
        self._part, self._record, self._files, self._bucket = part, record, files, bucket
        self._lock = threading.Lock()
        self._content: memoryview | None = None
        self._unopened = len(files)

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
        first = self._files[0].data_offset
        if len(self._files) == 1:
            for start in range(first, _end(file), _SPAN_BYTES):
                yield self._read(start, min(start + _SPAN_BYTES, _end(file)))
            return
        with self._lock:
            if self._content is None:
                self._content = memoryview(self._read(first, _end(self._files[-1])))
            data = bytes(self._content[file.data_offset - first : _end(file) - first])
            self._unopened -= 1
            if self._unopened == 0:
                self._content = None
        yield data

    def _read(self, start: int, end: int) -> bytes:
        try:
            return self._bucket.read_archive(self._part.archive_key, self._record.etag, start, end)
        except (SourceChanged, Unavailable) as error:
            raise _PartUnusable(f"{self._part.archive_key!r}: {error}") from error


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


def _leased(pieces: Iterable[bytes], keep_lease: Callable[[], None]) -> Iterator[bytes]:
    """Yield the pieces, and call `keep_lease` after each: after the last one too, before the write is completed."""
    for piece in pieces:
        yield piece
        keep_lease()
