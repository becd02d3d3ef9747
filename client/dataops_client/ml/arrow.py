"""Conversion of the training table to Arrow, for Parquet files and tables in memory."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dataops_client.ml.batches import BondBatch
from dataops_client.ml.table_metadata import TableMetadata

_TYPES = {"": pa.int64(), "angstrom": pa.float64(), "eV": pa.float64()}
_TEXTS = ("nc", "bond_type")


def build_schema(metadata: TableMetadata, components: int) -> pa.Schema:
    """Return the schema, with the metadata of the table, and unit and meaning of each column.

    Args:
        metadata: Metadata of the table.
        components: Length of the SOAP vectors.
    """
    types: dict[str, Any] = {name: pa.string() for name in _TEXTS}
    types |= {f"soap_{atom}": _build_vector_type(components) for atom in "ab"}
    fields = [
        pa.field(
            metadata.get_name(column),
            types.get(column.name, _TYPES[column.unit]),
            metadata={"unit": column.unit, "description": column.description},
        )
        for column in metadata.columns
    ]
    texts = metadata.to_texts() | {"columns": json.dumps(metadata.to_dict()["columns"])}
    return pa.schema(fields, metadata=texts)


def to_arrow(batch: BondBatch, metadata: TableMetadata) -> pa.Table:
    """Return the rows of a sub-run as a table."""
    arrays = [
        pa.array(array, from_pandas=True)  # NaN is a missing value
        for array in batch.to_columns(metadata.columns).values()
    ]
    if batch.soaps is None:
        return pa.Table.from_arrays(arrays, schema=build_schema(metadata, 0))
    for atoms in (
        [bond.atom_a for bond in batch.bonds],
        [bond.atom_b for bond in batch.bonds],
    ):
        arrays.append(_to_list_array(batch.soaps[np.array(atoms, dtype=np.int64) - 1]))
    schema = build_schema(metadata, batch.soaps.shape[1])
    return pa.Table.from_arrays(arrays, schema=schema)


def _to_list_array(vectors: NDArray[np.float64]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(
        pa.array(vectors.ravel()), type=_build_vector_type(vectors.shape[1])
    )


def _build_vector_type(components: int) -> pa.DataType:
    """Return the type of SOAP vectors, with the name of its items that Parquet restores."""
    return pa.list_(pa.field("element", pa.float64()), components)
