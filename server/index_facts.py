"""`dataops-admin index`: reads the facts of all scheduled sub-runs, so that a search finds them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from chalicelib.bootstrap import Services, build_services
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.facts import FactFilter
from chalicelib.domain.runs import Run, SubRunKey
from chalicelib.settings import Settings
from chalicelib.usecases.facts_search import find_sub_runs
from chalicelib.usecases.outcomes import OutcomeReader

_PARALLEL_RUNS = 4


def index(settings: Settings, nc: str | None) -> bool:
    """Read the facts of sub-runs whose files changed or were not read yet, and print a summary.

    An interrupted call can be repeated: facts that were read are cached run by run. Return False if
    the files of a sub-run cannot be read.
    """
    services = build_services(settings)
    reader = OutcomeReader(services.bucket, services.outcomes, services.clock)
    composition = None if nc is None else NominalComposition.parse(nc)
    run_count, sub_run_count = 0, 0
    unreadable: list[SubRunKey] = []
    with ThreadPoolExecutor(_PARALLEL_RUNS) as pool:
        for batch in _batches(services.runs.list_runs(composition)):
            results = pool.map(lambda run: _read(run, reader), batch)
            for run, missing in zip(batch, results, strict=True):
                run_count += 1
                sub_run_count += len(run.sub_runs)
                unreadable += [SubRunKey(run.key, sub_run) for sub_run in sorted(missing)]
                _show(f"\r{run_count:,} runs, {sub_run_count:,} sub-runs ")
    _show("\n" if run_count else "")
    for key in unreadable:
        print(f"{key}: cannot be read: too large, or it changes at this time", file=sys.stderr)
    print(f"indexed sub-runs: {sub_run_count - len(unreadable):,} of {sub_run_count:,}")
    return not unreadable


def check(settings: Settings, nc: str | None) -> bool:
    """Print the number of sub-runs without facts. No file is read. Return True if it is zero."""
    services = build_services(settings)
    unindexed = _count_unindexed(services, FactFilter.parse({} if nc is None else {"nc": nc}))
    print(f"sub-runs without facts: {unindexed:,}")
    return not unindexed


def _count_unindexed(services: Services, selected: FactFilter) -> int:
    count, after = 0, None
    while True:
        page = find_sub_runs(
            selected,
            after=after,
            limit=1000,
            runs=services.runs,
            cache=services.outcomes,
            clock=services.clock,
        )
        count += page.unindexed
        if page.last is None:
            return count
        after = page.last


def _read(run: Run, reader: OutcomeReader) -> frozenset[int]:
    """Return the sub-runs that cannot be read, after attempts as long as more of them are read."""
    missing = run.sub_runs
    while True:
        still_missing = run.sub_runs - reader.read(run).keys()
        if not still_missing or len(still_missing) == len(missing):
            return still_missing
        missing = still_missing


def _batches(runs: Iterator[Run]) -> Iterator[Sequence[Run]]:
    while batch := list(islice(runs, 10 * _PARALLEL_RUNS)):
        yield batch


def _show(progress: str) -> None:
    if sys.stderr.isatty():
        print(progress, end="", file=sys.stderr, flush=True)
