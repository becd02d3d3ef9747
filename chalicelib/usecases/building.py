"""Building an archive: from the artifacts in the bucket, and from archives of sub-runs that hold them in packed form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from chalicelib.domain.archive import METADATA_NAME, ArchiveRecord, Manifest, PackedFile
from chalicelib.domain.artifacts import Role
from chalicelib.domain.crate import crate_metadata
from chalicelib.domain.runs import RunKey
from chalicelib.zipping import DeflatedSource, PackedMember, Source, ZipStream

from .ports import Clock, DataBucket


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
    bucket.write_archive(manifest.archive_key, _staying(stream, clock, stay, stay_seconds), manifest.filename)
    record = ArchiveRecord(stream.size_bytes, stream.sha256, files(stream.members), manifest.missing)
    stay()
    bucket.write_record(manifest.archive_key, record)
    return record


def _sources(manifest: Manifest, bucket: DataBucket) -> Iterator[Source | DeflatedSource]:
    packed = _already_packed(manifest.parts, bucket) if isinstance(manifest.key, RunKey) else {}
    for member in manifest.members:
        if member.name in packed:
            archive_key, file = packed[member.name]
            yield DeflatedSource(
                name=member.name,
                size_bytes=file.size_bytes,
                compressed_bytes=file.compressed_bytes,
                crc32=file.crc32,
                sha256=file.sha256,
                open=partial(bucket.read_packed, archive_key, file),
            )
        else:
            yield Source(member.name, member.artifact.size_bytes, partial(bucket.read, member.artifact))


def _already_packed(parts: Iterable[Manifest], bucket: DataBucket) -> Mapping[str, tuple[str, PackedFile]]:
    """What archives of the sub-runs hold, by the name in the archive of the run."""
    parts = list(parts)
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="records") as pool:
        records = pool.map(lambda part: bucket.archive(part.archive_key), parts)
        return {
            f"{part.folder}/{file.name}": (part.archive_key, file)
            for part, record in zip(parts, records, strict=True)
            if record
            for file in record.files
        }


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


def _staying(chunks: Iterable[bytes], clock: Clock, stay: Callable[[], None], stay_seconds: float) -> Iterator[bytes]:
    due = clock.now() + timedelta(seconds=stay_seconds)
    for chunk in chunks:
        yield chunk
        if clock.now() >= due:
            stay()
            due = clock.now() + timedelta(seconds=stay_seconds)
