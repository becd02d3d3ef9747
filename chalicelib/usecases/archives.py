"""Manifests and archives of sub-runs and of whole runs."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.archive import (
    ArchiveLink,
    ArchiveRecord,
    Building,
    BuildLease,
    BuildOrder,
    Manifest,
)
from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.errors import (
    DataOpsError,
    NotFound,
    SourceChanged,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.runs import RunKey, SubRunKey

from .archive_builds import LeaseLost, build_archive
from .build_slots import BuildSlots
from .dataset_info import DatasetInfos
from .ports import Builder, BuildLeases, Clock, DataBucket, RunTable
from .run_queries import get_run

LEASE = timedelta(seconds=30)
"""How long a builder that died keeps others waiting; a live one renews its lease at a third of it."""
INLINE_MAX_MEMBERS = 1_000
"""Archives with more members are built in the background: 5,000 files of 1 byte took 10.5 s, and a request may last 29 s."""
VERIFY_MAX_BYTES = 1024**3
"""Larger archives are not read again on request: it would outlast the request."""
_POLL_SECONDS = 0.25
_RETRY_AFTER_SECONDS = (1, 1, 2, 4, 8)
_VERIFIED_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Archives:
    """The dependencies of the use cases of archives.

    Builds of up to `inline_max_bytes` (unpacked) are made within the request, if one of the `slots` of this process is free; `dataset`
    describes the data set.
    """

    runs: RunTable
    bucket: DataBucket
    leases: BuildLeases
    builder: Builder
    clock: Clock
    inline_max_bytes: int
    dataset: DatasetInfos
    slots: BuildSlots


def manifest_of(order: BuildOrder, archives: Archives) -> Manifest:
    """What the archive would hold, from one listing; nothing is built. NotFound, SubRunNotScheduled."""
    if isinstance(order.key, RunKey):
        return _run_manifest(order.key, order, archives)
    return _sub_run_manifest(order.key, order, archives)


def make_archive(
    order: BuildOrder, archives: Archives, *, wait_seconds: float = 0, verify: bool = False
) -> ArchiveLink | Building:
    """Return a link to the archive. Build it first if there is none of this content, or if the stored one is not what it should be.

    Small archives are built here, others by the builder: Building, unless they are done within `wait_seconds`. Of several callers at
    the same time one builds, and the others wait for it. `verify` reads a stored archive again and compares its SHA-256, for callers
    who received something else. NotFound, SubRunNotScheduled; Unavailable says why a build failed.
    """
    manifest = manifest_of(order, archives)
    record = archives.bucket.archive(manifest.archive_key)
    if record and verify and not _is_intact(manifest, record, archives):
        archives.bucket.forget_archive(manifest.archive_key)
        record = None
    if record:
        return _link(manifest, record, archives, cached=True)
    if (
        manifest.size_bytes <= archives.inline_max_bytes
        and len(manifest.members) <= INLINE_MAX_MEMBERS
    ):
        with archives.slots.within_request() as has_slot:
            if has_slot and (record := _build_or_find(manifest, archives)):
                return _link(manifest, record, archives, cached=False)
        if has_slot:  # somebody else builds it, which takes no longer than it would have taken here
            return _await(manifest, archives, max(wait_seconds, LEASE.total_seconds() / 2))
    _enqueue(order, manifest, archives)
    return _await(manifest, archives, wait_seconds)


def build(order: BuildOrder, holder: str | None, archives: Archives) -> None:
    """Build the archive of an order, unless it exists or somebody else builds it. `holder` has held its lease since it was queued."""
    manifest = manifest_of(order, archives)
    if archives.bucket.archive(manifest.archive_key) is None:
        with suppress(LeaseLost):
            _build(manifest, archives, queued_by=holder)
    elif holder:
        archives.leases.release(manifest.archive_key, holder)


def sub_run_artifacts(key: SubRunKey, archives: Archives) -> Sequence[Artifact]:
    """Return the stored files of a scheduled sub-run. NotFound, SubRunNotScheduled."""
    run = get_run(key.run, runs=archives.runs)
    _require_scheduled(key.run, {key.sub_run} - run.sub_runs)
    artifacts = archives.bucket.artifacts(key)
    if not artifacts:
        raise NotFound(f"sub-run {str(key)!r} has no files in the data bucket")
    return artifacts


def _sub_run_manifest(key: SubRunKey, order: BuildOrder, archives: Archives) -> Manifest:
    with archives.dataset.alongside() as dataset:
        artifacts = sub_run_artifacts(key, archives)
        return _with_members(Manifest.of_sub_run(key, artifacts, order.selection, dataset()))


def _run_manifest(key: RunKey, order: BuildOrder, archives: Archives) -> Manifest:
    run = get_run(key, runs=archives.runs)
    _require_scheduled(key, set(order.sub_runs or ()) - run.sub_runs)
    wanted = run.sub_runs if order.sub_runs is None else set(order.sub_runs)
    with archives.dataset.alongside() as dataset:
        artifacts = archives.bucket.run_artifacts(key)
        info = dataset()
    if order.sub_runs is not None and (absent := wanted - artifacts.keys()):
        raise NotFound(
            f"sub-runs {_listed(absent)} of run {str(key)!r} have no files in the data bucket"
        )
    present = sorted(wanted & artifacts.keys())
    if not present:
        raise NotFound(
            f"run {str(key)!r} has no files of its sub-runs {_listed(wanted)} in the data bucket"
        )
    parts = [
        Manifest.of_sub_run(SubRunKey(key, sub_run), artifacts[sub_run], order.selection, info)
        for sub_run in present
    ]
    return _with_members(Manifest.of_run(key, parts))


def _require_scheduled(key: RunKey, unscheduled: set[int]) -> None:
    if unscheduled:
        raise SubRunNotScheduled(
            f"sub-runs {_listed(unscheduled)} of run {str(key)!r} are not scheduled: augment the run first"
        )


def _listed(sub_runs: set[int] | frozenset[int]) -> str:
    return ", ".join(f"'{sub_run}'" for sub_run in sorted(sub_runs))


def _with_members(manifest: Manifest) -> Manifest:
    if not manifest.members:
        skipped = (
            f"; an archive cannot contain {manifest.skipped[0].name!r}: {manifest.skipped[0].reason}"
            if manifest.skipped
            else ""
        )
        raise NotFound(f"no file of {str(manifest.key)!r} matches {manifest.selection}{skipped}")
    return manifest


def _link(
    manifest: Manifest, record: ArchiveRecord, archives: Archives, *, cached: bool
) -> ArchiveLink:
    return ArchiveLink(
        manifest, record, archives.bucket.link(manifest.archive_key, manifest.filename), cached
    )


def _is_intact(manifest: Manifest, record: ArchiveRecord, archives: Archives) -> bool:
    """Return True if the stored archive has the SHA-256 of its record, or is too large to be read now."""
    if record.size_bytes > VERIFY_MAX_BYTES:
        return True
    digest = hashlib.sha256()
    try:
        for start in range(0, record.size_bytes, _VERIFIED_BYTES):
            end = min(start + _VERIFIED_BYTES, record.size_bytes)
            digest.update(
                archives.bucket.read_archive(manifest.archive_key, record.etag, start, end)
            )
    except (SourceChanged, Unavailable):
        return False
    return digest.hexdigest() == record.sha256


def _build_or_find(manifest: Manifest, archives: Archives) -> ArchiveRecord | None:
    """Build under the lease; None if somebody else has it. A build that fails is none if somebody else's succeeded meanwhile."""
    try:
        return _build(manifest, archives)
    except LeaseLost:
        return None
    except Unavailable:
        if record := archives.bucket.archive(manifest.archive_key):
            return record
        raise


def _build(
    manifest: Manifest, archives: Archives, *, queued_by: str | None = None
) -> ArchiveRecord | None:
    """Build under the lease; None if somebody else has it."""
    holder, clock, leases = uuid.uuid4().hex, archives.clock, archives.leases
    now = clock.now()
    if not leases.take(manifest.archive_key, holder, now, now + LEASE, queued_by=queued_by):
        return None

    renew_at = now + LEASE / 3

    def keep_lease() -> None:
        nonlocal renew_at
        now = clock.now()
        if now >= renew_at:
            if not leases.renew(manifest.archive_key, holder, now + LEASE):
                raise LeaseLost(f"another builder took over {manifest.archive_key!r}")
            renew_at = now + LEASE / 3

    try:
        record = build_archive(manifest, bucket=archives.bucket, keep_lease=keep_lease)
    except BaseException as error:
        leases.fail(
            manifest.archive_key,
            holder,
            str(error) if isinstance(error, DataOpsError) else type(error).__name__,
        )
        raise
    leases.release(manifest.archive_key, holder)
    return record


def _enqueue(order: BuildOrder, manifest: Manifest, archives: Archives) -> None:
    """Have the builder build, unless somebody does or it waits for its turn already: the lease is taken when it is queued.

    Unavailable if the last build failed, once, before it is tried again.
    """
    archive_key, leases, now = manifest.archive_key, archives.leases, archives.clock.now()
    lease = leases.get(archive_key)
    if lease and lease.error is not None:
        leases.release(archive_key, lease.holder)
        raise Unavailable(
            f"building {manifest.filename!r} failed: {lease.error}; repeat the request to try again"
        )
    if lease and lease.expires_at > now:
        return
    holder = uuid.uuid4().hex
    if leases.take(archive_key, holder, now, now + LEASE):
        try:
            archives.builder.start(order, holder)
        except BaseException:
            leases.release(archive_key, holder)
            raise


def _await(manifest: Manifest, archives: Archives, wait_seconds: float) -> ArchiveLink | Building:
    clock = archives.clock
    deadline = clock.now() + timedelta(seconds=wait_seconds)
    while clock.now() < deadline:
        clock.sleep(_POLL_SECONDS)
        if record := archives.bucket.archive(manifest.archive_key):
            return _link(manifest, record, archives, cached=False)
        lease = archives.leases.get(manifest.archive_key)
        if lease and lease.error is not None:
            break
    return Building(manifest, _retry_after(archives.leases.get(manifest.archive_key), archives))


def _retry_after(lease: BuildLease | None, archives: Archives) -> int:
    """1, 1, 2, 4, 8, 8, ... seconds by the time the build has taken, so that no caller has to be remembered."""
    elapsed_seconds = (archives.clock.now() - lease.started_at).total_seconds() if lease else 0.0
    waited = 0
    for pause in _RETRY_AFTER_SECONDS:
        waited += pause
        if elapsed_seconds < waited:
            return pause
    return _RETRY_AFTER_SECONDS[-1]
