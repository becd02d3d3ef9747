"""Bonds: the lines of ICOHPLIST.lobster.

The format, by files of LOBSTER 3.0.0 (calculations without spin polarisation): a header, then per
line the number of the bond, the labels of its two atoms, their distance, three integers of
translation and the ICOHP at the Fermi level. One with spin polarisation has a second header, for
spin 2, and is rejected.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import fsum, isfinite

from .errors import Conflict

BONDS_VERSION = 2
"""Part of the key of every stored bond index. Increase it if the same file would result in another
index."""
MAX_INDEXED_BONDS = 5000
BLOCK_BONDS = 1000
_MAX_LINE_BYTES = 4096

_LABEL = re.compile(r"([A-Z][a-z]?)([1-9][0-9]{0,8})", re.ASCII)
_SYMBOLS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag "
    "Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt "
    "Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa "
    "U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
_ATOMIC_NUMBERS = {symbol: number for number, symbol in enumerate(_SYMBOLS.split(), start=1)}


@dataclass(frozen=True, slots=True)
class Bond:
    """One line of ICOHPLIST.lobster, its atoms in the order of that line.

    `atom_a` and `atom_b` are the numbers in the labels (`Cu12`), from 1; `distance` is in angstrom,
    `translation` in cell vectors; `icohp` is -ICOHP at the Fermi level in eV, positive for bonding,
    as in the published training table.
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


@dataclass(frozen=True, slots=True)
class BondIndex:
    """The index of an ICOHPLIST.lobster, built by reading the file once.

    `summaries` are over all `total` bonds. `bonds` are all of them if they are at most
    MAX_INDEXED_BONDS; otherwise it is None, and `offsets[i]` is the position (bytes) of the line of
    bond `i * BLOCK_BONDS` in the file, so that a page is read by its range.
    """

    total: int
    summaries: tuple[BondTypeSummary, ...]
    bonds: tuple[Bond, ...] | None
    offsets: tuple[int, ...]


def index_bonds(chunks: Iterable[bytes]) -> BondIndex:
    """Return the index of a whole file, using memory for two numbers per bond.

    Conflict, naming the line, if it is invalid.
    """
    by_type: dict[str, tuple[array[float], array[float]]] = {}
    first: list[Bond] = []
    offsets = array("q")
    total = 0
    for offset, bond in _bonds(chunks):
        if total % BLOCK_BONDS == 0:
            offsets.append(offset)
        if total < MAX_INDEXED_BONDS:
            first.append(bond)
        distances, strengths = by_type.setdefault(bond.bond_type, (array("d"), array("d")))
        distances.append(bond.distance)
        strengths.append(bond.icohp)
        total += 1
    summaries = tuple(
        BondTypeSummary(
            bond_type,
            len(distances),
            fsum(distances) / len(distances),
            fsum(strengths) / len(strengths),
        )
        for bond_type, (distances, strengths) in sorted(by_type.items())
    )
    if total <= MAX_INDEXED_BONDS:
        return BondIndex(total, summaries, tuple(first), ())
    return BondIndex(total, summaries, None, tuple(offsets))


def parse_block(content: bytes) -> tuple[Bond, ...]:
    """Return the bonds of complete lines of an indexed file."""
    return tuple(
        _bond(number, line)
        for number, line in enumerate(content.decode(errors="replace").split("\n"))
        if line.strip()
    )


def _bonds(chunks: Iterable[bytes]) -> Iterator[tuple[int, Bond]]:
    """Yield the bonds, each with the position of its line (bytes). The first line is the header."""
    number = offset = 0
    for line in _lines(chunks):
        number += 1
        text = line.decode(errors="replace")
        if number == 1:
            if text.split()[:3] != ["COHP#", "atomMU", "atomNU"]:
                raise _unreadable(
                    1, text.rstrip("\r\n"), "expected the header 'COHP# atomMU atomNU ...'"
                )
        elif text.strip():
            yield offset, _bond(number, text.rstrip("\r\n"))
        offset += len(line)
    if number == 0:
        raise _unreadable(1, "", "expected the header 'COHP# atomMU atomNU ...'")


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines including line ends. Conflict if a line exceeds _MAX_LINE_BYTES."""
    rest = b""
    number = 1
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
        number += len(lines)
        if len(rest) > _MAX_LINE_BYTES:
            raise _unreadable(
                number,
                rest[:120].decode(errors="replace"),
                f"it has more than {_MAX_LINE_BYTES} bytes",
            )
    if rest:
        yield rest


def _bond(number: int, line: str) -> Bond:
    try:
        _, label_a, label_b, distance, i, j, k, icohp = line.split()
        (element_a, atom_a), (element_b, atom_b) = _parse_label(label_a), _parse_label(label_b)
        first, second = sorted(
            (element_a, element_b), key=_ATOMIC_NUMBERS.__getitem__, reverse=True
        )
        # From zero, so that an ICOHP of 0 does not become -0.
        bond = Bond(
            label_a,
            label_b,
            atom_a,
            atom_b,
            f"{first}-{second}",
            float(distance),
            (int(i), int(j), int(k)),
            0.0 - float(icohp),
        )
    except ValueError as error:
        raise _unreadable(number, line, str(error)) from None
    if not (isfinite(bond.distance) and isfinite(bond.icohp)):
        raise _unreadable(number, line, "its distance or ICOHP is not finite")
    return bond


def _parse_label(label: str) -> tuple[str, int]:
    """Return element and atom number: `("Cu", 12)` for `Cu12`."""
    found = _LABEL.fullmatch(label)
    if found is None or found[1] not in _ATOMIC_NUMBERS:
        raise ValueError(f"label {label!r} is not an element and a number")
    return found[1], int(found[2])


def _unreadable(number: int, line: str, reason: str) -> Conflict:
    return Conflict(f"invalid ICOHPLIST.lobster: line {number} is {line[:120]!r}: {reason}")
