# %% [markdown]
# # How strong is a bond? A Gaussian process on distance and SOAP similarity
#
# Download sub-runs, export the bonds with the SOAP vectors of their atoms, and run this file on the
# table:
#
#     dataops download Zr49Cu49Al2 21 --all
#     dataops export . --format parquet --soaps -o bonds.parquet
#     python train.py bonds.parquet
#
# Requirement: `pip install 'dataops-client[ml]'`.

# %%
# ruff: noqa: T201
from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TRAINING_BONDS = 600  # per bond type; the time grows with the cube
RANDOM_SEED = 113603


# %% [markdown]
# ## The table
# One row is one bond. `distance` is in angstrom, `icohp` is -ICOHP in eV (positive for bonding),
# `soap_a` and `soap_b` are the unit vectors that describe the surroundings of its two atoms.


# %%
@dataclass(frozen=True)
class Bonds:
    distance: Floats
    soap_a: Floats
    soap_b: Floats
    icohp: Floats
    sub_run: NDArray[np.int64]  # number of the sub-run that the bond is from

    def __getitem__(self, chosen: NDArray[Any]) -> Bonds:
        return Bonds(
            self.distance[chosen],
            self.soap_a[chosen],
            self.soap_b[chosen],
            self.icohp[chosen],
            self.sub_run[chosen],
        )

    def __len__(self) -> int:
        return len(self.distance)


def read_bonds(table: str, bond_type: str) -> Bonds:
    rows = pq.read_table(table, filters=[("bond_type", "=", bond_type)])
    columns = [name for name in ("nc", "id_run", "sub_run") if name in rows.column_names]
    _, sub_run = np.unique(
        np.array([rows[name].to_numpy().astype(str) for name in columns]),
        axis=1,
        return_inverse=True,
    )
    return Bonds(
        rows["distance"].to_numpy(),
        _matrix(rows["soap_a"]),
        _matrix(rows["soap_b"]),
        rows["icohp"].to_numpy(),
        sub_run,
    )


def _matrix(column: Any) -> Floats:
    vectors = column.combine_chunks()
    return vectors.flatten().to_numpy().reshape(len(vectors), -1)  # type: ignore[no-any-return]


# %% [markdown]
# ## Test data
# The bonds of a sub-run resemble each other. Therefore every fourth sub-run is held out. With fewer
# than four sub-runs, every fourth bond is held out, which makes the model look better than it is.


# %%
def split(bonds: Bonds) -> tuple[Bonds, Bonds]:
    groups = bonds.sub_run if len(np.unique(bonds.sub_run)) >= 4 else np.arange(len(bonds))
    held_out = groups % 4 == 3
    train = np.flatnonzero(~held_out)
    if len(train) > TRAINING_BONDS:
        train = np.random.default_rng(RANDOM_SEED).choice(train, TRAINING_BONDS, replace=False)
    return bonds[train], bonds[np.flatnonzero(held_out)]


# %% [markdown]
# ## The model
# Two bonds are similar if their lengths and the surroundings of their atoms are similar, in either
# order of the atoms:
#
# $$k = \exp\left(-\frac{(d-d')^2}{2\ell^2}\right)
# \left[\tfrac12 (a\cdot a')(b\cdot b') + \tfrac12 (a\cdot b')(b\cdot a')\right]^\zeta$$
#
# Length scale $\ell$, power $\zeta$ and noise are selected from a small grid by the largest
# marginal likelihood. The height of the kernel has a closed form. The model is fitted to the
# logarithm, because -ICOHP falls about exponentially with the distance (antibonding contacts,
# -ICOHP <= 0, are shifted).


# %%
def similarity(one: Bonds, other: Bonds) -> Floats:
    straight = (one.soap_a @ other.soap_a.T) * (one.soap_b @ other.soap_b.T)
    crossed = (one.soap_a @ other.soap_b.T) * (one.soap_b @ other.soap_a.T)
    return np.clip(0.5 * (straight + crossed), 0.0, None)


@dataclass(frozen=True)
class Model:
    train: Bonds
    line: (
        Floats  # slope and intercept of the logarithm over the distance; the process fits the rest
    )
    weights: Floats
    shift: float
    length: float
    power: float

    @classmethod
    def fit(cls, train: Bonds) -> Model:
        shift = 0.1 - min(0.0, float(train.icohp.min()))
        target = np.log(train.icohp + shift)
        centre = train.distance.mean()
        slope, middle = np.linalg.lstsq(
            np.column_stack([train.distance - centre, np.ones(len(train))]), target, rcond=None
        )[0]
        line = np.array([slope, middle - slope * centre])
        rest = target - np.polyval(line, train.distance)
        alike, apart = similarity(train, train), train.distance[:, None] - train.distance
        best: tuple[float, Floats, float, float] | None = None
        for length in (0.2, 0.4, 0.8):
            for power in (1.0, 2.0, 4.0):
                for noise in (1e-4, 1e-3, 1e-2, 1e-1):
                    kernel = np.exp(-0.5 * (apart / length) ** 2) * alike**power + noise * np.eye(
                        len(train)
                    )
                    factor = np.linalg.cholesky(kernel)
                    weights = np.linalg.solve(factor.T, np.linalg.solve(factor, rest))
                    height = float(rest @ weights) / len(train)
                    likelihood = -0.5 * len(train) * np.log(height + 1e-300) - float(
                        np.log(np.diag(factor)).sum()
                    )
                    if best is None or likelihood > best[0]:
                        best = likelihood, weights, length, power
        assert best is not None  # noqa: S101 (the grid is not empty)
        _, weights, length, power = best
        return cls(train, line, weights, shift, length, power)

    def predict(self, bonds: Bonds) -> Floats:
        apart = bonds.distance[:, None] - self.train.distance
        kernel = (
            np.exp(-0.5 * (apart / self.length) ** 2) * similarity(bonds, self.train) ** self.power
        )
        return np.asarray(
            np.exp(np.polyval(self.line, bonds.distance) + kernel @ self.weights) - self.shift,
            dtype=np.float64,
        )


# %% [markdown]
# ## Result
# Root mean square error on the held-out bonds, compared with that of the straight line alone and
# with the standard deviation of -ICOHP.


# %%
def rmse(model: Floats, truth: Floats) -> float:
    return float(np.sqrt(np.mean((model - truth) ** 2)))


def main(table: str) -> None:
    schema = pq.read_schema(table)
    if "soap_a" not in schema.names:
        sys.exit(f"{table} has no SOAP vectors; export it with --soaps")
    bond_types = sorted(set(pq.read_table(table, columns=["bond_type"])["bond_type"].to_pylist()))
    print(
        f"{'':8}{'trained':>10}{'held out':>10}"
        f"{'RMSE (eV)':>12}{'distance only':>16}{'spread (eV)':>14}"
    )
    for bond_type in bond_types:
        train, test = split(read_bonds(table, bond_type))
        if len(train) < 4 or not len(test):
            print(f"{bond_type:8}{len(train):>10}{len(test):>10}   too few to train on")
            continue
        model = Model.fit(train)
        line_only = np.exp(np.polyval(model.line, test.distance)) - model.shift
        errors = (
            rmse(model.predict(test), test.icohp),
            rmse(line_only, test.icohp),
            float(test.icohp.std()),
        )
        print(
            f"{bond_type:8}{len(train):>10}{len(test):>10}"
            f"{errors[0]:>12.4f}{errors[1]:>16.4f}{errors[2]:>14.4f}"
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "bonds.parquet")
