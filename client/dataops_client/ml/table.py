"""Selection of bonds for the training table by the rules of the published data set.

Source: create_SSDB.py (per-bond mode) of aryrfjr/PRM_4_113603. SOAP vectors are those of the
clusters that quippy found (cutoff 3.75 angstrom, lobsterin-quippy). Bond strengths are those of
LOBSTER's own search (`cohpGenerator from 1.80 to 4.20`). An atom A is used only if every neighbour
in its cluster has a bond strength, because the sum over the cluster must be complete; a bond
shorter than 1.80 angstrom has none. A bond of a discarded cluster is still used if the cluster of
its other atom contains it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dataops_client.ml.lobster import Bond, Bonds, Cluster, Translation


@dataclass(frozen=True, slots=True)
class DiscardedCluster:
    """Cluster of an atom (its number, from 1) with bonds `A-B` that have no label in ICOHPLIST."""

    atom: int
    bonds_without_label: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class BondTable:
    """Bonds of the table, and the clusters that were discarded.

    `rows` are in the order in which clusters first contain them, as in the published .bnd files,
    with atoms in the order of ICOHPLIST.
    """

    rows: Bonds
    discarded: tuple[DiscardedCluster, ...]

    def __repr__(self) -> str:
        return f"BondTable({self.rows!r}, {len(self.discarded)} discarded clusters)"


def build_bond_table(
    bonds: Iterable[Bond], clusters: Mapping[int, Cluster], symbols: Sequence[str] = ()
) -> BondTable:
    """Return the bonds of all complete clusters, each once.

    Args:
        bonds: Bonds of ICOHPLIST.lobster.
        clusters: Clusters of lobsterin-quippy.
        symbols: Elements of the atoms, which name bonds without a label. Atoms beyond them are
            named by their number.

    Returns:
        The bonds of the table and the discarded clusters.

    Example:
        >>> build_bond_table(read_bonds("ICOHPLIST.lobster"), read_clusters("lobsterin-quippy"))
        BondTable(<657 bonds: 8 Cu-Al, ...>, 0 discarded clusters)
    """
    labelled: dict[tuple[int, int], list[Bond]] = {}
    for bond in bonds:
        labelled.setdefault((bond.atom_a, bond.atom_b), []).append(bond)
    rows: dict[Bond, None] = {}
    discarded = []
    for atom, neighbours in clusters.items():
        found = [_find_bond(labelled, atom, other, offset) for other, offset in neighbours]
        missing = [
            other for (other, _), bond in zip(neighbours, found, strict=True) if bond is None
        ]
        if missing:
            names = tuple(
                f"{_format_atom(atom, symbols)}-{_format_atom(other, symbols)}" for other in missing
            )
            discarded.append(DiscardedCluster(atom, names))
        else:
            rows.update((bond, None) for bond in found if bond is not None)
    return BondTable(Bonds(rows), tuple(discarded))


def _find_bond(
    labelled: Mapping[tuple[int, int], Sequence[Bond]], atom: int, other: int, offset: Translation
) -> Bond | None:
    """Return the bond of ICOHPLIST that is labelled A-B or B-A.

    The script compares labels only: in its cells (12 angstrom, cutoff 3.75) two atoms share at most
    one bond. The translation is compared only if several images in a small cell have the same
    label. LOBSTER's translation belongs to its first atom, quippy's offset to B.
    """
    inverse = (-offset[0], -offset[1], -offset[2])
    found = [(bond, inverse) for bond in labelled.get((atom, other), ())]
    found += [(bond, offset) for bond in labelled.get((other, atom), ())]
    if len({bond for bond, _ in found}) == 1:
        return found[0][0]
    return next((bond for bond, translation in found if bond.translation == translation), None)


def _format_atom(atom: int, symbols: Sequence[str]) -> str:
    return f"{symbols[atom - 1]}{atom}" if 0 < atom <= len(symbols) else str(atom)
