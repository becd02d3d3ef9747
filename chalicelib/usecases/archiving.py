"""Manifests and archives of sub-runs and of whole runs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.archive import ArchiveLink, ArchiveRecord, Building, BuildLease, BuildOrder, Manifest
from chalicelib.domain.errors import DataOpsError, NotFound, SubRunNotScheduled, Unavailable
from chalicelib.domain.runs import RunKey, SubRunKey
from chalicelib.domain.soap import SoapDescriptor

from .building import build_archive
from .catalogue import get_run
from .ports import Builder, BuildLeases, Clock, DataBucket, RunTable

LEASE = timedelta(seconds=30)
"""How long a builder that died keeps others waiting; a live one renews its lease at a third of it."""
_POLL_SECONDS = 0.25
_RETRY_AFTER_SECONDS = (1, 1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Archives:
    """What making archives needs.

    Builds of up to `inline_max_bytes` (unpacked) are made within the request; `soap` is what the SOAP vectors were computed with.
    """

    runs: RunTable
    bucket: DataBucket
    leases: BuildLeases
    builder: Builder
    clock: Clock
    inline_max_bytes: int
    soap: SoapDescriptor


def manifest_of(order: BuildOrder, archives: Archives) -> Manifest:
    """What the archive would hold, from one listing; nothing is built. NotFound, SubRunNotScheduled."""
    if isinstance(order.key, RunKey):
        return _run_manifest(order.key, order, archives)
    return _sub_run_manifest(order.key, order, archives)


def make_archive(order: BuildOrder, archives: Archives, *, wait_seconds: float = 0) -> ArchiveLink | Building:
    """A link to the archive, which is built if there is none of this content yet.

    Small archives are built here; large ones by the builder, and the answer is Building unless they are done within
    `wait_seconds`. Of callers at the same time one builds, and the others wait for it. NotFound, SubRunNotScheduled; Unavailable
    says why a build failed.
    """
    manifest = manifest_of(order, archives)
    if record := archives.bucket.archive(manifest.archive_key):
        return _link(manifest, record, archives, cached=True)
    if manifest.size_bytes <= archives.inline_max_bytes:
        wait_seconds = max(wait_seconds, LEASE.total_seconds() / 2)
        if record := _build(manifest, archives):
            return _link(manifest, record, archives, cached=False)
    else:
        _order(order, manifest, archives)
    return _await(manifest, archives, wait_seconds)


def build(order: BuildOrder, archives: Archives) -> None:
    """What the builder does: build the archive of an order, unless it is there or being built."""
    manifest = manifest_of(order, archives)
    if archives.bucket.archive(manifest.archive_key) is None:
        _build(manifest, archives)


def _sub_run_manifest(key: SubRunKey, order: BuildOrder, archives: Archives) -> Manifest:
    run = get_run(key.run, runs=archives.runs)
    _require_scheduled(key.run, {key.sub_run} - run.sub_runs)
    artifacts = archives.bucket.artifacts(key)
    if not artifacts:
        raise NotFound(f"sub-run {str(key)!r} has no files in the data bucket")
    return _with_members(Manifest.of_sub_run(key, artifacts, order.selection, archives.soap))


def _run_manifest(key: RunKey, order: BuildOrder, archives: Archives) -> Manifest:
    run = get_run(key, runs=archives.runs)
    _require_scheduled(key, set(order.sub_runs or ()) - run.sub_runs)
    wanted = run.sub_runs if order.sub_runs is None else set(order.sub_runs)
    artifacts = archives.bucket.run_artifacts(key)
    if order.sub_runs is not None and (absent := wanted - artifacts.keys()):
        raise NotFound(f"sub-runs {_listed(absent)} of run {str(key)!r} have no files in the data bucket")
    present = sorted(wanted & artifacts.keys())
    if not present:
        raise NotFound(f"run {str(key)!r} has no files of its sub-runs {_listed(wanted)} in the data bucket")
    parts = [
        Manifest.of_sub_run(SubRunKey(key, sub_run), artifacts[sub_run], order.selection, archives.soap) for sub_run in present
    ]
    return _with_members(Manifest.of_run(key, parts))


def _require_scheduled(key: RunKey, unscheduled: set[int]) -> None:
    if unscheduled:
        raise SubRunNotScheduled(f"sub-runs {_listed(unscheduled)} of run {str(key)!r} are not scheduled: augment the run first")


def _listed(sub_runs: set[int] | frozenset[int]) -> str:
    return ", ".join(f"'{sub_run}'" for sub_run in sorted(sub_runs))


def _with_members(manifest: Manifest) -> Manifest:
    if not manifest.members:
        raise NotFound(f"no file of {str(manifest.key)!r} matches {manifest.selection}")
    return manifest


def _link(manifest: Manifest, record: ArchiveRecord, archives: Archives, *, cached: bool) -> ArchiveLink:
    return ArchiveLink(manifest, record, archives.bucket.link(manifest.archive_key, manifest.filename), cached)


def _build(manifest: Manifest, archives: Archives) -> ArchiveRecord | None:
    """Build under the lease; None where somebody else has it."""
    holder, clock, leases = uuid.uuid4().hex, archives.clock, archives.leases
    now = clock.now()
    if not leases.take(manifest.archive_key, holder, now, now + LEASE):
        return None

    def stay() -> None:
        if not leases.renew(manifest.archive_key, holder, clock.now() + LEASE):
            raise Unavailable(f"another builder took over {manifest.archive_key!r}")

    try:
        record = build_archive(manifest, bucket=archives.bucket, clock=clock, stay=stay, stay_seconds=LEASE.total_seconds() / 3)
    except BaseException as error:
        leases.fail(manifest.archive_key, holder, str(error) if isinstance(error, DataOpsError) else type(error).__name__)
        raise
    leases.release(manifest.archive_key, holder)
    return record


def _order(order: BuildOrder, manifest: Manifest, archives: Archives) -> None:
    """Have the builder build, unless somebody does; tell the caller of a build that failed, once, before it is tried again."""
    lease = archives.leases.get(manifest.archive_key)
    if lease and lease.error is not None:
        archives.leases.release(manifest.archive_key, lease.holder)
        raise Unavailable(f"building {manifest.filename!r} failed: {lease.error}; ask again to try again")
    if lease is None or lease.expires_at <= archives.clock.now():
        archives.builder.start(order)


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
