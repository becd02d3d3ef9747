"""Archives of sub-runs and runs.

Returns links to existing archives, and builds archives within a request or in the background.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.archive_record import ArchiveLink, ArchiveRecord
from chalicelib.domain.builds import ArchiveSpec, BuildInProgress, BuildLease, BuildRequest
from chalicelib.domain.errors import SourceChanged, Unavailable
from chalicelib.domain.manifest import Manifest

from .archive_builds import build_archive
from .build_lease import LEASE, LeaseLost, hold_lease
from .build_ports import BuildLeases, BuildQueue
from .build_slots import BuildSlots
from .build_submission import submit_once
from .dataset_info import DatasetInfoReader
from .manifests import get_manifest
from .metrics import METRICS, Metric
from .ports import Clock, DataBucket, RunRepository

INLINE_MAX_MEMBERS = 1_000
"""Archives with more members are built in the background: 5,000 files of 1 byte took 10.5 s, and a
request may last 29 s."""
VERIFY_MAX_BYTES = 1024**3
"""Larger archives are not read again on request, because that would exceed the time limit of a
request."""
_POLL_SECONDS = 0.25
_RETRY_AFTER_SECONDS = (1, 1, 2, 4, 8)
_READ_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ArchiveDependencies:
    """Dependencies of the use cases of archives.

    Archives of up to `inline_max_bytes` (uncompressed) are built within the request if one of the
    `slots` of this process is free.
    """

    runs: RunRepository
    bucket: DataBucket
    leases: BuildLeases
    queue: BuildQueue
    clock: Clock
    inline_max_bytes: int
    dataset: DatasetInfoReader
    slots: BuildSlots

    def get_manifest(self, spec: ArchiveSpec) -> Manifest:
        """Return the manifest of an archive; see `manifests.get_manifest`."""
        return get_manifest(spec, runs=self.runs, bucket=self.bucket, dataset=self.dataset)


def get_or_build_archive(
    spec: ArchiveSpec,
    archives: ArchiveDependencies,
    *,
    wait_seconds: float = 0,
    verify: bool = False,
) -> ArchiveLink | BuildInProgress:
    """Return a link to the archive; build it first if no intact archive exists.

    Small archives are built within the request, others in the background. Of concurrent callers one
    builds, and the others wait: a build within a request for up to LEASE / 2, a background build
    for up to `wait_seconds`. With `verify`, a stored archive is read again and rebuilt if its
    SHA-256 is wrong, for callers that received other bytes.

    Raises:
        NotFound: See `get_manifest`.
        SubRunNotScheduled: See `get_manifest`.
        Unavailable: A store does not respond, or the build failed; the message contains the reason.
    """
    manifest = archives.get_manifest(spec)
    record = archives.bucket.get_archive_record(manifest.archive_key)
    if record and verify and not _is_intact(manifest, record, archives):
        archives.bucket.delete_archive_record(manifest.archive_key)
        record = None
    if record:
        METRICS.add(Metric.ARCHIVE_HITS)
        return _link(manifest, record, archives, cached=True)
    if (
        manifest.size_bytes <= archives.inline_max_bytes
        and len(manifest.members) <= INLINE_MAX_MEMBERS
    ):
        with archives.slots.within_request() as has_slot:
            if has_slot and (record := _build_or_find(manifest, archives)):
                return _link(manifest, record, archives, cached=False)
        if has_slot:  # another caller builds it, in no more time than it would have taken here
            return _wait(manifest, archives, max(wait_seconds, LEASE.total_seconds() / 2))
    _enqueue(spec, manifest, archives)
    return _wait(manifest, archives, wait_seconds)


def run_build(request: BuildRequest, archives: ArchiveDependencies) -> None:
    """Build the requested archive unless it exists or another builder holds the lease."""
    METRICS.add(Metric.BUILDS_DEQUEUED)
    manifest = archives.get_manifest(request.spec)
    if archives.bucket.get_archive_record(manifest.archive_key) is None:
        with suppress(LeaseLost):
            _build(manifest, archives, queued_by=request.holder)
    elif request.holder:
        archives.leases.release(manifest.archive_key, request.holder)


def _link(
    manifest: Manifest, record: ArchiveRecord, archives: ArchiveDependencies, *, cached: bool
) -> ArchiveLink:
    link = archives.bucket.presign(manifest.archive_key, manifest.filename)
    return ArchiveLink(manifest, record, link, cached)


def _is_intact(manifest: Manifest, record: ArchiveRecord, archives: ArchiveDependencies) -> bool:
    """Return True if the stored archive has the SHA-256 of its record.

    Also if it is too large to be read within a request.
    """
    if record.size_bytes > VERIFY_MAX_BYTES:
        return True
    digest = hashlib.sha256()
    try:
        for start in range(0, record.size_bytes, _READ_BYTES):
            end = min(start + _READ_BYTES, record.size_bytes)
            digest.update(
                archives.bucket.read_archive(manifest.archive_key, record.etag, start, end)
            )
    except (SourceChanged, Unavailable):
        return False
    return digest.hexdigest() == record.sha256


def _build_or_find(manifest: Manifest, archives: ArchiveDependencies) -> ArchiveRecord | None:
    """Build under the lease.

    Return None if another builder holds it. If the build fails, use the archive of a concurrent
    builder.
    """
    try:
        return _build(manifest, archives)
    except LeaseLost:
        return None
    except Unavailable:
        if record := archives.bucket.get_archive_record(manifest.archive_key):
            return record
        raise


def _build(
    manifest: Manifest, archives: ArchiveDependencies, *, queued_by: str | None = None
) -> ArchiveRecord:
    """Build under the lease. LeaseLost if another builder holds it."""
    began = time.monotonic()
    try:
        with hold_lease(
            manifest.archive_key, leases=archives.leases, clock=archives.clock, queued_by=queued_by
        ) as lease:
            record = build_archive(manifest, bucket=archives.bucket, lease=lease)
    except LeaseLost:
        raise
    except BaseException:
        METRICS.add(Metric.BUILD_FAILURES)
        raise
    METRICS.add(Metric.BUILDS)
    METRICS.add(Metric.BUILD_BYTES, record.size_bytes)
    METRICS.add(Metric.BUILD_SECONDS, time.monotonic() - began)
    return record


def _enqueue(spec: ArchiveSpec, manifest: Manifest, archives: ArchiveDependencies) -> None:
    """Submit a background build; see `submit_once`."""
    submit_once(
        manifest.archive_key,
        lambda holder: BuildRequest(spec, holder),
        f"building {manifest.filename!r}",
        leases=archives.leases,
        queue=archives.queue,
        clock=archives.clock,
    )


def _wait(
    manifest: Manifest, archives: ArchiveDependencies, wait_seconds: float
) -> ArchiveLink | BuildInProgress:
    """Wait for a running build."""
    clock = archives.clock
    deadline = clock.now() + timedelta(seconds=wait_seconds)
    while clock.now() < deadline:
        clock.sleep(_POLL_SECONDS)
        if record := archives.bucket.get_archive_record(manifest.archive_key):
            return _link(manifest, record, archives, cached=False)
        lease = archives.leases.get(manifest.archive_key)
        if lease and lease.error is not None:
            break
    lease = archives.leases.get(manifest.archive_key)
    bytes_done = min(lease.bytes_done, manifest.size_bytes) if lease else 0
    return BuildInProgress(manifest, _get_retry_after(lease, clock), bytes_done)


def _get_retry_after(lease: BuildLease | None, clock: Clock) -> int:
    """Return 1, 1, 2, 4, 8, 8, ... seconds, depending on the duration of the build.

    No state of the callers is stored for this.
    """
    elapsed_seconds = (clock.now() - lease.started_at).total_seconds() if lease else 0.0
    waited = 0
    for pause in _RETRY_AFTER_SECONDS:
        waited += pause
        if elapsed_seconds < waited:
            return pause
    return _RETRY_AFTER_SECONDS[-1]
