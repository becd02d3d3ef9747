"""Builds an archive from the stored files.

Files that archives of sub-runs contain in compressed form are copied from there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial

from chalicelib.domain.archive_record import ArchiveRecord, PackedFile
from chalicelib.domain.artifacts import Role
from chalicelib.domain.errors import SourceChanged, Unavailable
from chalicelib.domain.manifest import METADATA_NAME, Manifest
from chalicelib.domain.ro_crate import build_ro_crate
from chalicelib.zipstream import (
    AnyMember,
    DamagedMember,
    Member,
    PackedMember,
    PrecompressedMember,
    ZipStream,
)

from .build_lease import HeldLease
from .parallel_calls import start
from .ports import DataBucket

_LOG = logging.getLogger("dataops")

_SPAN_BYTES = 8 * 1024 * 1024
"""Bytes per read of an archive: the first byte of an object takes as long as a megabyte."""


class _PartUnusable(Exception):
    """The archive of a sub-run cannot be read, or does not match its record."""


def build_archive(
    manifest: Manifest, *, bucket: DataBucket, lease: HeldLease, archive_key: str | None = None
) -> ArchiveRecord:
    """Write the archive to the bucket. The write of its record commits it.

    It is stored as `archive_key`, by default as that of the manifest.

    Compressed members are copied from archives of sub-runs. If one of these is lost or damaged, the
    stored files are packed instead.

    Raises:
        LeaseLost: Another builder holds the lease. Nothing that callers can see was written.
        SourceChanged: A file is not the one that was listed.
        Unavailable: The data bucket does not respond.
    """
    if manifest.parts:
        try:
            packed = _list_packed_members(manifest, bucket)
            return _build(manifest, archive_key, packed, bucket, lease)
        except (_PartUnusable, DamagedMember) as error:
            _LOG.warning(
                "archive of a sub-run is damaged or missing; packing the files",
                extra={"fields": {"detail": str(error)}},
            )
            if isinstance(error, DamagedMember):
                folder = error.member.partition("/")[0]
                # Its own download must rebuild it as well. If this fails, the next build detects
                # the damage again.
                with suppress(Unavailable):
                    bucket.delete_archive_record(
                        next(part.archive_key for part in manifest.parts if part.folder == folder)
                    )
    return _build(manifest, archive_key, {}, bucket, lease)


def _build(
    manifest: Manifest,
    archive_key: str | None,
    packed: Mapping[str, PrecompressedMember],
    bucket: DataBucket,
    lease: HeldLease,
) -> ArchiveRecord:
    roles = {member.name: member.artifact.role for member in manifest.members} | {
        METADATA_NAME: Role.METADATA
    }

    def files(members: Sequence[PackedMember]) -> tuple[PackedFile, ...]:
        return tuple(_packed_file(member, roles[member.name]) for member in members)

    def metadata(members: Sequence[PackedMember]) -> tuple[str, bytes]:
        return METADATA_NAME, build_ro_crate(manifest, files(members))

    archive_key = archive_key or manifest.archive_key
    stream = ZipStream(_list_members(manifest, packed, bucket), trailer=metadata)
    with closing(iter(stream)) as pieces:
        etag = bucket.write_archive(
            archive_key, _with_checks(pieces, lease, stream), manifest.filename
        )
    lease.confirm()
    record = ArchiveRecord(stream.size_bytes, etag, stream.sha256, files(stream.members))
    bucket.write_archive_record(archive_key, record)
    return record


def _list_members(
    manifest: Manifest, packed: Mapping[str, PrecompressedMember], bucket: DataBucket
) -> Iterator[AnyMember]:
    for member in manifest.members:
        if member.name in packed:
            yield packed[member.name]
        else:
            yield Member(
                member.name, member.artifact.size_bytes, partial(bucket.read, member.artifact)
            )


def _list_packed_members(
    manifest: Manifest, bucket: DataBucket
) -> Mapping[str, PrecompressedMember]:
    """Return the members in archives of sub-runs, by their names in the archive of the run."""
    pending = [
        (part, start(partial(bucket.get_archive_record, part.archive_key)))
        for part in manifest.parts
    ]
    found = [(part, record) for part, read in pending if (record := read.result())]
    return {
        source.name: source
        for part, record in found
        for source in _list_archive_members(part, record, bucket)
    }


def _list_archive_members(
    part: Manifest, record: ArchiveRecord, bucket: DataBucket
) -> Iterator[PrecompressedMember]:
    """Yield the members of a sub-run's archive, in spans that are read with one request."""
    span: list[PackedFile] = []
    for file in [file for file in record.files if file.role is not Role.METADATA]:
        if span and _end(file) - span[0].data_offset > _SPAN_BYTES:
            yield from _Span(part, record, span, bucket).sources()
            span = []
        span.append(file)
    yield from _Span(part, record, span, bucket).sources()


class _Span:
    """Consecutive files of an archive.

    They are read with one request when the first is opened, and freed after the last.

    A file that is longer than a span has its own span, which is read in pieces.
    """

    def __init__(
        self, part: Manifest, record: ArchiveRecord, files: Sequence[PackedFile], bucket: DataBucket
    ) -> None:
        self._part, self._record, self._files, self._bucket = part, record, files, bucket
        self._lock = threading.Lock()
        self._content: memoryview | None = None
        self._unopened = len(files)

    def sources(self) -> Iterator[PrecompressedMember]:
        for file in self._files:
            yield PrecompressedMember(
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


def _with_checks(pieces: Iterable[bytes], lease: HeldLease, stream: ZipStream) -> Iterator[bytes]:
    """Yield the pieces once the lease is held, and while it is. Report the progress to it.

    Confirm it after the last piece, before the write is completed.
    """
    finished = lease.bytes_done = 0
    for piece in pieces:
        lease.check()
        for member in stream.members[finished:]:
            lease.bytes_done += member.size_bytes
            finished += 1
        yield piece
    lease.confirm()
