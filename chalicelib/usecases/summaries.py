"""Summaries of compositions: numbers over their scheduled runs, from cached facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.outcomes import CachedFacts, Outcome
from chalicelib.domain.runs import Run, RunKey

from .ports import OutcomeCache, RunRepository
from .run_queries import list_runs_page


@dataclass(slots=True)
class CompositionSummary:
    """Numbers over scheduled runs of a composition.

    `outcomes` counts sub-runs, by their facts as they were last read. `unread` sub-runs have no
    facts: a status request of their run reads them. `bonds` is the number of bond labels. Energies
    (Ry) are those of converged cells; `last_activity_at` is the time of the last scheduling.
    """

    nc: NominalComposition
    last_activity_at: datetime
    runs: int = 0
    sub_runs: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    unread: int = 0
    bonds: int = 0
    min_total_energy_ry: float | None = None
    max_total_energy_ry: float | None = None

    def add(self, run: Run, facts: Mapping[int, CachedFacts]) -> None:
        """Add the sub-runs of a run."""
        self.runs += 1
        self.sub_runs += len(run.sub_runs)
        self.unread += len(run.sub_runs - facts.keys())
        scheduled_at = run.sub_runs_scheduled_at or run.run_scheduled_at
        self.last_activity_at = max(self.last_activity_at, scheduled_at)
        known = [facts[sub_run].facts for sub_run in run.sub_runs & facts.keys()]
        self.outcomes.update(each.outcome for each in known if each)
        self.bonds += sum(each.bond_labels or 0 for each in known if each)
        energies = [
            energy for each in known if each and (energy := each.total_energy_ry) is not None
        ]
        for energy in energies:
            low, high = self.min_total_energy_ry, self.max_total_energy_ry
            self.min_total_energy_ry = energy if low is None else min(low, energy)
            self.max_total_energy_ry = energy if high is None else max(high, energy)


def summarize_runs_page(
    *, after: RunKey | None, limit: int, runs: RunRepository, cache: OutcomeCache
) -> tuple[Sequence[CompositionSummary], RunKey | None]:
    """Return summaries of the `limit` runs that follow `after`, and the last run if more follow.

    This takes two queries. A composition whose runs continue on the next page has a summary on
    each of the pages.
    """
    page, last = list_runs_page(None, after=after, limit=limit, runs=runs)
    if not page:
        return (), None
    facts = dict(cache.list_runs(page[0].key, page[-1].key))
    summaries = []
    for nc, of_composition in groupby(page, key=lambda run: run.key.nc):
        found = list(of_composition)
        summary = CompositionSummary(nc, found[0].run_scheduled_at)
        for run in found:
            summary.add(run, facts.get(run.key, {}))
        summaries.append(summary)
    return summaries, last
