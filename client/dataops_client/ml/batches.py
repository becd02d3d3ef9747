"""Bonds of the training table, one sub-run at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from dataops_client.ml.columns import Column
from dataops_client.ml.errors import MalformedFile
from dataops_client.ml.espresso import get_symbols
from dataops_client.ml.export_report import DiscardedClusterOfSubRun, ExportReport
from dataops_client.ml.folders import SubRunFolder
from dataops_client.ml.lobster import Bonds, read_clusters
from dataops_client.ml.mix import Draw, Mix, build_key, draw_bonds
from dataops_client.ml.selection import CLUSTERS, ICOHPLIST, SOAPS, Selection
from dataops_client.ml.soaps import read_soaps
from dataops_client.ml.sub_run import read_checked_bonds, require_initial_structure
from dataops_client.ml.table import build_bond_table


@dataclass(frozen=True, slots=True, eq=False)
class BondBatch:
    """Bonds of one sub-run, with its SOAP matrix or None."""

    folder: SubRunFolder
    structure: Atoms
    bonds: Bonds
    soaps: NDArray[np.float64] | None

    def to_columns(self, columns: Sequence[Column]) -> dict[Column, NDArray[Any]]:
        """Return the values of columns, except for those of SOAP vectors. Missing spins are NaN."""
        count = len(self.bonds)
        spins = [bond.minus_icohp_spins or (np.nan, np.nan) for bond in self.bonds]
        arrays: dict[str, NDArray[Any]] = {
            "nc": np.full(count, self.folder.nc),
            "id_run": np.full(count, self.folder.id_run, dtype=np.int64),
            "sub_run": np.full(count, self.folder.sub_run, dtype=np.int64),
            "atom_a": np.array([bond.atom_a for bond in self.bonds], dtype=np.int64),
            "atom_b": np.array([bond.atom_b for bond in self.bonds], dtype=np.int64),
            "bond_type": np.array([bond.bond_type for bond in self.bonds], dtype=np.str_),
            "distance_angstrom": np.array([bond.distance for bond in self.bonds], dtype=np.float64),
            "minus_icohp_ev": np.array([bond.minus_icohp for bond in self.bonds], dtype=np.float64),
            "minus_icohp_spin_up_ev": np.array([up for up, _ in spins], dtype=np.float64),
            "minus_icohp_spin_down_ev": np.array([down for _, down in spins], dtype=np.float64),
        }
        return {column: arrays[column.name] for column in columns if column.name in arrays}


def draw_mix(selection: Selection, mix: str | Mix, seed: int) -> Draw:
    """Draw the bonds of a mix from all selected sub-runs, of which SOAP vectors are not read."""
    batches = iter_bond_batches(replace(selection, soaps=False), ExportReport())
    bonds = ((each.folder, bond) for each in batches for bond in each.bonds)
    return draw_bonds(mix, seed, (one.folder.nc for one in selection.sub_runs), bonds)


def iter_bond_batches(
    selection: Selection, report: ExportReport, draw: Draw | None = None
) -> Iterator[BondBatch]:
    """Yield the bonds of each selected sub-run, and add all sub-runs to the report.

    Args:
        selection: Sub-runs to read.
        report: Report to complete.
        draw: Bonds to use; all by default. Sub-runs without drawn bonds are left out.

    Raises:
        MalformedFile: A file cannot be parsed, or SOAP vectors have different lengths.
    """
    report.skipped += selection.skipped
    components: set[int] = set()
    for selected in selection.sub_runs:
        folder = selected.folder
        structure = require_initial_structure(folder.path, folder.nc)
        table = build_bond_table(
            read_checked_bonds(folder.path / ICOHPLIST, structure),
            read_clusters(folder.path / CLUSTERS),
            get_symbols(structure),
        )
        rows = table.rows
        if draw:
            rows = Bonds(bond for bond in rows if build_key(folder, bond) in draw.keys)
            if not rows:
                continue
        vectors = read_soaps(folder.path / SOAPS, atoms=len(structure)) if selection.soaps else None
        components |= set() if vectors is None else {vectors.shape[1]}
        if len(components) > 1:
            raise MalformedFile(
                folder.path / SOAPS,
                f"vectors of {sorted(components)} components cannot share a table",
            )
        report.sub_runs += 1
        report.synthetic_sub_runs += selected.metadata.synthetic
        for bond_type, count in Counter(bond.bond_type for bond in rows).items():
            report.rows_per_bond_type[bond_type] = (
                report.rows_per_bond_type.get(bond_type, 0) + count
            )
        report.discarded_clusters += [
            DiscardedClusterOfSubRun(
                folder.nc, folder.id_run, folder.sub_run, cluster.atom, cluster.bonds_without_label
            )
            for cluster in table.discarded
        ]
        yield BondBatch(folder, structure, rows, vectors)
