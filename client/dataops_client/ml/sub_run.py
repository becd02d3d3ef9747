"""Extracted sub-run as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from os import PathLike
from pathlib import Path

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from dataops_client.ml.dataset_source import read_metadata
from dataops_client.ml.errors import MalformedFile, MissingFile
from dataops_client.ml.espresso import ScfOutput, get_symbols, read_scf_output, read_structure
from dataops_client.ml.folders import get_composition, get_numbers
from dataops_client.ml.lobster import Bonds, read_bonds
from dataops_client.ml.outcomes import Outcome, get_folder_outcome
from dataops_client.ml.soaps import read_soaps


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SubRun:
    """Data of a sub-run. A part is None if its file, or the value in the file, does not exist.

    Attributes:
        nc: Nominal composition.
        id_run: Number of the run; None if the folder is not named `<nc>/<id_run>/<sub_run>`.
        sub_run: Number of the sub-run; None in the same case.
        outcome: Outcome of the calculations; None if it depends on a file that the download left
            out.
        structure: Cell and positions in angstrom, periodic, of `<nc>.scf.in` (or `<nc>.xyz`).
        converged: True if the SCF converged, from `<nc>.scf.out`.
        energy: Energy in eV; pw.x writes Ry (1 Ry = 13.605692 eV).
        forces: Forces in eV/angstrom, atoms x 3; pw.x writes Ry/bohr (1 bohr = 0.529177 angstrom).
        stress: Stress in eV/angstrom^3, 3 x 3, with the sign of ASE (positive: tension); pw.x
            prints it if the input has `tstress = .true.`, which the published inputs have not.
        bonds: Bonds of ICOHPLIST.lobster.
        soaps: SOAP vectors of SOAPS.vec, atoms x components, float64.
        synthetic: True if all numbers are made up.

    Rows of `forces` and `soaps` are the atoms of `structure`.
    """

    nc: str
    id_run: int | None
    sub_run: int | None
    outcome: Outcome | None
    structure: Atoms | None
    converged: bool | None
    energy: float | None
    forces: NDArray[np.float64] | None
    stress: NDArray[np.float64] | None
    bonds: Bonds | None
    soaps: NDArray[np.float64] | None
    synthetic: bool = False

    @property
    def name(self) -> str:
        """Path `<nc>/<id_run>/<sub_run>`; the composition alone if the numbers are unknown."""
        return self.nc if self.id_run is None else f"{self.nc}/{self.id_run}/{self.sub_run}"

    def __repr__(self) -> str:
        return f"SubRun({', '.join([self.name, *self._describe().values()])})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{name}</th><td>{escape(text)}</td></tr>"
            for name, text in self._describe().items()
        )
        return f"<table><caption>{escape(self.name)}</caption>{rows}</table>"

    def _describe(self) -> dict[str, str]:
        """Return short texts of the parts that exist."""
        parts = {
            "outcome": self.outcome and str(self.outcome),
            "structure": self.structure and f"{len(self.structure)} atoms",
            "energy": None if self.energy is None else f"{self.energy:.4f} eV",
            "bonds": None if self.bonds is None else f"{len(self.bonds)} bonds",
            "SOAP vectors": None
            if self.soaps is None
            else f"SOAPs {self.soaps.shape[0]} x {self.soaps.shape[1]}",
            "data": "synthetic" if self.synthetic else None,
        }
        return {name: text for name, text in parts.items() if text}


def load_sub_run(path: str | PathLike[str]) -> SubRun:
    """Read the folder of one sub-run, converged or not.

    Args:
        path: Folder `<nc>/<id_run>/<sub_run>/`.

    Returns:
        The data of the sub-run.

    Raises:
        NotASubRun: The folder does not contain the files of exactly one sub-run.
        MalformedFile: A file cannot be parsed, or files disagree on the atoms.
        RefusedPickle: SOAPS.vec contains more than float64 vectors.

    Example:
        >>> load_sub_run("data/Zr49Cu49Al2/21/0")
        SubRun(Zr49Cu49Al2/21/0, DONE, 100 atoms, -530483.2484 eV, 738 bonds, SOAPs 100 x 2101)
    """
    folder = Path(path)
    nc, metadata = get_composition(folder), read_metadata(folder)
    structure = read_initial_structure(folder, nc)
    atoms = None if structure is None else len(structure)
    output = folder / f"{nc}.scf.out"
    scf = read_scf_output(output) if output.is_file() else ScfOutput()
    if atoms is not None and scf.forces is not None and len(scf.forces) != atoms:
        raise MalformedFile(output, f"forces on {len(scf.forces)} atoms for a structure of {atoms}")
    icohplist, soaps = folder / "ICOHPLIST.lobster", folder / "SOAPS.vec"
    id_run, sub_run = get_numbers(folder)
    return SubRun(
        nc=nc,
        id_run=id_run,
        sub_run=sub_run,
        outcome=get_folder_outcome(folder, nc, metadata),
        structure=structure,
        converged=scf.converged if output.is_file() else None,
        energy=scf.energy,
        forces=scf.forces,
        stress=scf.stress,
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


def require_initial_structure(folder: Path, nc: str) -> Atoms:
    """Return the structure. Raise MissingFile if neither file exists."""
    structure = read_initial_structure(folder, nc)
    if structure is None:
        raise MissingFile(f"{folder} has neither {nc}.scf.in nor {nc}.xyz")
    return structure


def read_checked_bonds(icohplist: Path, structure: Atoms | None) -> Bonds:
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
