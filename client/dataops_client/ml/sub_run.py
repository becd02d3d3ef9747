"""One extracted sub-run as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from dataops_client.ml.download_metadata import read_download_metadata
from dataops_client.ml.errors import MalformedFile
from dataops_client.ml.espresso import ScfOutput, get_symbols, read_scf_output, read_structure
from dataops_client.ml.folders import get_composition
from dataops_client.ml.lobster import Bond, read_bonds
from dataops_client.ml.outcomes import Outcome, get_folder_outcome
from dataops_client.ml.soaps import read_soaps


@dataclass(frozen=True, slots=True, eq=False)
class SubRun:
    """What a sub-run holds; a part is None where its file, or the part of the file, is not there.

    `outcome` is None if it depends on a file that the download left out. `synthetic`: every number is made up.
    `structure`: cell and positions in angstrom, periodic, of `<nc>.scf.in` (or `<nc>.xyz`). `converged`, `energy` in eV and `forces` in
    eV/angstrom (atoms x 3) of `<nc>.scf.out`; pw.x writes Ry and Ry/bohr, turned with 1 Ry = 13.605692 eV, 1 bohr = 0.529177 A.
    `bonds` of ICOHPLIST.lobster. `soaps` of SOAPS.vec: atoms x components, float64. Rows of `forces` and `soaps` are the atoms of
    `structure`.
    """

    nc: str
    outcome: Outcome | None
    structure: Atoms | None
    converged: bool | None
    energy: float | None
    forces: NDArray[np.float64] | None
    bonds: tuple[Bond, ...] | None
    soaps: NDArray[np.float64] | None
    synthetic: bool = False


def load_sub_run(path: str | PathLike[str]) -> SubRun:
    """Read the folder of one sub-run, `<nc>/<id_run>/<sub_run>/`, converged or not.

    Raises NotASubRun, MalformedFile (also where files disagree on the atoms) or RefusedPickle.
    """
    folder = Path(path)
    nc, metadata = get_composition(folder), read_download_metadata(folder)
    structure = read_initial_structure(folder, nc)
    atoms = None if structure is None else len(structure)
    output = folder / f"{nc}.scf.out"
    scf = (
        read_scf_output(output)
        if output.is_file()
        else ScfOutput(converged=False, energy=None, forces=None)
    )
    if atoms is not None and scf.forces is not None and len(scf.forces) != atoms:
        raise MalformedFile(output, f"forces on {len(scf.forces)} atoms for a structure of {atoms}")
    icohplist, soaps = folder / "ICOHPLIST.lobster", folder / "SOAPS.vec"
    return SubRun(
        nc=nc,
        outcome=get_folder_outcome(folder, nc, metadata),
        structure=structure,
        converged=scf.converged if output.is_file() else None,
        energy=scf.energy,
        forces=scf.forces,
        bonds=read_checked_bonds(icohplist, structure) if icohplist.is_file() else None,
        soaps=read_soaps(soaps, atoms=atoms) if soaps.is_file() else None,
        synthetic=metadata.synthetic,
    )


def read_initial_structure(folder: Path, nc: str) -> Atoms | None:
    """The structure that the calculation started from; None where neither `<nc>.scf.in` nor `<nc>.xyz` is there."""
    for path in (folder / f"{nc}.scf.in", folder / f"{nc}.xyz"):
        if path.is_file():
            return read_structure(path)
    return None


def read_checked_bonds(icohplist: Path, structure: Atoms | None) -> tuple[Bond, ...]:
    """The bonds of an ICOHPLIST.lobster, checked against the structure: every label must be one of its atoms."""
    bonds = read_bonds(icohplist)
    if structure is not None:
        labels = {
            f"{symbol}{number}" for number, symbol in enumerate(get_symbols(structure), start=1)
        }
        for bond in bonds:
            if not labels >= {bond.label_a, bond.label_b}:
                raise MalformedFile(
                    icohplist,
                    f"the bond {bond.label_a}-{bond.label_b} names an atom that the structure does not have",
                )
    return bonds
