"""Periodic cells: positions, deformations, distances. Lengths in angstrom, fractional coordinates in units of the cell vectors."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import fsum, sqrt

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

LONGEST = 5.0
"""angstrom: the largest cutoff that anything here has."""

_SHEAR, _STRETCH, _SQUEEZE = 0.5, 1.02, 0.80
"""Of the published cells (Phys. Rev. Materials 4, 113603; run 21 of Zr49Cu49Al2)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """`vectors` are the rows a, b, c; `species` and `positions` (fractional) go together."""

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

    def deformed(self, sub_run: int) -> Cell:
        """The cell of a sub-run: the atoms keep their fractional coordinates."""
        rows = [list(row) for row in self.vectors]
        if 1 <= sub_run <= 6:
            i, j = ((0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1))[sub_run - 1]
            rows[i] = [rows[i][k] + _SHEAR * self.vectors[j][k] for k in range(3)]
        elif 7 <= sub_run <= 12:
            axis, squeezed = divmod(sub_run - 7, 2)
            rows[axis] = [value * (_SQUEEZE if squeezed else _STRETCH) for value in rows[axis]]
        elif sub_run in (13, 14):
            rows = [[value * (1.01 if sub_run == 13 else 0.90) for value in row] for row in rows]
        a, b, c = ((row[0], row[1], row[2]) for row in rows)
        return Cell((a, b, c), self.species, self.positions)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Atom `index` in the cell that is `translation` cell vectors away; `offset` leads there, `distance` is its length."""

    index: int
    translation: tuple[int, int, int]
    offset: Vector
    distance: float


def neighbours(cell: Cell, centre: int, cutoff: float) -> Iterator[Neighbour]:
    """Every atom (images too, the centre itself not) within the cutoff, which is at most LONGEST."""
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


def packed_cell(species: tuple[str, ...], edge: float, seed: int) -> Cell:
    """A cubic cell with its atoms at random places, pushed apart until they are packed like a metallic glass.

    Only sums, products and square roots are used on the way: they give the same result on every machine. (`fsum` throughout: Python
    3.12 changed the rounding of `sum`.)
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
