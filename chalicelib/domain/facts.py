"""Sub-runs with the facts of their calculations, and the selection of them by filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .deformation import DEFORMATIONS
from .fact_filters import FILTERS, FilterValue, format_value, parse_value
from .outcomes import CalculationFacts
from .runs import REFERENCE_SUB_RUN, Run, SubRunKey

_ENERGY_DIGITS = 8
"""Decimals of energies in Ry, as pw.x prints them: a difference is not more precise."""


@dataclass(frozen=True, slots=True)
class ScheduledSubRun:
    """A sub-run, and when it was scheduled.

    For augmented sub-runs this is the time of the last augmentation of the run.
    """

    key: SubRunKey
    scheduled_at: datetime

    @property
    def deformation(self) -> str:
        """Return the group of the deformation, such as `shear`."""
        return DEFORMATIONS[self.key.sub_run].group


@dataclass(frozen=True, slots=True)
class SubRunRow(ScheduledSubRun):
    """A sub-run with its facts.

    `energy_above_reference_ry` is the total energy minus that of sub-run 0 of the same run, or None
    if one of them is unknown.
    """

    facts: CalculationFacts
    energy_above_reference_ry: float | None


@dataclass(frozen=True, slots=True)
class FactFilter:
    """A selection of sub-runs: those that match every value. Equal selections compare equal."""

    values: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def parse(cls, parameters: Mapping[str, object]) -> FactFilter:
        """Return the filter of parameters by name. InvalidInput for a wrong name or value."""
        found = {name: parse_value(name, value) for name, value in parameters.items()}
        return cls(tuple(sorted(found.items())))

    def get(self, name: str) -> Any:
        """Return the normalised value of a filter, or None if it is not set."""
        return dict(self.values).get(name)

    def includes_run(self, run: Run) -> bool:
        """Return True if the filters that need no facts include a sub-run of the run."""
        return any(self.includes_sub_run(run, sub_run) for sub_run in run.sub_runs)

    def includes_sub_run(self, run: Run, sub_run: int) -> bool:
        """Return True if the sub-run is scheduled and matches the filters that need no facts."""
        return sub_run in run.sub_runs and self._matches(_get_scheduled(run, sub_run), False)

    def matches(self, row: SubRunRow) -> bool:
        """Return True if the row matches all filters."""
        return self._matches(row, False) and self._matches(row, True)

    def to_dict(self) -> dict[str, FilterValue]:
        """Return the values as `parse` accepts them: equal for equal selections."""
        return {name: format_value(value) for name, value in self.values}

    def _matches(self, row: ScheduledSubRun, needs_facts: bool) -> bool:
        return all(
            FILTERS[name].matches(value, row)
            for name, value in self.values
            if FILTERS[name].needs_facts is needs_facts
        )


def list_rows(
    run: Run, facts: Mapping[int, CalculationFacts], selected: FactFilter
) -> list[SubRunRow]:
    """Return the scheduled sub-runs of a run that have facts and match, in ascending order."""
    reference = facts.get(REFERENCE_SUB_RUN)
    rows = (
        _build_row(_get_scheduled(run, sub_run), facts[sub_run], reference)
        for sub_run in sorted(run.sub_runs & facts.keys())
    )
    return [row for row in rows if selected.matches(row)]


def _build_row(
    scheduled: ScheduledSubRun, facts: CalculationFacts, reference: CalculationFacts | None
) -> SubRunRow:
    energy = facts.total_energy_ry
    zero = reference.total_energy_ry if reference else None
    above = None if energy is None or zero is None else round(energy - zero, _ENERGY_DIGITS)
    return SubRunRow(scheduled.key, scheduled.scheduled_at, facts, above)


def _get_scheduled(run: Run, sub_run: int) -> ScheduledSubRun:
    augmented_at = run.sub_runs_scheduled_at if sub_run != REFERENCE_SUB_RUN else None
    return ScheduledSubRun(SubRunKey(run.key, sub_run), augmented_at or run.run_scheduled_at)
