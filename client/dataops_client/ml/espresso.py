"""Reader of Quantum ESPRESSO files: structures of `<nc>.scf.in`, results of `<nc>.scf.out`."""

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

# pw.x uses the constants of CODATA 2006, and so does ASE's reader of its output.
_CODATA_2006 = create_units("2006")
EV_PER_RYDBERG: float = _CODATA_2006["Ry"]
EV_PER_ANGSTROM_PER_RYDBERG_PER_BOHR: float = _CODATA_2006["Ry"] / _CODATA_2006["Bohr"]
EV_PER_ANGSTROM3_PER_RYDBERG_PER_BOHR3: float = _CODATA_2006["Ry"] / _CODATA_2006["Bohr"] ** 3

_ENERGY = re.compile(r"^!\s+total energy\s+=\s+(\S+) Ry", re.MULTILINE)
_FORCES = re.compile(
    r"^ *Forces acting on atoms.*\n\s*((?:^ *atom +\d+ +type +\d+ +force = .*\n)+)", re.MULTILINE
)
_STRESS = re.compile(r"^ *total +stress +\(Ry/bohr\*\*3\).*\n((?:.*\n){3})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ScfOutput:
    """Results of pw.x.

    `energy` is in eV, `forces` in eV/angstrom (atoms x 3), `stress` in eV/angstrom^3 (3 x 3) with
    the sign of ASE: positive under tension. They are None if the calculation did not print them.
    """

    converged: bool = False
    energy: float | None = None
    forces: NDArray[np.float64] | None = None
    stress: NDArray[np.float64] | None = None


def read_scf_output(path: Path) -> ScfOutput:
    """Read convergence, energy, forces and stress of a pw.x output.

    The energy is the line `!    total energy`, which pw.x prints only if the SCF converged. With
    smearing it includes -TS, and the forces are its derivatives. 1 Ry = 13.605692 eV. The stress
    is printed if the input has `tstress = .true.`; pw.x prints the pressure, which has the
    opposite sign of the stress that ASE and MACE use.

    Args:
        path: Output of pw.x.

    Raises:
        MalformedFile: A number cannot be parsed.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    energies, blocks = _ENERGY.findall(text), _FORCES.findall(text)
    tensors = _STRESS.findall(text)
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
            else _parse_vectors(forces) * EV_PER_ANGSTROM_PER_RYDBERG_PER_BOHR,
            stress=_parse_stress(tensors[-1]) if tensors else None,
        )
    except ValueError as error:
        raise MalformedFile(path, f"invalid energy, forces or stress: {error}") from None


def read_structure(path: Path) -> Atoms:
    """Read the cell and the atoms, periodic in three directions, in angstrom.

    Args:
        path: Input of pw.x (`.scf.in`) or extended XYZ file.

    Raises:
        MalformedFile: ASE cannot read the file.
    """
    try:
        atoms: Any = ase.io.read(path, format="extxyz" if path.suffix == ".xyz" else "espresso-in")
    except Exception as error:  # ASE's readers raise any exception for an invalid line
        raise MalformedFile(path, f"ASE cannot read the structure: {error!r}") from error
    return Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)


def get_symbols(structure: Atoms) -> tuple[str, ...]:
    """Return the chemical symbols of the atoms, in their order."""
    return tuple(cast(Any, structure).get_chemical_symbols())


def _parse_vectors(rows: list[list[str]]) -> NDArray[np.float64]:
    vectors = np.array(rows, dtype=np.float64)
    if vectors.ndim != 2 or vectors.shape[1] != 3 or not np.isfinite(vectors).all():
        raise ValueError("a row is not three finite numbers")
    return vectors


def _parse_stress(block: str) -> NDArray[np.float64]:
    """Parse the three lines of a stress: a row in Ry/bohr^3, then the same row in kbar."""
    printed = _parse_vectors([line.split()[:3] for line in block.splitlines()])
    return 0.0 - printed * EV_PER_ANGSTROM3_PER_RYDBERG_PER_BOHR3
