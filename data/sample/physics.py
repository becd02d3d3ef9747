"""Made-up physics with the shape of the real one: energies and forces that belong together, bonds, descriptors.

None of it describes a material: the numbers only have the right units, magnitudes and symmetries.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, fsum, sqrt

from .cell import LONGEST, Cell, Neighbour, Vector, neighbours

RYDBERG = 13.605693
"""eV"""
BOHR = 0.529177
"""angstrom"""

_ATOM_ENERGY = {"Al": -39.5, "Cu": -426.7, "Zr": -387.2}
"""Ry; the order of magnitude of all-electron-like PAW energies."""
_RADIUS = {"Al": 1.43, "Cu": 1.28, "Zr": 1.60}
"""Metallic radii, angstrom."""
_DEPTH = {"Al": 0.35, "Cu": 0.30, "Zr": 0.45}
"""eV"""
_STEEPNESS = 1.6
"""1/angstrom"""
_RANGE = LONGEST
"""angstrom: where the potential has gone smoothly to zero."""

BOND_RANGE = (1.80, 4.20)
"""angstrom: `cohpGenerator from 1.80 to 4.20` of the lobsterin."""
SOAP_CUTOFF, SOAP_N_MAX, SOAP_L_MAX, SOAP_WIDTH = 3.75, 3, 2, 0.5
SOAP_SPECIES = ("Al", "Cu", "Zr")


@dataclass(frozen=True, slots=True)
class Bond:
    """Atoms from 0; `translation` is that of the second one's cell; `icohp` in eV, negative for bonding."""

    first: int
    second: int
    distance: float
    translation: tuple[int, int, int]
    icohp: float


def energy_and_forces(cell: Cell) -> tuple[float, list[Vector]]:
    """Total energy (Ry) and the forces on the atoms (Ry/bohr): a Morse potential between all pairs, switched off smoothly."""
    total, forces = 0.0, []
    for centre, species in enumerate(cell.species):
        force = [0.0, 0.0, 0.0]
        for near in neighbours(cell, centre, _RANGE):
            value, slope = _morse(species, cell.species[near.index], near.distance)
            total += value / 2
            for k in range(3):
                force[k] += slope * near.offset[k] / near.distance
        x, y, z = (value / RYDBERG * BOHR for value in force)
        forces.append((x, y, z))
    return total / RYDBERG + fsum(_ATOM_ENERGY[species] for species in cell.species), forces


def _morse(one: str, other: str, distance: float) -> tuple[float, float]:
    """Energy (eV) and its derivative (eV/angstrom)."""
    depth, rest = sqrt(_DEPTH[one] * _DEPTH[other]), _RADIUS[one] + _RADIUS[other]
    decay = exp(-_STEEPNESS * (distance - rest))
    value, slope = (
        depth * (decay * decay - 2 * decay),
        depth * -2 * _STEEPNESS * (decay * decay - decay),
    )
    ratio = distance / _RANGE
    switch, switch_slope = (1 - ratio**2) ** 2, -4 * ratio * (1 - ratio**2) / _RANGE
    return value * switch, slope * switch + value * switch_slope


def bonds(cell: Cell) -> list[Bond]:
    """The bonds that LOBSTER would find: pairs of different atoms within BOND_RANGE, each once, ordered by atom."""
    low, high = BOND_RANGE
    found = [
        Bond(
            centre,
            near.index,
            near.distance,
            near.translation,
            _icohp(cell.species[centre], cell.species[near.index], near.distance),
        )
        for centre in range(len(cell.species))
        for near in neighbours(cell, centre, high)
        if near.index > centre and near.distance >= low
    ]
    return sorted(
        found, key=lambda bond: (bond.first, bond.second, bond.distance, bond.translation)
    )


def _icohp(one: str, other: str, distance: float) -> float:
    strength = 1.6 * _RADIUS[one] * _RADIUS[other] / 1.8
    return -strength * exp(-1.25 * (distance - 0.88 * (_RADIUS[one] + _RADIUS[other])))


def soap_vectors(cell: Cell) -> list[list[float]]:
    """One descriptor per atom: the power spectrum of the neighbours' density, over species, radial functions and degrees l.

    p(a, b, l) = sum over neighbours j, k of g_a(r_j) g_b(r_k) P_l(cos of the angle between them), for channels a <= b (a species and
    one of SOAP_N_MAX Gaussians in the distance). It depends neither on the orientation nor on the order of the atoms. A last component
    of zero stands where quippy has its own; the length is 1.
    """
    return [
        _soap(cell, [*neighbours(cell, centre, SOAP_CUTOFF)]) for centre in range(len(cell.species))
    ]


def _soap(cell: Cell, near: list[Neighbour]) -> list[float]:
    channels = len(SOAP_SPECIES) * SOAP_N_MAX
    radial = [_radial(cell.species[neighbour.index], neighbour.distance) for neighbour in near]
    legendre = [[_legendre(one, other) for other in near] for one in near]
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
    # Twelve digits are what differs on no machine; the last bits of exp() may.
    return [round(value / length, 12) + 0.0 for value in vector]


def _radial(species: str, distance: float) -> list[float]:
    fade = (1 - (distance / SOAP_CUTOFF) ** 2) ** 2
    centres = [SOAP_CUTOFF * (n + 1) / (SOAP_N_MAX + 1) for n in range(SOAP_N_MAX)]
    shells = [fade * exp(-(((distance - centre) / SOAP_WIDTH) ** 2) / 2) for centre in centres]
    return [value if kind == species else 0.0 for kind in SOAP_SPECIES for value in shells]


def _legendre(one: Neighbour, other: Neighbour) -> tuple[float, float, float]:
    cosine = fsum(a * b for a, b in zip(one.offset, other.offset, strict=True)) / (
        one.distance * other.distance
    )
    return 1.0, cosine, (3 * cosine * cosine - 1) / 2
