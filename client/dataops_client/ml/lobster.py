"""Reader of LOBSTER files: bonds of ICOHPLIST.lobster, clusters of lobsterin-quippy."""

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
"""Neighbours of an atom: their numbers, from 1, and offsets in cell vectors."""

_LABEL = re.compile(r"([A-Z][a-z]?)([1-9][0-9]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bond:
    """Line of ICOHPLIST.lobster, with its atoms in the order of the line.

    `atom_a` and `atom_b` are the numbers of the labels, from 1: row `atom_a - 1` of the structure
    and of the SOAP matrix is the atom. `distance` is in angstrom. `translation` is in cell vectors
    and belongs to atom A: the distance is ``|r_B - (r_A + translation @ cell)|``. That was found
    from files of LOBSTER 3.0.0; lobsterin-quippy contains the offset of the second atom instead.
    `icohp` is -ICOHP at the Fermi level in eV, positive for bonding.
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
        """Both elements, the heavier first, as the published tables are named: Zr-Cu, Cu-Al."""
        return get_bond_type(get_element(self.label_a), get_element(self.label_b))


def read_bonds(path: Path) -> tuple[Bond, ...]:
    """Read the bonds of an ICOHPLIST.lobster, in the order of the file.

    Args:
        path: ICOHPLIST.lobster of a calculation without spin polarisation.

    Raises:
        MissingFile: The file does not exist.
        MalformedFile: A line is not a number, two labels, a distance, three integers and the ICOHP.
    """
    lines = _read_lines(path)
    if not lines or lines[0].split()[:3] != ["COHP#", "atomMU", "atomNU"]:
        raise MalformedFile(
            path, f"the header of ICOHPLIST is missing; the first line is {(lines or [''])[0]!r}"
        )
    return tuple(
        _parse_bond(path, number, line)
        for number, line in enumerate(lines[1:], start=2)
        if line.strip()
    )


def read_clusters(path: Path) -> Mapping[int, Cluster]:
    """Read the neighbours of each atom from the `cohpbetween` lines of a lobsterin-quippy.

    A line is `cohpbetween atom A atom B offset i j k`.

    Args:
        path: lobsterin-quippy.

    Returns:
        The pairs (B, offset of B) of each atom A, in the order of the file.

    Raises:
        MissingFile: The file does not exist.
        MalformedFile: A `cohpbetween` line has another form.
    """
    clusters: dict[int, list[tuple[int, Translation]]] = {}
    for number, line in enumerate(_read_lines(path), start=1):
        match line.split():
            case ["cohpbetween", "atom", a, "atom", b, "offset", i, j, k]:
                try:
                    clusters.setdefault(int(a), []).append((int(b), (int(i), int(j), int(k))))
                except ValueError:
                    raise MalformedFile(
                        path, f"line {number} has a number that is not an integer: {line!r}"
                    ) from None
            case ["cohpbetween", *_]:
                raise MalformedFile(
                    path, f"line {number} is not 'cohpbetween atom A atom B offset i j k': {line!r}"
                )
    return {atom: tuple(neighbours) for atom, neighbours in clusters.items()}


def get_bond_type(element: str, other: str) -> str:
    """Return `Cu-Al` for Cu and Al in either order: the higher atomic number comes first."""
    first, second = sorted((element, other), key=atomic_numbers.__getitem__, reverse=True)
    return f"{first}-{second}"


def get_element(label: str) -> str:
    """Return the element of a label: `Cu` of `Cu12`."""
    return label.rstrip("0123456789")


def _parse_bond(path: Path, number: int, line: str) -> Bond:
    try:
        _, label_a, label_b, distance, i, j, k, icohp = line.split()
        bond = Bond(
            label_a,
            label_b,
            _parse_atom_number(label_a),
            _parse_atom_number(label_b),
            float(distance),
            (int(i), int(j), int(k)),
            0.0 - float(icohp),
        )
    except ValueError as error:
        raise MalformedFile(path, f"line {number} is not a bond: {line!r}: {error}") from None
    if not (isfinite(bond.distance) and isfinite(bond.icohp)):
        raise MalformedFile(path, f"distance or ICOHP of line {number} is not finite: {line!r}")
    return bond


def _parse_atom_number(label: str) -> int:
    found = _LABEL.fullmatch(label)
    if found is None or found[1] not in atomic_numbers:
        raise ValueError(f"label {label!r} is not an element and a number")
    return int(found[2])


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        raise MissingFile(f"file {path} does not exist") from None
