"""What is scheduled, and how it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import NotFound
from chalicelib.domain.outcomes import Facts
from chalicelib.domain.runs import JobStatus, Run, RunKey

from .outcomes import sub_run_facts
from .ports import Clock, DataBucket, Executor, OutcomeRecords, RunTable


@dataclass(frozen=True, slots=True)
class Standing:
    """A run, how its jobs stand, and what its files show; `sub_runs_status` is None until it is augmented."""

    run: Run
    run_status: JobStatus
    sub_runs_status: JobStatus | None
    facts: Mapping[int, Facts]


def scheduled_runs(
    nc: NominalComposition | None, *, after: RunKey | None, runs: RunTable
) -> Iterator[Run]:
    """The runs in the run table, or those of one composition, by composition, then by number: all that come after `after`."""
    return runs.runs(nc, after=after)


def page_of_runs(
    nc: NominalComposition | None, *, after: RunKey | None, limit: int, runs: RunTable
) -> tuple[Sequence[Run], RunKey | None]:
    """The first `limit` of `scheduled_runs`, and the last of them where more follow: the next page comes after it.

    It costs what the page holds, however many runs there are. A run is on exactly one of the pages that are walked this way, whatever
    is added meanwhile.
    """
    found = list(runs.runs(nc, after=after, limit=limit + 1))
    return found[:limit], found[limit - 1].key if len(found) > limit else None


def get_run(key: RunKey, *, runs: RunTable) -> Run:
    """One run; NotFound where it was never scheduled."""
    run = runs.get(key)
    if run is None:
        raise NotFound(f"run '{key.id_run}' of {str(key.nc)!r} is not scheduled")
    return run


def run_standing(
    key: RunKey,
    *,
    runs: RunTable,
    executor: Executor,
    bucket: DataBucket,
    outcomes: OutcomeRecords,
    clock: Clock,
) -> Standing:
    """How a run stands, by its executor and by its files; NotFound where it was never scheduled."""
    run = get_run(key, runs=runs)
    now = clock.now()
    sub_runs_status = (
        executor.status(run.sub_runs_scheduled_at, now) if run.sub_runs_scheduled_at else None
    )
    facts = sub_run_facts(run, bucket=bucket, records=outcomes, clock=clock)
    return Standing(run, executor.status(run.run_scheduled_at, now), sub_runs_status, facts)
