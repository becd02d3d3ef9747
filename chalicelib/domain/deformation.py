"""The deformations that turn the reference cell into sub-runs 1-14.

Source: the cells of the published data samples of Phys. Rev. Materials 4, 113603 (run 21 of
Zr49Cu49Al2, CELL_PARAMETERS of sub-runs 0-14). The cell vectors a, b, c are the rows of a matrix; a
deformation F gives the new cell as F times the old one.
"""

from __future__ import annotations

from dataclasses import dataclass

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

_SHEAR = 0.5
_STRETCH = 1.02
_SQUEEZE = 0.80
_AXES = "xyz"


@dataclass(frozen=True, slots=True)
class Deformation:
    """The kind of a deformation, such as `shear xy`, and its matrix F (dimensionless)."""

    kind: str
    matrix: Matrix

    @property
    def group(self) -> str:
        """Return the kind without its direction, such as `shear`."""
        return self.kind.split(" ")[0]


def _matrix(diagonal: tuple[float, float, float], shear: tuple[int, int] | None = None) -> Matrix:
    rows = [[diagonal[i] if i == j else 0.0 for j in range(3)] for i in range(3)]
    if shear is not None:
        rows[shear[0]][shear[1]] = _SHEAR
    a, b, c = ((row[0], row[1], row[2]) for row in rows)
    return a, b, c


def _along(axis: int, factor: float) -> Matrix:
    x, y, z = (factor if i == axis else 1.0 for i in range(3))
    return _matrix((x, y, z))


def _table() -> tuple[Deformation, ...]:
    rows = [Deformation("reference", _matrix((1.0, 1.0, 1.0)))]
    for i, j in ((0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)):
        rows.append(Deformation(f"shear {_AXES[i]}{_AXES[j]}", _matrix((1.0, 1.0, 1.0), (i, j))))
    for axis in range(3):
        rows.append(Deformation(f"tension {_AXES[axis]}", _along(axis, _STRETCH)))
        rows.append(Deformation(f"compression {_AXES[axis]}", _along(axis, _SQUEEZE)))
    rows.append(Deformation("isotropic tension", _matrix((1.01, 1.01, 1.01))))
    rows.append(Deformation("isotropic compression", _matrix((0.90, 0.90, 0.90))))
    return tuple(rows)


DEFORMATIONS = _table()
"""Indexed by sub-run, 0-14."""

DEFORMATION_GROUPS = tuple(dict.fromkeys(each.group for each in DEFORMATIONS))
"""`reference`, `shear`, `tension`, `compression`, `isotropic`."""
