"""Synthetic physics: consistent energies and forces, bonds, and descriptors.

The numbers describe no material. They only have the right units, magnitudes and symmetries.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, fsum, sqrt

from .cell import LONGEST, Cell, Neighbour, Vector, find_neighbours

RYDBERG = 13.605693
"""eV"""
BOHR = 0.529177
"""angstrom"""

_ATOM_ENERGY = {"Al": -39.5, "Cu": -426.7, "Zr": -387.2}
"""Energies in Ry, with the order of magnitude of all-electron-like PAW energies."""
_RADIUS = {"Al": 1.43, "Cu": 1.28, "Zr": 1.60}
"""Metallic radii in angstrom."""
_DEPTH = {"Al": 0.35, "Cu": 0.30, "Zr": 0.45}
"""eV"""
_STEEPNESS = 1.6
"""1/angstrom"""
_RANGE = LONGEST
"""Distance at which the potential is zero (angstrom)."""

BOND_RANGE = (1.80, 4.20)
"""Range of distances in angstrom, for `cohpGenerator` in the lobsterin."""
SOAP_CUTOFF, SOAP_N_MAX, SOAP_L_MAX, SOAP_WIDTH = 3.75, 3, 2, 0.5
SOAP_SPECIES = ("Al", "Cu", "Zr")


@dataclass(frozen=True, slots=True)
class Bond:
    """A pair of atoms (numbered from 0), the second one in the cell at `translation`.

    `distance` is in angstrom, `icohp` in eV and negative for bonding.
    """

    first: int
    second: int
    distance: float
    translation: tuple[int, int, int]
    icohp: float


def compute_energy_and_forces(cell: Cell) -> tuple[float, list[Vector]]:
    """Return the total energy (Ry) and the forces (Ry/bohr) of a Morse potential with a cutoff."""
    total, forces = 0.0, []
    for centre, species in enumerate(cell.species):
        force = [0.0, 0.0, 0.0]
        for near in find_neighbours(cell, centre, _RANGE):
            value, slope = _compute_morse(species, cell.species[near.index], near.distance)
            total += value / 2
            for k in range(3):
                force[k] += slope * near.offset[k] / near.distance
        x, y, z = (value / RYDBERG * BOHR for value in force)
        forces.append((x, y, z))
    return total / RYDBERG + fsum(_ATOM_ENERGY[species] for species in cell.species), forces


def _compute_morse(one: str, other: str, distance: float) -> tuple[float, float]:
    """Return the energy (eV) and its derivative (eV/angstrom)."""
    depth, rest = sqrt(_DEPTH[one] * _DEPTH[other]), _RADIUS[one] + _RADIUS[other]
    decay = exp(-_STEEPNESS * (distance - rest))
    value, slope = (
        depth * (decay * decay - 2 * decay),
        depth * -2 * _STEEPNESS * (decay * decay - decay),
    )
    ratio = distance / _RANGE
    switch, switch_slope = (1 - ratio**2) ** 2, -4 * ratio * (1 - ratio**2) / _RANGE
    return value * switch, slope * switch + value * switch_slope


def find_bonds(cell: Cell) -> list[Bond]:
    """Return the pairs of different atoms within BOND_RANGE, each once, ordered by atom.

    These are the bonds that LOBSTER would list.
    """
    low, high = BOND_RANGE
    found = [
        Bond(
            centre,
            near.index,
            near.distance,
            near.translation,
            _compute_icohp(cell.species[centre], cell.species[near.index], near.distance),
        )
        for centre in range(len(cell.species))
        for near in find_neighbours(cell, centre, high)
        if near.index > centre and near.distance >= low
    ]
    return sorted(
        found, key=lambda bond: (bond.first, bond.second, bond.distance, bond.translation)
    )


def _compute_icohp(one: str, other: str, distance: float) -> float:
    strength = 1.6 * _RADIUS[one] * _RADIUS[other] / 1.8
    return -strength * exp(-1.25 * (distance - 0.88 * (_RADIUS[one] + _RADIUS[other])))


def compute_soap_vectors(cell: Cell) -> list[list[float]]:
    """Return one descriptor per atom: the power spectrum of the density of its neighbours.

    p(a, b, l) = sum over neighbours j, k of g_a(r_j) g_b(r_k) P_l(cos of the angle between them),
    for degrees l and channels a <= b. A channel is a species and one of SOAP_N_MAX Gaussians of the
    distance. The result depends neither on the orientation nor on the order of the atoms. A zero is
    appended instead of the constant of quippy. The norm is 1.
    """
    return [
        _compute_soap_vector(cell, [*find_neighbours(cell, centre, SOAP_CUTOFF)])
        for centre in range(len(cell.species))
    ]


def _compute_soap_vector(cell: Cell, near: list[Neighbour]) -> list[float]:
    channels = len(SOAP_SPECIES) * SOAP_N_MAX
    radial = [
        _compute_radial(cell.species[neighbour.index], neighbour.distance) for neighbour in near
    ]
    legendre = [[_compute_legendre(one, other) for other in near] for one in near]
    vector: list[float] = []
    for degree in range(SOAP_L_MAX + 1):
        mixed = [
            [
                fsum(legendre[j][k][degree] * radial[k][b] for k in range(len(near)))
                for b in range(channels)
            ]
            for j in range(len(near))
        ]
        for a in range(channels):
            for b in range(a, channels):
                weight = 1.0 if a == b else sqrt(2)
                vector.append(weight * fsum(radial[j][a] * mixed[j][b] for j in range(len(near))))
    vector.append(0.0)
    length = sqrt(fsum(value * value for value in vector)) or 1.0
    # The last bits of exp() differ between machines; twelve digits do not.
    return [round(value / length, 12) + 0.0 for value in vector]


def _compute_radial(species: str, distance: float) -> list[float]:
    fade = (1 - (distance / SOAP_CUTOFF) ** 2) ** 2
    centres = [SOAP_CUTOFF * (n + 1) / (SOAP_N_MAX + 1) for n in range(SOAP_N_MAX)]
    shells = [fade * exp(-(((distance - centre) / SOAP_WIDTH) ** 2) / 2) for centre in centres]
    return [value if kind == species else 0.0 for kind in SOAP_SPECIES for value in shells]


def _compute_legendre(one: Neighbour, other: Neighbour) -> tuple[float, float, float]:
    cosine = fsum(a * b for a, b in zip(one.offset, other.offset, strict=True)) / (
        one.distance * other.distance
    )
    return 1.0, cosine, (3 * cosine * cosine - 1) / 2
