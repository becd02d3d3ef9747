"""Sub-runs that a search found, with the facts of their calculations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from dataops_client.html_tables import format_count, format_html_table
from dataops_client.models.fields import decode, get_number, get_value
from dataops_client.models.outcome_labels import get_outcome_label


@dataclass(frozen=True, slots=True)
class SubRunFacts:
    """Sub-run with the facts of its calculations. Facts that its files do not show are None.

    Attributes:
        nc: Nominal composition.
        id_run: Number of the run.
        sub_run: Number of the sub-run.
        deformation: Deformation of the cell.
        outcome: Outcome of the calculations, such as `DONE`.
        labels_complete: True if every bond has a strength.
        bond_labels: Number of bond strengths.
        bonds_expected: Number of bonds that LOBSTER found.
        scf_iterations: Number of SCF iterations.
        total_energy_ry: Total energy in Ry.
        energy_above_reference_ry: Total energy minus that of sub-run 0 of the same run, in Ry.
        scheduled_at: Time of scheduling.
    """

    nc: str
    id_run: str
    sub_run: str
    deformation: str
    outcome: str
    labels_complete: bool | None = None
    bond_labels: int | None = None
    bonds_expected: int | None = None
    scf_iterations: int | None = None
    total_energy_ry: float | None = None
    energy_above_reference_ry: float | None = None
    scheduled_at: datetime | None = None

    @classmethod
    def from_json(cls, body: Any) -> Self:
        energies = {
            name: None if get_value(body, name) is None else get_number(body, name)
            for name in ("total_energy_ry", "energy_above_reference_ry")
        }
        return decode(cls, body, **energies)


class FoundSubRuns(tuple[SubRunFacts, ...]):
    """Sub-runs that a search found: a tuple.

    `unindexed` is the number of sub-runs that the search could not consider, because the service
    has not read their files yet.
    """

    unindexed: int

    def __new__(cls, sub_runs: Iterable[SubRunFacts], unindexed: int) -> Self:
        found = super().__new__(cls, sub_runs)
        found.unindexed = unindexed
        return found

    def __repr__(self) -> str:
        return f"<{format_count(len(self), 'sub-run')}, {self.unindexed} not indexed>"

    def _repr_html_(self) -> str:
        rows = [
            (
                each.nc,
                each.id_run,
                each.sub_run,
                each.deformation,
                get_outcome_label(each.outcome),
                each.bond_labels,
                each.total_energy_ry,
            )
            for each in self
        ]
        header = ("nc", "run", "sub-run", "deformation", "outcome", "bonds", "energy (Ry)")
        return format_html_table(repr(self).strip("<>"), header, rows)
