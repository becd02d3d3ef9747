"""Writers of the training table, one per format, which consume one sub-run at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import ase.io
import numpy as np
from numpy.typing import NDArray

from dataops_client.ml.batches import BondBatch
from dataops_client.ml.columns import IDENTITY_COLUMNS
from dataops_client.ml.espresso import read_scf_output
from dataops_client.ml.formats import Format
from dataops_client.ml.table_metadata import TableMetadata


def write_parquet(path: Path, batches: Iterator[BondBatch], metadata: TableMetadata) -> None:
    """Write the rows to a Parquet file, with zstd compression."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - required by this format only

    from dataops_client.ml.arrow import to_arrow  # noqa: PLC0415

    writer = None
    try:
        for batch in batches:
            table = to_arrow(batch, metadata)
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def write_csv(path: Path, batches: Iterator[BondBatch], metadata: TableMetadata) -> None:
    """Write the rows to a CSV file. The cell of a missing number is empty."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for number, batch in enumerate(batches):
            columns = batch.to_columns(metadata.columns)
            vectors = [] if batch.soaps is None else batch.soaps.tolist()
            if number == 0:
                components = range(len(vectors[0]) if vectors else 0)
                writer.writerow(
                    [
                        *(metadata.get_name(column) for column in columns),
                        *(f"soap_{atom}_{component}" for atom in "ab" for component in components),
                    ]
                )
            rows = zip(*(array.tolist() for array in columns.values()), strict=True)
            for bond, row in zip(batch.bonds, rows, strict=True):
                cells = ["" if value != value else value for value in row]  # noqa: PLR0124 - NaN
                for atom in (bond.atom_a, bond.atom_b) if vectors else ():
                    cells += vectors[atom - 1]
                writer.writerow(cells)


def write_npz(path: Path, batches: Iterator[BondBatch], metadata: TableMetadata) -> None:
    """Write the rows to a compressed NumPy archive."""
    parts: dict[str, list[NDArray[Any]]] = {}
    vectors = 0
    for batch in batches:
        columns = batch.to_columns(metadata.columns)
        arrays = {metadata.get_name(column): array for column, array in columns.items()}
        if batch.soaps is not None:
            arrays |= {
                "soap_row_a": np.array([bond.atom_a for bond in batch.bonds]) - 1 + vectors,
                "soap_row_b": np.array([bond.atom_b for bond in batch.bonds]) - 1 + vectors,
                "soap": batch.soaps,
            }
            vectors += len(batch.soaps)
        for name, array in arrays.items():
            parts.setdefault(name, []).append(array)
    whole: dict[str, Any] = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    whole["metadata"] = np.array(metadata.to_json())
    with path.open("wb") as stream:
        np.savez_compressed(stream, **whole)


def write_extxyz(path: Path, batches: Iterator[BondBatch], metadata: TableMetadata) -> None:
    """Write the structures to an extended XYZ file, a frame per sub-run."""
    bond_columns = [column for column in metadata.columns if column not in IDENTITY_COLUMNS]
    with path.open("w", encoding="utf-8") as stream:
        for batch in batches:
            folder, frame = batch.folder, cast(Any, batch.structure).copy()
            frame.info = {"nc": folder.nc, "id_run": folder.id_run, "sub_run": folder.sub_run}
            frame.info |= metadata.to_texts() | {"synthetic": metadata.synthetic}
            output = folder.path / f"{folder.nc}.scf.out"
            if output.is_file():
                scf = read_scf_output(output)
                results = {"REF_energy": scf.energy, "REF_stress": scf.stress}
                frame.info |= {name: value for name, value in results.items() if value is not None}
                if scf.forces is not None:
                    frame.arrays["REF_forces"] = scf.forces
            frame.info |= {
                f"bond_{metadata.get_name(column).removeprefix('bond_')}": array
                for column, array in batch.to_columns(bond_columns).items()
            }
            if batch.soaps is not None:
                frame.arrays["soap"] = batch.soaps
            ase.io.write(stream, frame, format="extxyz")


WRITERS: dict[Format, Callable[[Path, Iterator[BondBatch], TableMetadata], None]] = {
    Format.PARQUET: write_parquet,
    Format.CSV: write_csv,
    Format.NPZ: write_npz,
    Format.EXTXYZ: write_extxyz,
}
