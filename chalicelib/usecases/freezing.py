"""Creation of versions of datasets, in steps that can be repeated after a crash.

1. The plan of a freeze selects files by name, size and ETag. It is stored once.
2. Each archive of the plan is stored under its fingerprint: copied if it exists, built otherwise. A
   file that is no longer the planned one ends the freeze.
3. The documents are stored under a hash of themselves.
4. One conditional write of the version commits it (`DatasetRepository.add`). Before it nothing is
   visible; what a freeze that never ends has stored is used by the next one with the same files.

The lease of a freeze only saves work: two builders that execute the same freeze store equal
objects, and only one version can follow the versions that both have read.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.archive_record import ArchiveRecord
from chalicelib.domain.builds import ArchiveSpec
from chalicelib.domain.errors import (
    DataOpsError,
    NotFound,
    SourceChanged,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.freezes import (
    Freeze,
    FreezeTask,
    PlannedRun,
    get_lease_key,
)
from chalicelib.domain.selection import Selection

from .archive_builds import build_archive
from .build_lease import HeldLease, LeaseLost, hold_lease
from .build_submission import submit_once
from .freeze_dependencies import FreezeDependencies
from .freeze_plans import make_plan
from .frozen_bonds import store_bond_means
from .frozen_versions import commit_version
from .manifests import get_manifest
from .metrics import METRICS, Metric

_LOG = logging.getLogger("dataops")
MAX_COPY_BYTES = 5 * 1024**3
"""Limit of a copy within S3. Larger archives are built at their final place."""
_POLL_SECONDS = 0.25


def run_freeze(task: FreezeTask, freezes: FreezeDependencies) -> FreezeTask | None:
    """Continue a freeze until it ends, or for `step_seconds`. Return the task for what is left.

    Unless this is submitted, the next request for the freeze continues it.
    """
    METRICS.add(Metric.BUILDS_DEQUEUED)
    freeze = freezes.freezes.get(task.freeze_id)
    lease_key = get_lease_key(task.freeze_id)
    if freeze is None or freeze.has_ended:
        if task.holder:
            freezes.leases.release(lease_key, task.holder)
        return None
    with (
        suppress(LeaseLost),
        hold_lease(
            lease_key, leases=freezes.leases, clock=freezes.clock, queued_by=task.holder
        ) as lease,
    ):
        lease.check()
        try:
            if not _continue(freeze, freezes, lease):
                return FreezeTask(task.freeze_id, lease.holder)
        except DataOpsError as error:
            if isinstance(error, Unavailable) and not isinstance(error, SourceChanged):
                raise  # the lease reports it, and a repeated request continues
            freezes.freezes.fail(task.freeze_id, error.code, str(error))
    return None


def submit_freeze(freeze: Freeze, freezes: FreezeDependencies) -> None:
    """Submit a task unless one is queued or in progress; see `submit_once`."""
    submit_once(
        get_lease_key(freeze.freeze_id),
        lambda holder: FreezeTask(freeze.freeze_id, holder),
        f"freezing {freeze.request.name!r}",
        leases=freezes.leases,
        queue=freezes.queue,
        clock=freezes.clock,
    )


def _continue(freeze: Freeze, freezes: FreezeDependencies, lease: HeldLease) -> bool:
    """Execute the steps that are left. Return False if the time for a step has passed."""
    deadline = freezes.clock.now() + timedelta(seconds=freezes.step_seconds)
    plan = freezes.store.read_plan(freeze)
    if plan is None:
        plan = make_plan(freeze.request, freezes)
        lease.confirm()
        freezes.store.write_plan(freeze, plan)
        freeze = replace(freeze, runs_done=0)
    total = len(plan.runs)
    freezes.freezes.set_progress(freeze.freeze_id, freeze.runs_done, total)
    for number, run in enumerate(plan.runs[freeze.runs_done :], freeze.runs_done + 1):
        store_run(run, freeze, freezes)
        lease.confirm()
        freezes.freezes.set_progress(freeze.freeze_id, number, total)
        if freezes.clock.now() > deadline:
            return False
    version, created = commit_version(freeze, plan, freezes, lease)
    freezes.freezes.finish(freeze.freeze_id, str(version.number), created=created)
    _LOG.info("froze %s, content id %s", version, version.content_id)
    return True


def store_run(run: PlannedRun, freeze: Freeze, freezes: FreezeDependencies) -> ArchiveRecord:
    """Store the archive of a run and its bond means unless they are stored, and return its record.

    Raises:
        SourceChanged: The stored files are no longer the planned ones.
    """
    record = _store_archive(run, freeze, freezes)
    store_bond_means(run.archive_key, record, freezes.store, freezes.bucket)
    return record


def _store_archive(run: PlannedRun, freeze: Freeze, freezes: FreezeDependencies) -> ArchiveRecord:
    target = run.archive_key
    if record := freezes.store.get_archive_record(target):
        # So that it is young, and a purge keeps it. The commit checks that it still exists.
        freezes.bucket.write_archive_record(target, record)
        return record
    selection = Selection(freeze.request.profile)
    spec = ArchiveSpec(run.key, selection, tuple(each.sub_run for each in run.sub_runs))
    try:
        manifest = get_manifest(
            spec, runs=freezes.runs, bucket=freezes.bucket, dataset=freezes.dataset
        )
    except (NotFound, SubRunNotScheduled) as error:
        raise _changed(run) from error
    if manifest.fingerprint != run.fingerprint:
        raise _changed(run)
    source = freezes.store.get_archive_record(manifest.archive_key)
    if source and source.size_bytes <= MAX_COPY_BYTES:
        etag = freezes.store.copy_archive(manifest.archive_key, source.etag, target)
        if etag:
            record = replace(source, etag=etag)
            freezes.bucket.write_archive_record(target, record)
            return record
    while True:
        with (
            suppress(LeaseLost),
            hold_lease(target, leases=freezes.leases, clock=freezes.clock) as lease,
        ):
            return build_archive(manifest, bucket=freezes.bucket, lease=lease, archive_key=target)
        # Another freeze builds the same archive.
        freezes.clock.sleep(_POLL_SECONDS)
        if record := freezes.store.get_archive_record(target):
            return record


def _changed(run: PlannedRun) -> SourceChanged:
    return SourceChanged(
        f"files of run {str(run.key)!r}, or the description of the data set, changed during the "
        "freeze; nothing was created, freeze again"
    )
