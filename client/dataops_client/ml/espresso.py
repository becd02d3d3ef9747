"""Quantum ESPRESSO's files: the structure of `<nc>.scf.in` and what `<nc>.scf.out` says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import ase.io
import numpy as np
from ase import Atoms
from ase.units import create_units
from numpy.typing import NDArray

from dataops_client.ml.errors import MalformedFile

# pw.x computes with the constants of CODATA 2006, and ASE's own reader of its output takes the same.
_CODATA_2006 = create_units("2006")
EV_PER_RYDBERG: float = _CODATA_2006["Ry"]
EV_PER_ANGSTROM_PER_RYDBERG_PER_BOHR: float = _CODATA_2006["Ry"] / _CODATA_2006["Bohr"]

_ENERGY = re.compile(r"^!\s+total energy\s+=\s+(\S+) Ry", re.MULTILINE)
_FORCES = re.compile(
    r"^ *Forces acting on atoms.*\n\s*((?:^ *atom +\d+ +type +\d+ +force = .*\n)+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class ScfOutput:
    """`energy` in eV, `forces` in eV/angstrom (atoms x 3); None where the run did not get so far."""

    converged: bool
    energy: float | None
    forces: NDArray[np.float64] | None


def read_scf_output(path: Path) -> ScfOutput:
    """Convergence, energy and forces of a pw.x output.

    The energy is the line `!    total energy`, which pw.x prints for a converged SCF only; with smearing it holds -TS, and so is
    the one that the forces derive from. 1 Ry = 13.605692 eV. Raises MalformedFile where a number does not read.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    energies, blocks = _ENERGY.findall(text), _FORCES.findall(text)
    try:
        energy = float(energies[-1]) * EV_PER_RYDBERG if energies else None
        forces = (
            [line.partition("=")[2].split() for line in blocks[-1].splitlines()] if blocks else None
        )
        return ScfOutput(
            converged="convergence has been achieved in" in text,
            energy=energy,
            forces=None
            if forces is None
            else _vectors(forces) * EV_PER_ANGSTROM_PER_RYDBERG_PER_BOHR,
        )
    except ValueError as wrong:
        raise MalformedFile(path, f"its energy or forces do not read: {wrong}") from None


def read_structure(path: Path) -> Atoms:
    """The cell and the atoms of a pw.x input (`.scf.in`) or an extended XYZ file, periodic in three directions.

    Positions and cell are in angstrom. Raises MalformedFile where ASE cannot read it.
    """
    try:
        atoms: Any = ase.io.read(path, format="extxyz" if path.suffix == ".xyz" else "espresso-in")
    except Exception as wrong:  # ASE's readers raise whatever a wrong line leads to
        raise MalformedFile(path, f"ASE cannot read the structure: {wrong!r}") from wrong
    return Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)


def get_symbols(structure: Atoms) -> tuple[str, ...]:
    """The elements of the atoms, in their order."""
    return tuple(cast(Any, structure).get_chemical_symbols())


def _vectors(rows: list[list[str]]) -> NDArray[np.float64]:
    vectors = np.array(rows, dtype=np.float64)
    if vectors.ndim != 2 or vectors.shape[1] != 3 or not np.isfinite(vectors).all():
        raise ValueError("a force is not three finite numbers")
    return vectors
