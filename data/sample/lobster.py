"""Input and output of LOBSTER 3.0.0."""

from __future__ import annotations

from .cell import Cell, find_neighbours
from .physics import BOND_RANGE, SOAP_CUTOFF, Bond

_HEAD = """skipDOS
skipCOOP
skipPopulationAnalysis
COHPstartEnergy -100.0
COHPendEnergy 40.0
basisSet Bunge
basisfunctions Al 3s 3p
basisfunctions Cu 3s 4s 3p 3d
basisfunctions Zr 4s 5s 4p 4d
"""


def build_lobsterin() -> str:
    return f"{_HEAD}cohpGenerator from {BOND_RANGE[0]:.2f} to {BOND_RANGE[1]:.2f}\n"


def build_lobsterin_quippy(cell: Cell) -> str:
    """Return the pairs of atoms within the SOAP cutoff, with the cell offset of the second."""
    lines = []
    for centre in range(len(cell.species)):
        for near in sorted(
            find_neighbours(cell, centre, SOAP_CUTOFF), key=lambda near: (near.distance, near.index)
        ):
            if near.index != centre:
                offset = " ".join(str(value) for value in near.translation)
                lines.append(f"cohpbetween atom {centre + 1} atom {near.index + 1} offset {offset}")
    return _HEAD + "\n".join(lines) + "\n"


def build_icohplist(cell: Cell, bonds: list[Bond]) -> str:
    lines = [
        "  COHP#  atomMU  atomNU     distance     translation      ICOHP (at) eF   for spin  1"
    ]
    for number, bond in enumerate(bonds, 1):
        first, second = (f"{cell.species[atom]}{atom + 1}" for atom in (bond.first, bond.second))
        i, j, k = (-value for value in bond.translation)  # LOBSTER moves the first atom
        lines.append(
            f"{number:7d}{first:>8}{second:>8}{bond.distance:13.5f}"
            f"{i:8d}{j:4d}{k:4d}{bond.icohp:19.5f} "
        )
    return "\n".join(lines) + "\n"


def build_log(count: int, *, finished: bool) -> str:
    """Return the output of LOBSTER: all of it (`<nc>.lb.out`), or unfinished (`lobsterout`)."""
    bar = (
        "\n0%   10   20   30   40   50   60   70   80   90   100%\n"
        + "|----" * 10
        + "|\n"
        + "*" * 51
        + "\n"
    )
    lines = [
        "LOBSTER v3.0.0 (synthetic sample, no calculation)",
        "detecting used PAW program... Quantum Espresso",
    ]
    lines += [
        "initializing PW system...",
        "initializing Augmentations...",
        "initializing LCAO system...",
    ]
    lines += ["setting up local basis functions..."]
    lines += [
        "Al (Bunge) 3s 3p_y 3p_z 3p_x ",
        "Cu (Bunge) 3s 4s 3p_y 3p_z 3p_x 3d_xy 3d_yz 3d_z^2 3d_xz 3d_x^2-y^2 ",
    ]
    lines += ["Zr (Bunge) 4s 5s 4p_y 4p_z 4p_x 4d_xy 4d_yz 4d_z^2 4d_xz 4d_x^2-y^2 "]
    lines += [
        f"setting up CO interactions... found {count} interactions.",
        f"projecting...{bar if finished else ''}",
    ]
    lines += ["calculating overlaps..."]
    lines += [
        "post-processing projection...",
        "abs. total  spilling:   3.73%",
        "abs. charge spilling:   1.60%",
        "",
    ]
    lines += [
        "calculating pCOHPs... using Gaussian smearing integration (sigma=0.2eV)",
        "writing COHPCAR.lobster and ICOHPLIST.lobster...",
    ]
    lines += ["finished in 0 h  2 min 28 s  97 ms of wall time"] if finished else []
    return "\n".join(lines) + "\n"
