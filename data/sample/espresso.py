"""Input and output of Quantum ESPRESSO's pw.x 6.2, with the lines that parsers read."""

from __future__ import annotations

import random
from itertools import product
from math import fsum

from .cell import Cell
from .physics import BOHR, RYDBERG, compute_energy_and_forces

_SPECIES = {"Al": (26.9815, 3), "Cu": (63.5463, 19), "Zr": (91.2240, 12)}
"""Mass (u), and number of valence electrons of the pseudopotential."""
_BANDS = 16


def build_scf_in(nc: str, cell: Cell, path: str, *, check: bool = False) -> str:
    """Return the input of the self-consistent calculation.

    The input to `check` the structure has the cell in alat (1 angstrom).
    """
    system = [("ibrav", "0")] + ([("celldm(1)", "1.8897265")] if check else [])
    system += [
        ("nat", str(len(cell.species))),
        ("ntyp", "3"),
        ("nbnd", str(_BANDS)),
        ("ecutwfc", "70"),
        ("ecutrho", "560"),
    ]
    system += [
        ("occupations", "'smearing'"),
        ("smearing", "'fd'"),
        ("degauss", "0.008"),
        ("nosym", ".true."),
        ("noinv", ".true."),
    ]
    control = [
        ("title", f"'{nc}'"),
        ("calculation", "'scf'"),
        ("restart_mode", "'from_scratch'"),
        ("outdir", f"'/scratch/{path}'"),
    ]
    control += [
        ("wfcdir", f"'/scratch/{path}'"),
        ("pseudo_dir", "'/scratch/UPFs/'"),
        ("prefix", f"'{nc}'"),
        ("verbosity", "'high'"),
    ]
    control += [("tprnfor", ".true."), ("wf_collect", ".true.")]
    electrons = [("electron_maxstep", "100"), ("conv_thr", "1.0D-6"), ("mixing_beta", "0.4")]
    lines = [
        *_format_namelist("CONTROL", control),
        *_format_namelist("SYSTEM", system),
        *_format_namelist("ELECTRONS", electrons),
    ]
    lines += ["CELL_PARAMETERS alat" if check else "CELL_PARAMETERS {angstrom}"]
    lines += ["".join(f"{value:10.6f} " for value in row).rstrip() for row in cell.vectors]
    lines += ["ATOMIC_SPECIES"] + [
        f"   {name}  {mass:.4f}   {name}.sample-1.0.0.UPF" for name, (mass, _) in _SPECIES.items()
    ]
    lines += ["ATOMIC_POSITIONS {crystal}"]
    places = zip(cell.species, cell.positions, strict=True)
    lines += [
        f"{name}   " + "   ".join(f"{value:.6f}" for value in place) for name, place in places
    ]
    return "\n".join([*lines, "K_POINTS automatic", "  2 2 2   1 1 1"]) + "\n"


def _format_namelist(name: str, values: list[tuple[str, str]]) -> list[str]:
    return [
        f" &{name}",
        *(f"{key:>28} = {value}," for key, value in values[:-1]),
        f"{values[-1][0]:>28} = {values[-1][1]}",
        " /",
    ]


def build_scf_out(nc: str, cell: Cell, seed: int, *, converged: bool) -> str:
    """Return the output. Without convergence, it ends in an iteration, like the published file."""
    rng = random.Random(seed)
    energy, forces = compute_energy_and_forces(cell)
    lines = _format_head(nc, cell)
    iterations = rng.randint(14, 30) if converged else 80
    accuracy = 271.0
    for number in range(1, iterations + 1):
        lines += [
            "",
            f"     iteration # {number:2d}     ecut=    70.00 Ry     beta= 0.40",
            "     Davidson diagonalization with overlap",
        ]
        if not converged and number == iterations:
            return "\n".join(lines) + "\n"
        accuracy = (
            accuracy * rng.uniform(0.35, 0.62)
            if converged
            else max(accuracy * rng.uniform(0.6, 1.1), 0.004)
        )
        if number == iterations:
            break
        exponent, average = min(2 + number // 3, 13), rng.uniform(2, 5)
        lines += [f"     ethr =  1.00E-{exponent:02d},  avg # of iterations = {average:4.1f}", ""]
        lines += [f"     total cpu time spent up to now is  {39 + 8.4 * number:11.1f} secs", ""]
        total = energy + accuracy * rng.uniform(-0.4, 0.6)
        lines += [f"     total energy              = {total:16.8f} Ry"]
        lines += [
            f"     Harris-Foulkes estimate   = {energy - accuracy * rng.uniform(0, 0.5):16.8f} Ry"
        ]
        lines += [f"     estimated scf accuracy    < {accuracy:16.8f} Ry"]
    lines += _format_bands(rng)
    lines += [
        "",
        "     the Fermi energy is    14.2000 ev",
        "",
        f"!    total energy              = {energy:16.8f} Ry",
    ]
    lines += [
        f"     Harris-Foulkes estimate   = {energy - 3e-8:16.8f} Ry",
        f"     estimated scf accuracy    < {6e-7:16.8f} Ry",
        "",
    ]
    lines += [f"     convergence has been achieved in {iterations:3d} iterations", ""]
    lines += ["     Forces acting on atoms (cartesian axes, Ry/au):", ""]
    kinds = {name: number for number, name in enumerate(_SPECIES, 1)}
    for number, (name, force) in enumerate(zip(cell.species, forces, strict=True), 1):
        values = "".join(f"{value:14.8f}" for value in force)
        lines.append(f"     atom {number:4d} type {kinds[name]:2d}   force = {values}")
    size = fsum(value * value for force in forces for value in force) ** 0.5
    lines += ["", f"     Total force = {size:11.6f}     Total SCF correction =     0.000012", ""]
    lines += [f"     Writing output data file {nc}.save", ""]
    lines += [f"     PWSCF        : {iterations * 9:7.2f}s CPU {iterations * 9.3:9.2f}s WALL"]
    lines += [
        "",
        "",
        "   This run was terminated on:  12:00:00  23Nov2026            ",
        "",
        "=" + "-" * 78 + "=",
        "   JOB DONE.",
    ]
    return "\n".join([*lines, "=" + "-" * 78 + "="]) + "\n"


def _format_head(nc: str, cell: Cell) -> list[str]:
    alat = (
        cell.vectors[0][0]
        if cell.vectors[0][1:] == (0.0, 0.0)
        else fsum(value**2 for value in cell.vectors[0]) ** 0.5
    )
    electrons = sum(_SPECIES[name][1] for name in cell.species)
    lines = [
        "",
        "     Program PWSCF v.6.2 (synthetic sample, no calculation) "
        "starts on 23Nov2026 at 12: 0: 0 ",
        "",
    ]
    lines += [
        "     Current dimensions of program PWSCF are:",
        "     Max number of different atomic species (ntypx) = 10",
        "",
    ]
    lines += [
        "     Title: ",
        f"     {nc:<75}",
        "",
        "",
        "     bravais-lattice index     =            0",
    ]
    lines += [f"     lattice parameter (alat)  = {alat / BOHR:12.4f}  a.u."]
    lines += [f"     unit-cell volume          = {cell.volume / BOHR**3:12.4f} (a.u.)^3"]
    lines += [
        f"     number of atoms/cell      = {len(cell.species):12d}",
        "     number of atomic types    =            3",
    ]
    lines += [
        f"     number of electrons       = {electrons:12.2f}",
        f"     number of Kohn-Sham states= {_BANDS:12d}",
    ]
    lines += [
        "     kinetic-energy cutoff     =      70.0000  Ry",
        "     charge density cutoff     =     560.0000  Ry",
    ]
    lines += [
        "     convergence threshold     =      1.0E-06",
        "     mixing beta               =       0.4000",
        "",
    ]
    lines += [f"     celldm(1)={alat / BOHR:11.6f}  celldm(2)=   0.000000  celldm(3)=   0.000000"]
    lines += ["     celldm(4)=   0.000000  celldm(5)=   0.000000  celldm(6)=   0.000000", ""]
    lines += ["     crystal axes: (cart. coord. in units of alat)"]
    for number, row in enumerate(cell.vectors, 1):
        lines.append(
            f"               a({number}) = ("
            + "".join(f"{value / alat:11.6f}" for value in row)
            + " )  "
        )
    lines += ["", "     atomic species   valence    mass     pseudopotential"]
    lines += [
        f"        {name}            {valence:5.2f}   {mass:9.5f}     {name}( 1.00)"
        for name, (mass, valence) in _SPECIES.items()
    ]
    lines += [
        "",
        "     No symmetry found",
        "",
        "   Cartesian axes",
        "",
        "     site n.     atom                  positions (alat units)",
    ]
    for number, (name, place) in enumerate(zip(cell.species, cell.positions, strict=True), 1):
        values = "".join(f"{value / alat:12.7f}" for value in cell.cartesian(place))
        lines.append(f"     {number:5d}           {name}  tau({number:4d}) = ({values}  )")
    lines += ["", "     number of k points=     8  Fermi-Dirac smearing, width (Ry)=  0.0080"]
    lines += ["                       cart. coord. in units 2pi/alat"]
    for number, point in enumerate(product((0.25, -0.25), repeat=3), 1):
        lines.append(
            f"        k({number:5d}) = ("
            + "".join(f"{value:12.7f}" for value in point)
            + "), wk =   0.2500000"
        )
    return [*lines, "", "     Self-consistent Calculation"]


def _format_bands(rng: random.Random) -> list[str]:
    lines = ["", "     End of self-consistent calculation"]
    for point in product((0.25, -0.25), repeat=3):
        lines += [
            "",
            "          k ="
            + "".join(f"{value:7.4f}" for value in point)
            + " ( 11616 PWs)   bands (ev):",
            "",
        ]
        values = sorted(rng.uniform(-2.0 * RYDBERG, 1.3 * RYDBERG) for _ in range(_BANDS))
        for start in range(0, _BANDS, 8):
            lines.append("  " + "".join(f"{value:9.4f}" for value in values[start : start + 8]))
    return lines
