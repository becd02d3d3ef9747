"""Which bonds of a sub-run go into the training table: the rules of the published data set.

Source: create_SSDB.py (per-bond mode) of aryrfjr/PRM_4_113603. SOAP vectors come from the clusters that quippy found (cutoff 3.75
angstrom, lobsterin-quippy); bond strengths come from LOBSTER's own search (`cohpGenerator from 1.80 to 4.20`). An atom A is used only
when every neighbour in its cluster has a bond strength, because the sum over the cluster is meant to be whole; a bond shorter than
1.80 angstrom has none. A bond of a discarded cluster still enters when the cluster of its other atom names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dataops_client.ml.lobster import Bond, Cluster, Translation


@dataclass(frozen=True, slots=True)
class DiscardedCluster:
    """The cluster around atom A (a number, from 1) and its bonds `A-B` that ICOHPLIST.lobster has no label for."""

    atom: int
    bonds_without_label: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BondTable:
    """`rows` in the order in which the clusters first name them, as the published .bnd files; atoms in ICOHPLIST's order."""

    rows: tuple[Bond, ...]
    discarded: tuple[DiscardedCluster, ...]


def build_bond_table(
    bonds: Iterable[Bond], clusters: Mapping[int, Cluster], symbols: Sequence[str] = ()
) -> BondTable:
    """The bonds of all clusters that are whole, each once.

    `symbols` are the elements of the atoms, to name the bonds without a label; an atom beyond them is named by its number.
    """
    labelled: dict[tuple[int, int], list[Bond]] = {}
    for bond in bonds:
        labelled.setdefault((bond.atom_a, bond.atom_b), []).append(bond)
    rows: dict[Bond, None] = {}
    discarded = []
    for atom, neighbours in clusters.items():
        found = [_labelled_bond(labelled, atom, other, offset) for other, offset in neighbours]
        missing = [
            other for (other, _), bond in zip(neighbours, found, strict=True) if bond is None
        ]
        if missing:
            names = tuple(f"{_name(atom, symbols)}-{_name(other, symbols)}" for other in missing)
            discarded.append(DiscardedCluster(atom, names))
        else:
            rows.update((bond, None) for bond in found if bond is not None)
    return BondTable(tuple(rows), tuple(discarded))


def _labelled_bond(
    labelled: Mapping[tuple[int, int], Sequence[Bond]], atom: int, other: int, offset: Translation
) -> Bond | None:
    """The bond of ICOHPLIST that is labelled A-B or B-A, whatever its translation.

    The script compares labels only, and in its cells (12 angstrom, cutoff 3.75) two atoms share one bond at most. The translation
    decides only where a small cell gives one label to several images: LOBSTER's belongs to its first atom, quippy's offset to B.
    """
    turned = (-offset[0], -offset[1], -offset[2])
    found = [(bond, turned) for bond in labelled.get((atom, other), ())]
    found += [(bond, offset) for bond in labelled.get((other, atom), ())]
    if len({bond for bond, _ in found}) == 1:
        return found[0][0]
    return next((bond for bond, translation in found if bond.translation == translation), None)


def _name(atom: int, symbols: Sequence[str]) -> str:
    return f"{symbols[atom - 1]}{atom}" if 0 < atom <= len(symbols) else str(atom)
