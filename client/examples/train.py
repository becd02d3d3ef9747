# %% [markdown]
# # How strong is a bond? A Gaussian process on distance and SOAP similarity
#
# Download sub-runs of at least two cells, export the bonds with the SOAP vectors of their atoms,
# and run this file on the table, in a folder of its own. CLONE is the folder of the repository.
#
#     dataops run Zr49Cu49Al2 --augment -o data
#     dataops run Zr50Cu40Al10 --augment -o data
#     dataops export data --soaps -o bonds.parquet
#     python $CLONE/client/examples/train.py bonds.parquet
#
# Requirement: `pip install './client[ml]'` in the repository.

# %%
# ruff: noqa: T201
from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from dataops_client.ml import split_by_cell
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TRAINING_BONDS = 600  # per bond type; the time grows with the cube
TEST_FRACTION = 0.25  # of the cells
RANDOM_SEED = 0


# %% [markdown]
# ## The table
# One row is one bond: its length, its strength -ICOHP (positive for bonding), and the unit vectors
# that describe the surroundings of its two atoms.


# %%
@dataclass(frozen=True)
class Bonds:
    distance: Floats  # angstrom
    soap_a: Floats
    soap_b: Floats
    strength: Floats  # -ICOHP in eV

    @classmethod
    def of_table(cls, table: pa.Table) -> Bonds:
        return cls(
            table["distance_angstrom"].to_numpy(),
            _matrix(table["soap_a"]),
            _matrix(table["soap_b"]),
            table["minus_icohp_ev"].to_numpy(),
        )

    def __len__(self) -> int:
        return len(self.distance)


def _matrix(column: Any) -> Floats:
    vectors = column.combine_chunks()
    return vectors.flatten().to_numpy().reshape(len(vectors), -1)  # type: ignore[no-any-return]


# %% [markdown]
# ## Test data
# The sub-runs of a run are one cell under different deformations, so their bonds resemble each
# other. Therefore whole cells are held out (`split_by_cell`). Training bonds are a random selection
# of the others.


# %%
def select_training_bonds(table: pa.Table) -> pa.Table:
    if table.num_rows <= TRAINING_BONDS:
        return table
    random = np.random.default_rng(RANDOM_SEED)
    return table.take(np.sort(random.choice(table.num_rows, TRAINING_BONDS, replace=False)))


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
    line: Floats  # slope and intercept of the logarithm over the distance
    weights: Floats  # of the process, which fits the rest
    shift: float
    length: float
    power: float

    @classmethod
    def fit(cls, train: Bonds) -> Model:
        shift = 0.1 - min(0.0, float(train.strength.min()))
        target = np.log(train.strength + shift)
        powers = np.column_stack([train.distance, np.ones(len(train))])
        line = np.linalg.lstsq(powers, target, rcond=None)[0]  # distances can all be equal
        rest = target - np.polyval(line, train.distance)
        alike, apart = similarity(train, train), train.distance[:, None] - train.distance
        fits = []
        for length in (0.2, 0.4, 0.8):
            for power in (1.0, 2.0, 4.0):
                kernel = np.exp(-0.5 * (apart / length) ** 2) * alike**power
                values, vectors = np.linalg.eigh(kernel)  # once for all values of the noise
                projected = vectors.T @ rest
                for noise in (1e-4, 1e-3, 1e-2, 1e-1):
                    variances = np.clip(values, 0.0, None) + noise
                    height = float(projected @ (projected / variances)) / len(train) + 1e-300
                    likelihood = -len(train) * np.log(height) - np.log(variances).sum()
                    weights = vectors @ (projected / variances)
                    fits.append((likelihood, length, power, weights))
        _, length, power, weights = max(fits, key=lambda fit: fit[0])
        return cls(train, line, weights, shift, length, power)

    def predict(self, bonds: Bonds) -> Floats:
        apart = bonds.distance[:, None] - self.train.distance
        kernel = (
            np.exp(-0.5 * (apart / self.length) ** 2) * similarity(bonds, self.train) ** self.power
        )
        return self.predict_from_distance(bonds, kernel @ self.weights)

    def predict_from_distance(self, bonds: Bonds, rest: Floats | float = 0.0) -> Floats:
        return np.exp(np.polyval(self.line, bonds.distance) + rest) - self.shift  # type: ignore[no-any-return]


# %% [markdown]
# ## Result
# Root mean square error on the bonds of the cells that were held out, compared with that of the
# distance alone and with the standard deviation of -ICOHP.


# %%
def rmse(model: Floats, truth: Floats) -> float:
    return float(np.sqrt(np.mean((model - truth) ** 2)))


def main(path: str) -> None:
    table = pq.read_table(path)
    if "soap_a" not in table.column_names:
        sys.exit(f"{path} has no SOAP vectors; export it with --soaps")
    if table.schema.metadata.get(b"synthetic") == b"true":
        print("synthetic data: the result is not that of real bonds")
    try:
        parts = split_by_cell(table, TEST_FRACTION, RANDOM_SEED)
    except ValueError as error:
        sys.exit(f"{path}: {error}; download another run and export again")
    print(
        f"{'':8}{'trained':>10}{'held out':>10}"
        f"{'RMSE (eV)':>12}{'distance only':>16}{'spread (eV)':>14}"
    )
    for bond_type in sorted(set(table["bond_type"].to_pylist())):
        print(f"{bond_type:8}", end="", flush=True)  # the fit takes a while
        train_rows, test_rows = (
            part.filter(pc.equal(part["bond_type"], bond_type)) for part in parts
        )
        train = Bonds.of_table(select_training_bonds(train_rows))
        test = Bonds.of_table(test_rows)
        print(f"{len(train):>10}{len(test):>10}", end="", flush=True)
        if len(train) < 4 or not len(test):
            print("   too few to train on")
            continue
        model = Model.fit(train)
        errors = (
            rmse(model.predict(test), test.strength),
            rmse(model.predict_from_distance(test), test.strength),
            float(test.strength.std()),
        )
        print(f"{errors[0]:>12.3f}{errors[1]:>16.3f}{errors[2]:>14.3f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "bonds.parquet")
