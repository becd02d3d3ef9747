"""Bonds: the lines of ICOHPLIST.lobster.

The format, by files of LOBSTER 3.0.0 (calculations without spin polarisation): a header, then per line the number of the bond, the
labels of its two atoms, their distance, three integers of translation and the ICOHP at the Fermi level. One with spin polarisation
has a second header, for spin 2: it is refused rather than half-read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum, isfinite

from .errors import Conflict

BONDS_VERSION = 1
"""Part of the name of every kept record of bonds: raise it when the same file would be read otherwise."""

_LABEL = re.compile(r"([A-Z][a-z]?)([1-9][0-9]{0,8})", re.ASCII)
_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag "
    "Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa "
    "U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
_ATOMIC_NUMBERS = {symbol: number for number, symbol in enumerate(_SYMBOLS.split(), start=1)}


@dataclass(frozen=True, slots=True)
class Bond:
    """One line of ICOHPLIST.lobster, its atoms in the order of that line.

    `atom_a` and `atom_b` are the numbers in the labels (`Cu12`), from 1; `distance` is in angstrom, `translation` in cell vectors;
    `icohp` is -ICOHP at the Fermi level in eV, positive for bonding, as in the published training table.
    """

    label_a: str
    label_b: str
    atom_a: int
    atom_b: int
    bond_type: str
    distance: float
    translation: tuple[int, int, int]
    icohp: float


@dataclass(frozen=True, slots=True)
class BondTypeSummary:
    """The bonds of one type: their number, mean distance (angstrom) and mean -ICOHP (eV)."""

    bond_type: str
    bonds: int
    mean_distance: float
    mean_icohp: float


def parse_bonds(text: str) -> tuple[Bond, ...]:
    """The bonds in the order of the file. Conflict, naming the line, where `text` is not an ICOHPLIST without spin polarisation."""
    lines = text.splitlines()
    if not lines or lines[0].split()[:3] != ["COHP#", "atomMU", "atomNU"]:
        raise _unreadable(1, lines[0] if lines else "", "the header 'COHP# atomMU atomNU ...' is expected")
    return tuple(_bond(number, line) for number, line in enumerate(lines[1:], start=2) if line.strip())


def summaries(bonds: Iterable[Bond]) -> tuple[BondTypeSummary, ...]:
    """One summary per bond type that occurs, in the order of their names."""
    by_type: dict[str, list[Bond]] = {}
    for bond in bonds:
        by_type.setdefault(bond.bond_type, []).append(bond)
    return tuple(
        BondTypeSummary(
            bond_type,
            len(found),
            fsum(bond.distance for bond in found) / len(found),
            fsum(bond.icohp for bond in found) / len(found),
        )
        for bond_type, found in sorted(by_type.items())
    )


def _bond(number: int, line: str) -> Bond:
    try:
        _, label_a, label_b, distance, i, j, k, icohp = line.split()
        (element_a, atom_a), (element_b, atom_b) = _parts(label_a), _parts(label_b)
        first, second = sorted((element_a, element_b), key=_ATOMIC_NUMBERS.__getitem__, reverse=True)
        # From zero, so that an ICOHP of 0 does not become -0.
        bond = Bond(label_a, label_b, atom_a, atom_b, f"{first}-{second}", float(distance), (int(i), int(j), int(k)), 0.0 - float(icohp))
    except ValueError as wrong:
        raise _unreadable(number, line, str(wrong)) from None
    if not (isfinite(bond.distance) and isfinite(bond.icohp)):
        raise _unreadable(number, line, "its distance or ICOHP is not finite")
    return bond


def _parts(label: str) -> tuple[str, int]:
    """`("Cu", 12)` of `Cu12`."""
    found = _LABEL.fullmatch(label)
    if found is None or found[1] not in _ATOMIC_NUMBERS:
        raise ValueError(f"{label!r} is not an element and a number")
    return found[1], int(found[2])


def _unreadable(number: int, line: str, wrong: str) -> Conflict:
    return Conflict(f"ICOHPLIST.lobster cannot be read: line {number} is {line[:120]!r}: {wrong}")
