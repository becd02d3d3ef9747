"""Runs, their status, and the outcomes of their sub-runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from dataops_client.models.fields import decode, describe_error, get_field, get_strings, get_value

_MAX_RYDBERG = 1e12


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Response to `generate` and `augment`."""

    nc: str
    id_run: str
    status: str


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
        return self.run_status == "DONE" and self.sub_runs_status in (None, "DONE")


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
