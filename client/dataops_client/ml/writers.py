"""Writers of the training table, one per format, which consume one sub-run at a time."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import ase.io
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from numpy.typing import NDArray

from dataops_client.ml.espresso import read_scf_output
from dataops_client.ml.folders import SubRunFolder
from dataops_client.ml.formats import Format
from dataops_client.ml.lobster import Bond


@dataclass(frozen=True, slots=True, eq=False)
class BondBatch:
    """Bonds of one sub-run, with its SOAP matrix or None."""

    folder: SubRunFolder
    structure: Atoms
    bonds: tuple[Bond, ...]
    soaps: NDArray[np.float64] | None

    def to_columns(self, *, with_nc: bool) -> dict[str, NDArray[Any]]:
        count = len(self.bonds)
        composition = {"nc": np.full(count, self.folder.nc)} if with_nc else {}
        return composition | {
            "id_run": np.full(count, self.folder.id_run, dtype=np.int64),
            "sub_run": np.full(count, self.folder.sub_run, dtype=np.int64),
            "atom_a": np.array([bond.atom_a for bond in self.bonds], dtype=np.int64),
            "atom_b": np.array([bond.atom_b for bond in self.bonds], dtype=np.int64),
            "bond_type": np.array([bond.bond_type for bond in self.bonds], dtype=np.str_),
            "distance": np.array([bond.distance for bond in self.bonds], dtype=np.float64),
            "icohp": np.array([bond.icohp for bond in self.bonds], dtype=np.float64),
        }


def write_parquet(path: Path, batches: Iterator[BondBatch], *, with_nc: bool) -> None:
    """Write the rows to a Parquet file, with zstd compression."""
    import pyarrow as pa  # noqa: PLC0415 - required by this format only
    import pyarrow.parquet as pq  # noqa: PLC0415

    writer = None
    try:
        for batch in batches:
            columns = batch.to_columns(with_nc=with_nc)
            arrays = {name: pa.array(column) for name, column in columns.items()}
            if batch.soaps is not None:
                for name in ("soap_a", "soap_b"):
                    vectors = batch.soaps[columns[f"atom_{name[-1]}"] - 1]
                    arrays[name] = pa.FixedSizeListArray.from_arrays(
                        pa.array(vectors.ravel()), batch.soaps.shape[1]
                    )
            table = pa.table(arrays)
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def write_csv(path: Path, batches: Iterator[BondBatch], *, with_nc: bool) -> None:
    """Write the rows to a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for number, batch in enumerate(batches):
            columns = batch.to_columns(with_nc=with_nc)
            vectors = [] if batch.soaps is None else batch.soaps.tolist()
            if number == 0:
                components = range(len(vectors[0]) if vectors else 0)
                writer.writerow(
                    [
                        *columns,
                        *(f"soap_{atom}_{component}" for atom in "ab" for component in components),
                    ]
                )
            for row in zip(*(column.tolist() for column in columns.values()), strict=True):
                bond = dict(zip(columns, row, strict=True))
                writer.writerow(
                    row
                    if not vectors
                    else [*row, *vectors[bond["atom_a"] - 1], *vectors[bond["atom_b"] - 1]]
                )


def write_npz(path: Path, batches: Iterator[BondBatch], *, with_nc: bool) -> None:
    """Write the rows to a compressed NumPy archive."""
    parts: dict[str, list[NDArray[Any]]] = {}
    vectors = 0
    for batch in batches:
        columns = batch.to_columns(with_nc=with_nc)
        if batch.soaps is not None:
            columns |= {
                f"soap_row_{atom}": columns[f"atom_{atom}"] - 1 + vectors for atom in "ab"
            } | {"soap": batch.soaps}
            vectors += len(batch.soaps)
        for name, column in columns.items():
            parts.setdefault(name, []).append(column)
    whole: dict[str, Any] = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    with path.open("wb") as stream:
        np.savez_compressed(stream, **whole)


def write_extxyz(path: Path, batches: Iterator[BondBatch], *, with_nc: bool) -> None:  # noqa: ARG001
    """Write the structures to an extended XYZ file, a frame per sub-run."""
    with path.open("w", encoding="utf-8") as stream:
        for batch in batches:
            folder, structure = batch.folder, cast(Any, batch.structure)
            frame = structure.copy()
            frame.info = {"nc": folder.nc, "id_run": folder.id_run, "sub_run": folder.sub_run}
            bonds = batch.to_columns(with_nc=False)
            frame.info |= {
                f"bond_{name.removeprefix('bond_')}": bonds[name] for name in list(bonds)[2:]
            }
            if batch.soaps is not None:
                frame.arrays["soap"] = batch.soaps
            output = folder.path / f"{folder.nc}.scf.out"
            if output.is_file():
                scf = read_scf_output(output)
                frame.calc = SinglePointCalculator(frame, energy=scf.energy, forces=scf.forces)
            ase.io.write(stream, frame, format="extxyz")


WRITERS: dict[Format, Callable[..., None]] = {
    Format.PARQUET: write_parquet,
    Format.CSV: write_csv,
    Format.NPZ: write_npz,
    Format.EXTXYZ: write_extxyz,
}
