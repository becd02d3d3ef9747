"""Queries for scheduled runs and their status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import NotFound
from chalicelib.domain.outcomes import CalculationFacts
from chalicelib.domain.runs import JobStatus, Run, RunKey

from .outcomes import get_sub_run_facts
from .ports import Clock, DataBucket, Executor, OutcomeCache, RunRepository


@dataclass(frozen=True, slots=True)
class RunStatusView:
    """A run, the status of its jobs, and the facts of its files by sub-run.

    `sub_runs_status` is None until it is augmented.
    """

    run: Run
    run_status: JobStatus
    sub_runs_status: JobStatus | None
    facts: Mapping[int, CalculationFacts]


def list_runs(
    nc: NominalComposition | None, *, after: RunKey | None, runs: RunRepository
) -> Iterator[Run]:
    """Yield the runs that follow `after`, of one or all compositions, by composition and number."""
    return runs.list_runs(nc, after=after)


def list_runs_page(
    nc: NominalComposition | None, *, after: RunKey | None, limit: int, runs: RunRepository
) -> tuple[Sequence[Run], RunKey | None]:
    """Return the first `limit` runs of `list_runs`, and the key of the last one if more follow.

    Only the runs of the page are read. Walking the pages returns each run exactly once, also if
    runs are added meanwhile.
    """
    found = list(runs.list_runs(nc, after=after, limit=limit + 1))
    return found[:limit], found[limit - 1].key if len(found) > limit else None


def get_run(key: RunKey, *, runs: RunRepository) -> Run:
    """Return a run. NotFound if it is not scheduled."""
    run = runs.get(key)
    if run is None:
        raise not_scheduled(key)
    return run


def not_scheduled(key: RunKey) -> NotFound:
    """Return the error of a run that is not scheduled."""
    return NotFound(f"run '{key.id_run}' of {str(key.nc)!r} is not scheduled")


def get_run_status(
    key: RunKey,
    *,
    runs: RunRepository,
    executor: Executor,
    bucket: DataBucket,
    outcomes: OutcomeCache,
    clock: Clock,
) -> RunStatusView:
    """Return the status of a run, from its executor and from its files.

    NotFound if it is not scheduled.
    """
    run = get_run(key, runs=runs)
    now = clock.now()
    augmented_at = run.sub_runs_scheduled_at
    facts = get_sub_run_facts(run, bucket=bucket, cache=outcomes, clock=clock)
    return RunStatusView(
        run=run,
        run_status=executor.status(run.run_scheduled_at, now),
        sub_runs_status=executor.status(augmented_at, now) if augmented_at else None,
        facts=facts,
    )
