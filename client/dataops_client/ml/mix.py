"""Mixed sets: numbers of bonds by type, drawn over all sub-runs or from each composition.

The sets DB4 and DB8 of the paper contain 200 and 600 bonds of each type from each of three
compositions (mix_SSDBs.py of aryrfjr/PRM_4_113603, and the .info files of its samples).

The draw depends on the seed and the bonds only, not on the order of files, the machine or the
version of Python. Each bond has a key, `<nc>/<id_run>/<sub_run>/<atom_a>-<atom_b>/<i>,<j>,<k>`
(the numbers and the translation of ICOHPLIST.lobster). The bonds to choose from are sorted by the
SHA-256 of `<seed> <key>`, and the first n are drawn.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import NamedTuple

from ase.data import atomic_numbers

from dataops_client.errors import InvalidRequest
from dataops_client.ml.errors import TooFewBonds
from dataops_client.ml.folders import COMPOSITION, SubRunFolder
from dataops_client.ml.lobster import Bond, get_bond_type

_PART = re.compile(
    rf"(?:(\*|{COMPOSITION.pattern}):)?([A-Z][a-z]?)-([A-Z][a-z]?)=([1-9][0-9]{{0,9}})", re.ASCII
)
_EACH = "*"
_MAX_EXCESS = 10_000
"""Candidates that are kept beyond twice the number to draw, before they are sorted."""

Mix = Mapping[str, int]
"""Numbers of bonds by type: `Zr-Cu` of all compositions, `*:Zr-Cu` of each, `Zr2Cu:Zr-Cu` of one.

Both orders of the elements name the same type."""


class Share(NamedTuple):
    """Number of bonds of a type. `nc` is a composition, `*` for each, or None for all together."""

    nc: str | None
    bond_type: str
    bonds: int

    def __str__(self) -> str:
        return f"{self.nc}:{self.bond_type}" if self.nc else self.bond_type


@dataclass(frozen=True, slots=True)
class Draw:
    """Drawn bonds, by their keys."""

    shares: tuple[Share, ...]
    seed: int
    keys: frozenset[str]

    def __str__(self) -> str:
        return ",".join(f"{share}={share.bonds}" for share in self.shares)


def parse_mix(mix: str | Mix) -> tuple[Share, ...]:
    """Return the shares of a mix, with types as in the table: the heavier element first.

    Args:
        mix: Numbers by type, or a text such as `Zr-Cu=2000,Cu-Cu=2000`.

    Raises:
        InvalidRequest: A part is not a bond type with a number, or two parts overlap.

    Example:
        >>> parse_mix("*:Cu-Zr=200")
        (Share(nc='*', bond_type='Zr-Cu', bonds=200),)
    """
    parts = mix.split(",") if isinstance(mix, str) else [f"{one}={n}" for one, n in mix.items()]
    shares: list[Share] = []
    for part in parts:
        match = _PART.fullmatch(part.strip())
        nc, first, second, count = match.group(1, 3, 4, 5) if match else (None, "", "", "")
        if not {first, second} <= atomic_numbers.keys():
            raise InvalidRequest(
                f"{part!r} is not a bond type with a number, such as Zr-Cu=2000 or *:Zr-Cu=200"
            )
        share = Share(nc, get_bond_type(first, second), int(count))
        for other in shares:
            both = {share.nc, other.nc}
            if other.bond_type == share.bond_type and (len(both) == 1 or both & {None, _EACH}):
                raise InvalidRequest(f"parts {str(other)!r} and {str(share)!r} of the mix overlap")
        shares.append(share)
    return tuple(shares)


def draw_bonds(
    mix: str | Mix,
    seed: int,
    compositions: Iterable[str],
    bonds: Iterable[tuple[SubRunFolder, Bond]],
) -> Draw:
    """Draw the bonds of a mix.

    Args:
        mix: Numbers by type, or a text such as `Zr-Cu=2000,Cu-Cu=2000`.
        seed: Seed of the draw.
        compositions: Compositions of the bonds, from each of which `*` draws.
        bonds: Bonds to draw from, with their sub-runs.

    Raises:
        InvalidRequest: The mix is invalid.
        TooFewBonds: There are fewer bonds of a type.
    """
    shares = parse_mix(mix)
    numbers = {
        (nc, share.bond_type): share.bonds
        for share in shares
        for nc in (sorted(set(compositions)) if share.nc == _EACH else [share.nc])
    }
    found: dict[tuple[str | None, str], list[tuple[bytes, str]]] = {each: [] for each in numbers}
    for folder, bond in bonds:
        bond_type = bond.bond_type
        for group in ((folder.nc, bond_type), (None, bond_type)):
            if group not in numbers:
                continue
            candidates, key = found[group], build_key(folder, bond)
            candidates.append((hashlib.sha256(f"{seed} {key}".encode()).digest(), key))
            if len(candidates) > 2 * numbers[group] + _MAX_EXCESS:
                candidates[:] = nsmallest(numbers[group], candidates)
    for (nc, bond_type), count in numbers.items():
        existing = len(found[nc, bond_type])
        if existing < count:
            of = f" of {nc}" if nc else ""
            raise TooFewBonds(
                f"the mix requires {count} bonds of type {bond_type}{of}, and only {existing} "
                "exist; add sub-runs or reduce the number"
            )
    drawn = (nsmallest(count, found[group]) for group, count in numbers.items())
    return Draw(shares, seed, frozenset(key for chosen in drawn for _, key in chosen))


def build_key(folder: SubRunFolder, bond: Bond) -> str:
    """Return the key of a bond. The bonds of a table have different keys."""
    translation = ",".join(map(str, bond.translation))
    return f"{folder}/{bond.atom_a}-{bond.atom_b}/{translation}"
