"""Reader of LOBSTER files: bonds of ICOHPLIST.lobster, clusters of lobsterin-quippy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from ase.data import atomic_numbers

from dataops_client.ml.errors import MalformedFile, MissingFile

Translation = tuple[int, int, int]
Cluster = tuple[tuple[int, Translation], ...]
"""Neighbours of an atom: their numbers, from 1, and offsets in cell vectors."""

_HEADER = ["COHP#", "atomMU", "atomNU"]
_SPIN = re.compile(r"for spin\s+([0-9]+)", re.ASCII)
_SPIN_2 = re.compile(r"for spin\s+2\b", re.ASCII)
_ORBITAL = re.compile(r"[A-Z][a-z]?[1-9][0-9]*_[0-9][spdf]\S*", re.ASCII)
_LABEL = re.compile(r"([A-Z][a-z]?)([1-9][0-9]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bond:
    """Bond of ICOHPLIST.lobster, with its atoms in the order of the file.

    `atom_a` and `atom_b` are the numbers of the labels, from 1: row `atom_a - 1` of the structure
    and of the SOAP matrix is the atom. `distance` is in angstrom. `translation` is in cell vectors
    and belongs to atom A: the distance is ``|r_B - (r_A + translation @ cell)|``. That was found
    from files of LOBSTER 3.0.0; lobsterin-quippy contains the offset of the second atom instead.
    `minus_icohp` is -ICOHP at the Fermi level in eV, positive for bonding: the opposite of the
    number in the file. With spin polarisation it is the sum of `minus_icohp_spins`, the values of
    spin up and spin down. Without, LOBSTER writes the sum of both spins.
    """

    label_a: str
    label_b: str
    atom_a: int
    atom_b: int
    distance: float
    translation: Translation
    minus_icohp: float
    minus_icohp_spins: tuple[float, float] | None = None

    @property
    def bond_type(self) -> str:
        """Both elements, the heavier first, as the published tables are named: Zr-Cu, Cu-Al."""
        return get_bond_type(get_element(self.label_a), get_element(self.label_b))


class Bonds(tuple[Bond, ...]):
    """Bonds of a sub-run: a tuple that is shown in one line."""

    __slots__ = ()

    def __repr__(self) -> str:
        counts = Counter(bond.bond_type for bond in self)
        types = ", ".join(f"{count} {bond_type}" for bond_type, count in sorted(counts.items()))
        return f"<{len(self)} bonds: {types}>" if self else "<0 bonds>"


def read_bonds(path: str | PathLike[str]) -> Bonds:
    """Read the bonds of an ICOHPLIST.lobster of LOBSTER 3, 4 or 5, in the order of the file.

    With spin polarisation, LOBSTER 3 and 4 write a second list for spin 2, LOBSTER 5 a second
    column. Lines of single orbitals (`Cu1_4s`) are ignored, because the line of the bond is their
    sum.

    Args:
        path: ICOHPLIST.lobster.

    Returns:
        The bonds, a tuple.

    Raises:
        MissingFile: The file does not exist.
        MalformedFile: A line is not a number, two labels, a distance, three integers and the ICOHP
            of each spin, or both lists of a spin-polarised calculation have different bonds.

    Example:
        >>> read_bonds("data/Zr49Cu49Al2/21/0/ICOHPLIST.lobster")[0].minus_icohp
        0.41728
    """
    path = Path(path)
    lists = _read_spin_lists(path)
    spins = [spin for of_list, _ in lists for spin in of_list]
    if spins not in (["1"], ["1", "2"]):
        raise MalformedFile(path, f"lists of spins {spins} instead of spin 1, or spins 1 and 2")
    if len(lists) == 1:
        return Bonds(line.to_bond(line.icohps) for line in lists[0][1])
    (_, first), (_, second) = lists
    if [line[:2] for line in first] != [line[:2] for line in second]:
        raise MalformedFile(path, "the lists of spin 1 and spin 2 have different bonds")
    return Bonds(
        up.to_bond((*up.icohps, *down.icohps)) for up, down in zip(first, second, strict=True)
    )


def is_spin_polarized(path: Path) -> bool:
    """Return True if an ICOHPLIST.lobster has values of two spins."""
    return any(_SPIN_2.search(line) for line in _read_lines(path))


def read_clusters(path: str | PathLike[str]) -> Mapping[int, Cluster]:
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
    path = Path(path)
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


class _Line(NamedTuple):
    """Line of a list: number and fields of a bond up to the translation, ICOHP of each spin."""

    number: str
    bond: tuple[str, str, int, int, float, Translation]
    icohps: tuple[float, ...]

    def to_bond(self, icohps: tuple[float, ...]) -> Bond:
        if len(icohps) == 1:
            return Bond(*self.bond, 0.0 - icohps[0])
        up, down = (0.0 - icohp for icohp in icohps)
        return Bond(*self.bond, up + down, (up, down))


def _read_spin_lists(path: Path) -> list[tuple[list[str], list[_Line]]]:
    """Return the lists of the file, one or one of each spin, each with the spins of its header."""
    lines = _read_lines(path)
    if not lines or lines[0].split()[:3] != _HEADER:
        raise MalformedFile(
            path, f"the header of ICOHPLIST is missing; the first line is {(lines or [''])[0]!r}"
        )
    if "translation" not in lines[0]:
        raise MalformedFile(path, "no translations: LOBSTER 3 or newer is required")
    lists: list[tuple[list[str], list[_Line]]] = []
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if fields[:3] == _HEADER:
            lists.append((_SPIN.findall(line), []))
        elif fields[:2] == ["for", "spin"]:  # second line of the header of LOBSTER 5
            lists[-1][0].extend(_SPIN.findall(line))
        elif fields and not ("_" in line and all(map(_ORBITAL.fullmatch, fields[1:3]))):
            of_list, bonds = lists[-1]
            bonds.append(_parse_line(path, number, line, spins=len(of_list)))
    return lists


def _parse_line(path: Path, number: int, line: str, *, spins: int) -> _Line:
    try:
        bond, label_a, label_b, length, i, j, k, *values = line.split()
        distance, icohps = float(length), tuple(map(float, values))
        atoms = _parse_atom_number(label_a), _parse_atom_number(label_b)
        translation = (int(i), int(j), int(k))
        if len(icohps) != spins:
            raise ValueError(f"{len(icohps)} values for {spins} spins")
    except ValueError as error:
        raise MalformedFile(path, f"line {number} is not a bond: {line!r}: {error}") from None
    if not (isfinite(distance) and all(map(isfinite, icohps))):
        raise MalformedFile(path, f"distance or ICOHP of line {number} is not finite: {line!r}")
    return _Line(bond, (label_a, label_b, *atoms, distance, translation), icohps)


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
