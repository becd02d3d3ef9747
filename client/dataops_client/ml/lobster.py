"""LOBSTER's files: the bonds of ICOHPLIST.lobster and the clusters of lobsterin-quippy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from ase.data import atomic_numbers

from dataops_client.ml.errors import MalformedFile, MissingFile

Translation = tuple[int, int, int]
Cluster = tuple[tuple[int, Translation], ...]

_LABEL = re.compile(r"([A-Z][a-z]?)([1-9][0-9]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bond:
    """One line of ICOHPLIST.lobster, its atoms in the order of that line.

    `atom_a` and `atom_b` are the numbers in the labels; they count from 1, so that row `atom_a - 1` of the structure and of the
    SOAP matrix is the atom. `distance` is in angstrom. `translation` is in cell vectors and belongs to atom A: the distance is
    |r_B - (r_A + translation @ cell)| (so it comes out on LOBSTER 3.0.0's files; lobsterin-quippy gives the offset of the second
    atom instead). `icohp` is -ICOHP at the Fermi level in eV, positive for bonding.
    """

    label_a: str
    label_b: str
    atom_a: int
    atom_b: int
    distance: float
    translation: Translation
    icohp: float

    @property
    def bond_type(self) -> str:
        """The two elements, the heavier first, as the published tables are named: Zr-Cu, Zr-Al, Cu-Al."""
        return bond_type(get_element(self.label_a), get_element(self.label_b))


def read_bonds(path: Path) -> tuple[Bond, ...]:
    """The bonds of an ICOHPLIST.lobster of a calculation without spin polarisation, in the order of the file.

    Raises MissingFile, or MalformedFile for a line that is not number, two labels, distance, three integers and ICOHP.
    """
    lines = _lines(path)
    if not lines or not lines[0].split()[:3] == ["COHP#", "atomMU", "atomNU"]:
        raise MalformedFile(
            path,
            f"the header of an ICOHPLIST is not there; the first line is {(lines or [''])[0]!r}",
        )
    return tuple(
        _bond(path, number, line) for number, line in enumerate(lines[1:], start=2) if line.strip()
    )


def read_clusters(path: Path) -> Mapping[int, Cluster]:
    """The neighbours of each atom A by the lines `cohpbetween atom A atom B offset i j k` of a lobsterin-quippy.

    Maps A to (B, offset of B in cell vectors) in the order of the file; atoms count from 1.
    Raises MissingFile, or MalformedFile for a `cohpbetween` line of another form.
    """
    clusters: dict[int, list[tuple[int, Translation]]] = {}
    for number, line in enumerate(_lines(path), start=1):
        match line.split():
            case ["cohpbetween", "atom", a, "atom", b, "offset", i, j, k]:
                try:
                    clusters.setdefault(int(a), []).append((int(b), (int(i), int(j), int(k))))
                except ValueError:
                    raise MalformedFile(
                        path, f"line {number} is {line!r}: not all of its numbers are integers"
                    ) from None
            case ["cohpbetween", *_]:
                raise MalformedFile(
                    path, f"line {number} is {line!r}, not 'cohpbetween atom A atom B offset i j k'"
                )
    return {atom: tuple(neighbours) for atom, neighbours in clusters.items()}


def bond_type(one: str, other: str) -> str:
    """`Cu-Al` for Cu and Al in either order: the element of the higher atomic number comes first."""
    first, second = sorted((one, other), key=atomic_numbers.__getitem__, reverse=True)
    return f"{first}-{second}"


def get_element(label: str) -> str:
    """`Cu` of `Cu12`."""
    return label.rstrip("0123456789")


def _bond(path: Path, number: int, line: str) -> Bond:
    try:
        _, label_a, label_b, distance, i, j, k, icohp = line.split()
        atom_a, atom_b = _number_in(label_a), _number_in(label_b)
        bond = Bond(
            label_a,
            label_b,
            atom_a,
            atom_b,
            float(distance),
            (int(i), int(j), int(k)),
            0.0 - float(icohp),
        )
    except ValueError as wrong:
        raise MalformedFile(path, f"line {number} is {line!r}, not a bond: {wrong}") from None
    if not (isfinite(bond.distance) and isfinite(bond.icohp)):
        raise MalformedFile(path, f"line {number} is {line!r}: its distance or ICOHP is not finite")
    return bond


def _number_in(label: str) -> int:
    found = _LABEL.fullmatch(label)
    if found is None or found[1] not in atomic_numbers:
        raise ValueError(f"{label!r} is not an element and a number")
    return int(found[2])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        raise MissingFile(f"{path} is not there") from None
