"""Runs, their status, and the outcomes of their sub-runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from dataops_client.deformations import get_deformation
from dataops_client.html_tables import format_html_table
from dataops_client.models.fields import decode, describe_error, get_field, get_strings, get_value
from dataops_client.models.outcome_labels import UNKNOWN, get_outcome_label, summarize_outcomes
from dataops_client.sub_run_ranges import format_ranges

_MAX_RYDBERG = 1e12


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Scheduled run: response to `augment`."""

    nc: str
    id_run: str
    status: str


@dataclass(frozen=True, slots=True, repr=False)
class ScheduledRuns(Scheduled):
    """First of the runs that `generate` scheduled, and all of them in `runs`."""

    runs: tuple[Scheduled, ...]

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Decode the runs. The API lists them only if their number was given."""
        reported = [body] if get_value(body, "runs") is None else get_field(body, "runs", list)
        return decode(cls, body, runs=tuple(decode(Scheduled, run) for run in reported))

    def __repr__(self) -> str:
        numbers = format_ranges(run.id_run for run in self.runs)
        return f"ScheduledRuns({self.nc}, runs {numbers}, {self.status})"


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """Scheduled run.

    `sub_runs` are in numeric order. `sub_runs_scheduled_at` is None until the run is augmented.
    """

    id_run: str
    sub_runs: tuple[str, ...]
    run_scheduled_at: datetime
    sub_runs_scheduled_at: datetime | None

    @classmethod
    def from_json(cls, body: Any, **values: Any) -> Self:
        return decode(cls, body, sub_runs=_get_sub_runs(body), **values)

    def __repr__(self) -> str:
        scheduled = f"scheduled {self.run_scheduled_at:%Y-%m-%d %H:%M:%S %Z}"
        return f"Run({self.id_run}, sub-runs {format_ranges(self.sub_runs)}, {scheduled})"


@dataclass(frozen=True, slots=True)
class SubRunOutcome:
    """Outcome of the calculations of a sub-run, derived from its files.

    `outcome` is a name of `dataops_client.ml.Outcome`, or one that this version does not define. A
    fact is None if the files do not show it: `scf_converged` and `scf_iterations` without an SCF
    output, `total_energy_ry` (Ry) unless the SCF converged, `bond_labels` without bond strengths.
    """

    outcome: str
    scf_converged: bool | None = None
    scf_iterations: int | None = None
    total_energy_ry: float | None = None
    lobster_finished: bool | None = None
    bonds_expected: int | None = None
    bond_labels: int | None = None
    labels_complete: bool | None = None

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """Decode an outcome. Facts of other types become None: no decision depends on them."""
        outcome, energy = get_field(body, "outcome", str), body.get("total_energy_ry")
        facts = {
            name: body[name] if type(body.get(name)) is kind else None
            for kind, names in _FACTS.items()
            for name in names
        }
        if type(energy) in (int, float) and abs(energy) < _MAX_RYDBERG:
            facts["total_energy_ry"] = float(energy)
        return cls(outcome, **facts)


_FACTS = {
    bool: ("scf_converged", "lobster_finished", "labels_complete"),
    int: ("scf_iterations", "bonds_expected", "bond_labels"),
}


@dataclass(frozen=True, slots=True, repr=False)
class RunStatus(Run):
    """Run with the state of its jobs, as reported by the executor.

    `sub_runs_status` is None until the run is augmented. `sub_run_outcomes` maps sub-runs, in
    numeric order, to their outcomes; sub-runs that the API does not report are missing.
    """

    run_status: str
    sub_runs_status: str | None
    sub_run_outcomes: Mapping[str, SubRunOutcome]

    @classmethod
    def from_json(cls, body: Any, **values: Any) -> Self:
        reported = get_value(body, "sub_run_outcomes") or {}
        outcomes = {
            sub_run: SubRunOutcome.from_json(get_value(reported, sub_run))
            for sub_run in _get_sub_runs(body)
            if get_value(reported, sub_run) is not None
        }
        return decode(cls, body, sub_runs=_get_sub_runs(body), sub_run_outcomes=outcomes, **values)

    @property
    def done(self) -> bool:
        """True if the jobs of the run, and of its sub-runs if it is augmented, have ended."""
        return self.state == "DONE"

    @property
    def state(self) -> str:
        """State of the jobs: DONE once those of the run and of its sub-runs have ended."""
        sub_runs_status = self.sub_runs_status or "DONE"
        return sub_runs_status if self.run_status == "DONE" else self.run_status

    @property
    def summary(self) -> str:
        """Number of sub-runs per outcome, such as `14 done, 1 SCF not converged (13)`."""
        return summarize_outcomes(
            {sub_run: self._get_outcome(sub_run) for sub_run in self.sub_runs}
        )

    def _get_outcome(self, sub_run: str) -> str:
        found = self.sub_run_outcomes.get(sub_run)
        return found.outcome if found else UNKNOWN

    def __repr__(self) -> str:
        return f"RunStatus({self.id_run}, {self.state}, {self.summary})"

    def _repr_html_(self) -> str:
        rows = []
        for sub_run in self.sub_runs:
            outcome = self.sub_run_outcomes.get(sub_run) or SubRunOutcome(UNKNOWN)
            label = get_outcome_label(outcome.outcome)
            facts = (outcome.scf_iterations, outcome.total_energy_ry, outcome.bond_labels)
            rows.append((sub_run, get_deformation(sub_run), label, *facts))
        columns = ("deformation", "outcome", "SCF iterations", "energy (Ry)", "bonds")
        return format_html_table(repr(self), ("sub-run", *columns), rows)


def parse_runs(body: Any) -> dict[str, list[Run]]:
    """Return the runs of a page by composition."""
    if not isinstance(body, Mapping):
        raise describe_error("not a JSON object of compositions", body)
    return {nc: [Run.from_json(run) for run in get_field(body, nc, list)] for nc in body}


def _get_sub_runs(body: Any) -> tuple[str, ...]:
    values = get_strings(body, "sub_runs")
    if not all(re.fullmatch("[0-9]{1,9}", value) for value in values):
        raise describe_error("'sub_runs' are not numbers", values)
    return tuple(sorted(values, key=int))
