"""Mixed sets: a number of bonds of each type, drawn over all sub-runs, as DB4 and DB8 of the paper.

The draw depends on the seed and the bonds only, not on the order of files, the machine or the
version of Python. Each bond has a key, `<nc>/<id_run>/<sub_run>/<atom_a>-<atom_b>/<i>,<j>,<k>`
(the numbers and the translation of ICOHPLIST.lobster). The bonds of a type are sorted by the
SHA-256 of `<seed> <key>`, and the first n are drawn.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import nsmallest

from ase.data import atomic_numbers

from dataops_client.errors import InvalidRequest
from dataops_client.ml.errors import TooFewBonds
from dataops_client.ml.folders import SubRunFolder
from dataops_client.ml.lobster import Bond, get_bond_type

_PART = re.compile(r"([A-Z][a-z]?)-([A-Z][a-z]?)=([1-9][0-9]{0,9})", re.ASCII)
_MAX_EXCESS = 100_000
"""Candidates of a type that are kept beyond twice the number to draw, before they are sorted."""

Mix = Mapping[str, int]
"""Number of bonds by type; both orders of the elements name the same type."""


@dataclass(frozen=True, slots=True)
class Draw:
    """Drawn bonds, by their keys."""

    mix: Mix
    seed: int
    keys: frozenset[str]

    def __str__(self) -> str:
        return ",".join(f"{bond_type}={count}" for bond_type, count in self.mix.items())


def parse_mix(mix: str | Mix) -> dict[str, int]:
    """Return the number of bonds by type, named as in the table: the heavier element first.

    Args:
        mix: Numbers by type, or a text such as `Zr-Cu=2000,Cu-Cu=2000`.

    Raises:
        InvalidRequest: A part is not a bond type with a number, or a type is repeated.

    Example:
        >>> parse_mix("Cu-Zr=2000,Cu-Cu=500")
        {'Zr-Cu': 2000, 'Cu-Cu': 500}
    """
    parts = mix.split(",") if isinstance(mix, str) else [f"{one}={n}" for one, n in mix.items()]
    found: dict[str, int] = {}
    for part in parts:
        match = _PART.fullmatch(part.strip())
        if not match or not {match[1], match[2]} <= atomic_numbers.keys():
            raise InvalidRequest(f"{part!r} is not a bond type with a number, such as Zr-Cu=2000")
        bond_type = get_bond_type(match[1], match[2])
        if bond_type in found:
            raise InvalidRequest(f"bond type {bond_type} is repeated in the mix")
        found[bond_type] = int(match[3])
    return found


def draw_bonds(mix: str | Mix, seed: int, bonds: Iterable[tuple[SubRunFolder, Bond]]) -> Draw:
    """Draw the bonds of a mix.

    Args:
        mix: Numbers by type, or a text such as `Zr-Cu=2000,Cu-Cu=2000`.
        seed: Seed of the draw.
        bonds: Bonds to draw from, with their sub-runs.

    Raises:
        InvalidRequest: The mix is invalid.
        TooFewBonds: There are fewer bonds of a type.
    """
    numbers = parse_mix(mix)
    found: dict[str, list[tuple[bytes, str]]] = {bond_type: [] for bond_type in numbers}
    for folder, bond in bonds:
        if (bond_type := bond.bond_type) not in numbers:
            continue
        candidates, key = found[bond_type], build_key(folder, bond)
        candidates.append((hashlib.sha256(f"{seed} {key}".encode()).digest(), key))
        if len(candidates) > 2 * numbers[bond_type] + _MAX_EXCESS:
            candidates[:] = nsmallest(numbers[bond_type], candidates)
    for bond_type, count in numbers.items():
        if len(found[bond_type]) < count:
            raise TooFewBonds(
                f"the mix requires {count} bonds of type {bond_type}, and only "
                f"{len(found[bond_type])} exist; add sub-runs or reduce the number"
            )
    drawn = (nsmallest(count, found[bond_type]) for bond_type, count in numbers.items())
    return Draw(numbers, seed, frozenset(key for chosen in drawn for _, key in chosen))


def build_key(folder: SubRunFolder, bond: Bond) -> str:
    """Return the key of a bond. The bonds of a table have different keys."""
    translation = ",".join(map(str, bond.translation))
    return f"{folder}/{bond.atom_a}-{bond.atom_b}/{translation}"
