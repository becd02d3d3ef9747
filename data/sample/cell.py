"""Periodic cells: positions, deformations and distances.

Lengths are in angstrom, fractional coordinates in units of the cell vectors.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import fsum, sqrt

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

LONGEST = 5.0
"""The largest cutoff that the generator uses (angstrom)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with the vectors a, b, c as rows, and the species and fractional position per atom."""

    vectors: Matrix
    species: tuple[str, ...]
    positions: tuple[Vector, ...]

    @property
    def volume(self) -> float:
        a, b, c = self.vectors
        cross = (b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0])
        return abs(fsum(a[i] * cross[i] for i in range(3)))

    def cartesian(self, fractional: Vector) -> Vector:
        x, y, z = (fsum(fractional[i] * self.vectors[i][k] for i in range(3)) for k in range(3))
        return x, y, z

    def deform(self, matrix: Matrix) -> Cell:
        """Return the cell with vectors `matrix` x (a, b, c) and the same fractional positions."""
        columns = list(zip(*self.vectors, strict=True))
        a, b, c = (
            (_dot(row, columns[0]), _dot(row, columns[1]), _dot(row, columns[2])) for row in matrix
        )
        return Cell((a, b, c), self.species, self.positions)


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return fsum(a * b for a, b in zip(one, other, strict=True))


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Atom `index` in the cell that is `translation` cell vectors away, at `offset` (angstrom)."""

    index: int
    translation: tuple[int, int, int]
    offset: Vector
    distance: float


def find_neighbours(cell: Cell, centre: int, cutoff: float) -> Iterator[Neighbour]:
    """Return the atoms within the cutoff (at most LONGEST), with images, without the centre."""
    return (near for near in _all_neighbours(cell)[centre] if near.distance <= cutoff)


@cache
def _all_neighbours(cell: Cell) -> list[list[Neighbour]]:
    # Sheared cells reach a neighbour by up to three translations along one vector.
    shifts = [((i, j, k), cell.cartesian((i, j, k))) for i, j, k in product(range(-3, 4), repeat=3)]
    places = [cell.cartesian(position) for position in cell.positions]
    found: list[list[Neighbour]] = []
    for centre, (x, y, z) in enumerate(places):
        near = []
        for index, there in enumerate(places):
            dx, dy, dz = there[0] - x, there[1] - y, there[2] - z
            for translation, shift in shifts:
                offset = (dx + shift[0], dy + shift[1], dz + shift[2])
                square = offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2
                if square <= LONGEST**2 and (index != centre or translation != (0, 0, 0)):
                    near.append(Neighbour(index, translation, offset, sqrt(square)))
        found.append(near)
    return found


def pack_cell(species: tuple[str, ...], edge: float, seed: int) -> Cell:
    """Return a cubic cell with random positions, pushed apart until packed like a metallic glass.

    The result is the same on every machine, because only sums, products and square roots are used.
    Sums use `fsum`, because Python 3.12 changed the rounding of `sum`.
    """
    rng = random.Random(seed)
    points = [[rng.random() for _ in range(3)] for _ in species]
    wanted = 2.55 / edge
    for _ in range(150):
        for i, point in enumerate(points):
            push = [0.0, 0.0, 0.0]
            for j, other in enumerate(points):
                if i == j:
                    continue
                gap = [point[k] - other[k] - round(point[k] - other[k]) for k in range(3)]
                distance = sqrt(fsum(value * value for value in gap)) or 1e-6
                if distance < wanted:
                    for k in range(3):
                        push[k] += gap[k] / distance * (wanted - distance) * 0.5
            points[i] = [(point[k] + push[k]) % 1.0 for k in range(3)]
    fixed = tuple((round(x, 6), round(y, 6), round(z, 6)) for x, y, z in points)
    return Cell(((edge, 0.0, 0.0), (0.0, edge, 0.0), (0.0, 0.0, edge)), species, fixed)
