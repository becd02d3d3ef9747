"""Bond strengths of a sub-run, from ICOHPLIST.lobster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from dataops_client.html_tables import format_count, format_html_table
from dataops_client.models.fields import decode, describe_error, get_field, get_number


@dataclass(frozen=True, slots=True)
class BondStrength:
    """Bond of two atoms, in the order of ICOHPLIST.lobster.

    Attributes:
        atom_a: Number of an atom in the cell, from 1.
        atom_b: Number of the other atom.
        label_a: Element and number of the atom, such as `Cu12`.
        label_b: Element and number of the other atom.
        bond_type: Elements, the one with the higher atomic number first.
        distance_angstrom: Distance in angstrom.
        translation: Translation of the other atom in cell vectors.
        minus_icohp_ev: -ICOHP at the Fermi level in eV, positive for bonding.
    """

    atom_a: int
    atom_b: int
    label_a: str
    label_b: str
    bond_type: str
    distance_angstrom: float
    translation: tuple[int, int, int]
    minus_icohp_ev: float

    @classmethod
    def from_json(cls, body: Any) -> Self:
        translation = get_field(body, "translation", list)
        if len(translation) != 3 or any(type(value) is not int for value in translation):
            raise describe_error("'translation' is not a list of three integers", translation)
        return decode(
            cls,
            body,
            translation=tuple(translation),
            distance_angstrom=get_number(body, "distance"),
            minus_icohp_ev=get_number(body, "icohp"),
        )


@dataclass(frozen=True, slots=True)
class BondTypeSummary:
    """Number of bonds of one type in a sub-run, and their mean distance and -ICOHP."""

    bond_type: str
    bonds: int
    mean_distance_angstrom: float
    mean_minus_icohp_ev: float

    @classmethod
    def from_json(cls, body: Any) -> Self:
        return decode(
            cls,
            body,
            mean_distance_angstrom=get_number(body, "mean_distance"),
            mean_minus_icohp_ev=get_number(body, "mean_icohp"),
        )


@dataclass(frozen=True, slots=True, repr=False)
class Bonds:
    """Bonds of a sub-run, and a summary by type."""

    nc: str
    id_run: str
    sub_run: str
    bonds: tuple[BondStrength, ...]
    bond_types: tuple[BondTypeSummary, ...]

    def __repr__(self) -> str:
        types = ", ".join(f"{found.bonds} {found.bond_type}" for found in self.bond_types)
        count = format_count(len(self.bonds), "bond")
        return f"Bonds({self.nc}/{self.id_run}/{self.sub_run}, {count}: {types})"

    def _repr_html_(self) -> str:
        columns = ("bond type", "bonds", "mean distance (angstrom)", "mean -ICOHP (eV)")
        rows = [
            (
                found.bond_type,
                found.bonds,
                f"{found.mean_distance_angstrom:.4f}",
                f"{found.mean_minus_icohp_ev:.4f}",
            )
            for found in self.bond_types
        ]
        return format_html_table(repr(self).partition(":")[0] + ")", columns, rows)
