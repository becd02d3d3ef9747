"""Numbers over the scheduled runs of compositions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from dataops_client.models.fields import decode, describe_error, get_field, get_number, get_value


@dataclass(frozen=True, slots=True)
class CompositionSummary:
    """Numbers over the scheduled runs of a composition.

    Attributes:
        nc: Nominal composition.
        runs: Number of scheduled runs.
        sub_runs: Number of scheduled sub-runs.
        outcomes: Number of sub-runs by outcome, of those whose files were read.
        unread: Number of sub-runs whose outcome is not known until a status is requested.
        bonds: Number of bonds with a strength.
        min_total_energy_ry: Lowest total energy in Ry, or None.
        max_total_energy_ry: Highest total energy in Ry, or None.
    """

    nc: str
    runs: int
    sub_runs: int
    outcomes: Mapping[str, int]
    unread: int
    bonds: int
    min_total_energy_ry: float | None
    max_total_energy_ry: float | None

    @classmethod
    def from_json(cls, body: Any) -> Self:
        outcomes = get_field(body, "outcomes", dict)
        if any(type(count) is not int for count in outcomes.values()):
            raise describe_error("'outcomes' are not numbers of sub-runs", outcomes)
        energies = {
            name: None if get_value(body, name) is None else get_number(body, name)
            for name in ("min_total_energy_ry", "max_total_energy_ry")
        }
        return decode(cls, body, outcomes=outcomes, **energies)

    def add(self, other: CompositionSummary) -> CompositionSummary:
        """Return the sum of two summaries of one composition, from different pages."""
        names = self.outcomes.keys() | other.outcomes.keys()
        return CompositionSummary(
            self.nc,
            self.runs + other.runs,
            self.sub_runs + other.sub_runs,
            {name: self.outcomes.get(name, 0) + other.outcomes.get(name, 0) for name in names},
            self.unread + other.unread,
            self.bonds + other.bonds,
            _choose(min, self.min_total_energy_ry, other.min_total_energy_ry),
            _choose(max, self.max_total_energy_ry, other.max_total_energy_ry),
        )


def _choose(choose: Callable[..., float], *values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    return choose(known) if known else None
