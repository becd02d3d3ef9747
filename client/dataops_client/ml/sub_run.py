"""Extracted sub-run as arrays."""

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
    """Data of a sub-run. A part is None if its file, or the value in the file, does not exist.

    Attributes:
        nc: Nominal composition.
        outcome: Outcome of the calculations; None if it depends on a file that the download left
            out.
        structure: Cell and positions in angstrom, periodic, of `<nc>.scf.in` (or `<nc>.xyz`).
        converged: True if the SCF converged, from `<nc>.scf.out`.
        energy: Energy in eV; pw.x writes Ry (1 Ry = 13.605692 eV).
        forces: Forces in eV/angstrom, atoms x 3; pw.x writes Ry/bohr (1 bohr = 0.529177 angstrom).
        bonds: Bonds of ICOHPLIST.lobster.
        soaps: SOAP vectors of SOAPS.vec, atoms x components, float64.
        synthetic: True if all numbers are made up.

    Rows of `forces` and `soaps` are the atoms of `structure`.
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
    """Read the folder of one sub-run, converged or not.

    Args:
        path: Folder `<nc>/<id_run>/<sub_run>/`.

    Raises:
        NotASubRun: The folder does not contain the files of exactly one sub-run.
        MalformedFile: A file cannot be parsed, or files disagree on the atoms.
        RefusedPickle: SOAPS.vec contains more than float64 vectors.

    Example:
        >>> load_sub_run("files/Zr49Cu49Al2/21/0").forces.shape
        (100, 3)
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
    """Return the structure of `<nc>.scf.in` or `<nc>.xyz`, or None if neither exists."""
    for path in (folder / f"{nc}.scf.in", folder / f"{nc}.xyz"):
        if path.is_file():
            return read_structure(path)
    return None


def read_checked_bonds(icohplist: Path, structure: Atoms | None) -> tuple[Bond, ...]:
    """Read ICOHPLIST.lobster. Raise MalformedFile if a label is not an atom of the structure."""
    bonds = read_bonds(icohplist)
    if structure is not None:
        labels = {
            f"{symbol}{number}" for number, symbol in enumerate(get_symbols(structure), start=1)
        }
        for bond in bonds:
            if not labels >= {bond.label_a, bond.label_b}:
                raise MalformedFile(
                    icohplist,
                    f"bond {bond.label_a}-{bond.label_b} has an atom that is not in the structure",
                )
    return bonds
