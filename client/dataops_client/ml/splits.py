"""Splits of the training table into training and test data."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa


def split_by_cell(
    table: pa.Table, test_fraction: float = 0.2, seed: int = 0
) -> tuple[pa.Table, pa.Table]:
    """Split a table by cells, so that no cell is in both parts.

    The sub-runs of a run are one cell under different deformations, with the same atoms in nearly
    the same surroundings. A model that is trained on one and tested on another is tested on what
    it has seen. Cells are the pairs (nc, id_run). Which cells are test data depends on the seed
    and the cells only.

    Args:
        table: Training table of `load_tree` or of a Parquet file, with at least two cells.
        test_fraction: Fraction of the cells that become test data, rounded, at least one cell.
        seed: Seed of the random choice.

    Returns:
        Training data and test data, with all columns and metadata, in the order of the table.

    Raises:
        ValueError: The table has fewer than two cells, or the fraction is not between 0 and 1.

    Example:
        >>> train, test = split_by_cell(load_tree("data"), test_fraction=0.25, seed=1)
    """
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction is {test_fraction}; expected a number between 0 and 1")
    cells = list(zip(table["nc"].to_pylist(), table["id_run"].to_pylist(), strict=True))
    different = sorted(set(cells))
    if len(different) < 2:
        raise ValueError(
            f"the table has {len(different)} cell; a split by cells requires two or more runs"
        )
    count = min(max(1, round(test_fraction * len(different))), len(different) - 1)
    chosen = set(random.Random(seed).sample(different, count))  # noqa: S311 - not for secrets
    is_test = np.array([cell in chosen for cell in cells])
    return table.filter(pa.array(~is_test)), table.filter(pa.array(is_test))
