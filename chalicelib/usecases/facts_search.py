"""The search for sub-runs by the facts of their calculations, over all compositions and runs.

No file is read: the facts are those that status requests and `dataops-admin index` cached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.facts import FactFilter, SubRunRow, list_rows
from chalicelib.domain.outcomes import CachedFacts
from chalicelib.domain.runs import SUB_RUNS, Run, RunKey, SubRunKey

from .ports import Clock, OutcomeCache, RunRepository
from .run_queries import list_runs_page

SEARCH_TIME = timedelta(seconds=3)
STEP_RUNS = 1000
MAX_RANGES = 10
"""Compositions that are queried one by one. For more of them, all runs are read."""


@dataclass(slots=True)
class SearchPage:
    """Rows in the order of sub-runs.

    `unindexed` counts the sub-runs up to the end of the page that have no facts yet and match all
    filters that need none. `last` is the last position that the page covers, which perhaps has no
    row, or None if no sub-run follows.
    """

    rows: list[SubRunRow] = field(default_factory=list)
    unindexed: int = 0
    last: SubRunKey | None = None


def find_sub_runs(
    selected: FactFilter,
    *,
    after: SubRunKey | None,
    limit: int,
    runs: RunRepository,
    cache: OutcomeCache,
    clock: Clock,
    step_runs: int = STEP_RUNS,
) -> SearchPage:
    """Return at most `limit` matching sub-runs that follow `after`.

    Runs are read in steps of `step_runs`, after a quarter of it: a search that matches most
    sub-runs reads little more than its page, a search for rare ones makes few queries.

    After SEARCH_TIME the page ends where it is: it may be short, but the next one continues there.
    """
    deadline = clock.now() + SEARCH_TIME
    page = SearchPage()
    for step, is_last in _read_steps(selected, after, runs, step_runs):
        for run, facts in _read_facts(step, selected, cache):
            if not _add_run(page, run, facts, selected, after=after, limit=limit):
                return page
        if not is_last and (len(page.rows) == limit or clock.now() > deadline):
            page.last = SubRunKey(step[-1].key, SUB_RUNS[-1])
            return page
    page.last = None
    return page


def _read_steps(
    selected: FactFilter, after: SubRunKey | None, runs: RunRepository, step_runs: int
) -> Iterator[tuple[Sequence[Run], bool]]:
    """Yield the runs from the one of `after` on, and whether they are the last ones."""
    compositions: list[NominalComposition | None] = [None]
    wanted = selected.get("nc")
    if wanted and len(wanted) <= MAX_RANGES:
        compositions = [nc for nc in sorted(wanted) if after is None or nc >= after.run.nc]
    start = None
    if after:
        is_covered = after.sub_run == SUB_RUNS[-1]
        start = after.run if is_covered else RunKey(after.run.nc, after.run.id_run - 1)
    size = max(1, step_runs // 4)
    for nc in compositions:
        following = nc is not None and nc != compositions[-1]
        last = start if start and nc in (None, start.nc) else None
        while True:
            step, last = list_runs_page(nc, after=last, limit=size, runs=runs)
            if step:
                yield step, last is None and not following
            if last is None:
                break
            size = step_runs


def _read_facts(
    step: Sequence[Run], selected: FactFilter, cache: OutcomeCache
) -> Iterator[tuple[Run, Mapping[int, CachedFacts]]]:
    """Yield the runs that the filters without facts include, and their facts."""
    included = [run for run in step if selected.includes_run(run)]
    if not included:
        return
    cached = cache.list_runs(included[0].key, included[-1].key)
    found = next(cached, None)
    for run in included:
        while found and found[0] < run.key:
            found = next(cached, None)
        yield run, found[1] if found and found[0] == run.key else {}


def _add_run(
    page: SearchPage,
    run: Run,
    cached: Mapping[int, CachedFacts],
    selected: FactFilter,
    *,
    after: SubRunKey | None,
    limit: int,
) -> bool:
    """Add the rows of a run to the page. Return False if one of them exceeds the limit."""
    facts = {sub_run: each.facts for sub_run, each in cached.items() if each.facts is not None}
    rows = {row.key.sub_run: row for row in list_rows(run, facts, selected)}
    covered = after.sub_run if after and after.run == run.key else -1
    for sub_run in sorted(run.sub_runs):
        if sub_run <= covered:
            continue
        if sub_run in rows:
            if len(page.rows) == limit:
                return False
            page.rows.append(rows[sub_run])
        elif sub_run not in facts:
            page.unindexed += selected.includes_sub_run(run, sub_run)
        page.last = SubRunKey(run.key, sub_run)
    return True
