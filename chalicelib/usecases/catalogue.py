"""What is scheduled, and how it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import NotFound
from chalicelib.domain.runs import JobStatus, Run, RunKey

from .ports import Clock, Executor, RunTable


@dataclass(frozen=True, slots=True)
class Standing:
    """A run and how its jobs stand; `sub_runs_status` is None until it is augmented."""

    run: Run
    run_status: JobStatus
    sub_runs_status: JobStatus | None


def scheduled_runs(nc: NominalComposition | None, *, runs: RunTable) -> Iterator[Run]:
    """Every run in the run table, or those of one composition: by composition, then by number."""
    return runs.runs(nc)


def get_run(key: RunKey, *, runs: RunTable) -> Run:
    """One run; NotFound where it was never scheduled."""
    run = runs.get(key)
    if run is None:
        raise NotFound(f"run '{key.id_run}' of {str(key.nc)!r} is not scheduled")
    return run


def run_standing(key: RunKey, *, runs: RunTable, executor: Executor, clock: Clock) -> Standing:
    """How a run stands, by its executor; NotFound where it was never scheduled."""
    run = get_run(key, runs=runs)
    now = clock.now()
    sub_runs_status = executor.status(run.sub_runs_scheduled_at, now) if run.sub_runs_scheduled_at else None
    return Standing(run, executor.status(run.run_scheduled_at, now), sub_runs_status)
