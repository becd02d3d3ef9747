"""Scheduling runs and their augmentation."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import InvalidInput, NotFound, NothingAvailable
from chalicelib.domain.runs import AUGMENTED_SUB_RUNS, REFERENCE_SUB_RUN, Run, RunKey, SubRunKey

from .ports import Clock, DataBucket, RunTable


def schedule_next_run(nc: NominalComposition, *, runs: RunTable, bucket: DataBucket, clock: Clock) -> Run:
    """Allocate the lowest-numbered run of `nc` that has a sub-run 0 in the data bucket and is not in the run table.

    The conditional write in `RunTable.add` makes the allocation true; a caller who loses a number to another goes on to the next,
    so that parallel callers get different numbers without gaps. NotFound for a composition without data, NothingAvailable when
    all its runs are scheduled.
    """
    stored = bucket.run_numbers(nc)
    if not stored:
        raise NotFound(f"nominal composition {str(nc)!r} has no runs in the data bucket")
    taken = {run.key.id_run for run in runs.runs(nc)}
    claim_token = uuid.uuid4().hex
    for id_run in stored:
        key = RunKey(nc, id_run)
        if id_run in taken or not bucket.has_files(SubRunKey(key, REFERENCE_SUB_RUN)):
            continue
        run = Run(key, frozenset({REFERENCE_SUB_RUN}), clock.now())
        if runs.add(run, claim_token):
            return run
    raise NothingAvailable(f"no run of {str(nc)!r} is available: all {len(stored)} in the bucket are scheduled or lack sub-run 0")


def augment_run(key: RunKey, sub_runs: Iterable[int] = AUGMENTED_SUB_RUNS, *, runs: RunTable, clock: Clock) -> Run:
    """Add sub-runs (1-14) to a scheduled run; those that it has already are left as they are. NotFound: not scheduled."""
    wanted = frozenset(sub_runs)
    if not wanted or not wanted <= frozenset(AUGMENTED_SUB_RUNS):
        raise InvalidInput(f"sub_runs {sorted(wanted)!r} cannot be added: expected at least one of '1' to '14'")
    run = runs.add_sub_runs(key, wanted, clock.now())
    if run is None:
        raise NotFound(f"run '{key.id_run}' of {str(key.nc)!r} is not scheduled")
    return run
