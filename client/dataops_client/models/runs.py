"""Runs, their status, and the outcomes of their sub-runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from reprlib import repr as short_repr
from typing import Any, Self

from dataops_client.errors import UnexpectedResponse
from dataops_client.models.fields import (
    get_field,
    get_informative_field,
    get_nullable_field,
    get_strings,
    get_time,
)

_MAX_RYDBERG = 1e12


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Response to `generate` and `augment`."""

    nc: str
    id_run: str
    status: str

    @classmethod
    def from_json(cls, body: Any) -> Self:
        return cls(
            get_field(body, "nc", str),
            get_field(body, "id_run", str),
            get_field(body, "status", str),
        )


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
    def from_json(cls, body: Any) -> Self:
        return cls(
            id_run=get_field(body, "id_run", str),
            sub_runs=tuple(sorted(_get_sub_runs(body), key=int)),
            run_scheduled_at=get_time(body, "run_scheduled_at"),
            sub_runs_scheduled_at=get_time(body, "sub_runs_scheduled_at")
            if body.get("sub_runs_scheduled_at")
            else None,
        )


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
        energy = get_informative_field(body, "total_energy_ry", float) or get_informative_field(
            body, "total_energy_ry", int
        )
        return cls(
            outcome=get_field(body, "outcome", str),
            scf_converged=get_informative_field(body, "scf_converged", bool),
            scf_iterations=get_informative_field(body, "scf_iterations", int),
            total_energy_ry=float(energy)
            if energy is not None and abs(energy) < _MAX_RYDBERG
            else None,
            lobster_finished=get_informative_field(body, "lobster_finished", bool),
            bonds_expected=get_informative_field(body, "bonds_expected", int),
            bond_labels=get_informative_field(body, "bond_labels", int),
            labels_complete=get_informative_field(body, "labels_complete", bool),
        )


@dataclass(frozen=True, slots=True)
class RunStatus(Run):
    """Run with the state of its jobs, as reported by the executor.

    `sub_runs_status` is None until the run is augmented. `sub_run_outcomes` maps sub-runs, in numeric
    order, to their outcomes; sub-runs that the API does not report are missing.
    """

    run_status: str
    sub_runs_status: str | None
    sub_run_outcomes: Mapping[str, SubRunOutcome]

    @classmethod
    def from_json(cls, body: Any) -> Self:
        run = Run.from_json(body)
        outcomes = get_nullable_field(body, "sub_run_outcomes", dict) or {}
        return cls(
            run.id_run,
            run.sub_runs,
            run.run_scheduled_at,
            run.sub_runs_scheduled_at,
            run_status=get_field(body, "run_status", str),
            sub_runs_status=get_field(body, "sub_runs_status", str)
            if body.get("sub_runs_status")
            else None,
            sub_run_outcomes={
                sub_run: SubRunOutcome.from_json(outcomes[sub_run])
                for sub_run in run.sub_runs
                if sub_run in outcomes
            },
        )

    @property
    def done(self) -> bool:
        """True if the jobs of the run, and of its sub-runs if it is augmented, have ended."""
        return self.run_status == "DONE" and self.sub_runs_status in (None, "DONE")


def parse_compositions(body: Any) -> list[str]:
    return list(get_strings(body, "compositions"))


def parse_runs(body: Any) -> dict[str, list[Run]]:
    """Return the runs of a page by composition."""
    if not isinstance(body, Mapping):
        raise UnexpectedResponse(
            f"the API's response is not a JSON object of compositions: {short_repr(body)}"
        )
    return {nc: [Run.from_json(run) for run in get_field(body, nc, list)] for nc in body}


def _get_sub_runs(body: Any) -> tuple[str, ...]:
    values = get_strings(body, "sub_runs")
    if not all(re.fullmatch("[0-9]{1,9}", value) for value in values):
        raise UnexpectedResponse(
            f"'sub_runs' of the API's response are not numbers: {short_repr(values)}"
        )
    return values
