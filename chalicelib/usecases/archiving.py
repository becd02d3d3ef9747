"""Manifests and archives of sub-runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from chalicelib.domain.archive import METADATA_NAME, ArchiveLink, ArchiveRecord, Manifest, PackedFile, Selection
from chalicelib.domain.artifacts import Role
from chalicelib.domain.crate import crate_metadata
from chalicelib.domain.errors import NotFound, SubRunNotScheduled
from chalicelib.domain.runs import SubRunKey
from chalicelib.zipping import PackedMember, Source, ZipStream

from .catalogue import get_run
from .ports import DataBucket, RunTable


def sub_run_manifest(key: SubRunKey, selection: Selection, *, runs: RunTable, bucket: DataBucket) -> Manifest:
    """What the archive of a sub-run would hold, from one listing. NotFound, SubRunNotScheduled."""
    run = get_run(key.run, runs=runs)
    if key.sub_run not in run.sub_runs:
        raise SubRunNotScheduled(f"sub-run '{key.sub_run}' of run {str(key.run)!r} is not scheduled: augment the run first")
    artifacts = bucket.artifacts(key)
    if not artifacts:
        raise NotFound(f"sub-run {str(key)!r} has no files in the data bucket")
    manifest = Manifest.of_sub_run(key, artifacts, selection)
    if not manifest.members:
        raise NotFound(f"no file of sub-run {str(key)!r} matches {selection}")
    return manifest


def make_archive(key: SubRunKey, selection: Selection, *, runs: RunTable, bucket: DataBucket) -> ArchiveLink:
    """A link to the archive of a sub-run, which is built if there is none of this content yet. NotFound, SubRunNotScheduled."""
    manifest = sub_run_manifest(key, selection, runs=runs, bucket=bucket)
    record = bucket.archive(manifest.archive_key)
    cached = record is not None
    if record is None:
        record = build_archive(manifest, bucket=bucket)
    return ArchiveLink(manifest, record, bucket.link(manifest.archive_key, manifest.filename), cached)


def build_archive(manifest: Manifest, *, bucket: DataBucket) -> ArchiveRecord:
    """Pack the members into the bucket. Writing the record, after the archive is whole, is what makes the archive exist for callers.

    SourceChanged if a member is no longer what was listed: then there is neither archive nor record.
    """
    roles = {member.name: member.artifact.role for member in manifest.members}
    roles[METADATA_NAME] = Role.METADATA

    def packed_files(members: Sequence[PackedMember]) -> tuple[PackedFile, ...]:
        return tuple(PackedFile(member.name, member.size_bytes, member.sha256, roles[member.name]) for member in members)

    def metadata(members: Sequence[PackedMember]) -> tuple[str, bytes]:
        return METADATA_NAME, crate_metadata(manifest, packed_files(members))

    sources = [Source(member.name, member.artifact.size_bytes, partial(bucket.read, member.artifact)) for member in manifest.members]
    stream = ZipStream(sources, closing=metadata)
    bucket.write_archive(manifest.archive_key, stream, manifest.filename)
    record = ArchiveRecord(stream.size_bytes, stream.sha256, packed_files(stream.members), manifest.missing)
    bucket.write_record(manifest.archive_key, record)
    return record
