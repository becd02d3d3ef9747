"""Queries for scheduled runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import NotFound
from chalicelib.domain.runs import Run, RunKey

from .ports import RunRepository


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


def get_run(key: RunKey, *, runs: RunRepository, containing: Collection[int] | None = None) -> Run:
    """Return a run; see `RunRepository.get`. NotFound if it is not scheduled."""
    run = runs.get(key, containing=containing)
    if run is None:
        raise not_scheduled(key)
    return run


def not_scheduled(key: RunKey) -> NotFound:
    """Return the error of a run that is not scheduled."""
    return NotFound(
        f"run '{key.id_run}' of {str(key.nc)!r} is not scheduled; list the runs to see which are"
    )
