"""Reader of SOAPS.vec, the SOAP vectors of the atoms of a sub-run."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataops_client.ml.array_unpickler import PickledArray, load_arrays
from dataops_client.ml.errors import MissingFile, RefusedPickle

MAX_FILE_BYTES = 1 << 30


def read_soaps(path: str | PathLike[str], *, atoms: int | None = None) -> NDArray[np.float64]:
    """Read the SOAP vectors of a sub-run.

    Args:
        path: SOAPS.vec.
        atoms: Required number of vectors.

    Returns:
        The matrix, atoms x components, in the order of the structure.

    Raises:
        MissingFile: The file does not exist.
        RefusedPickle: The file contains anything but finite float64 vectors of one length.

    Example:
        >>> read_soaps("data/Zr49Cu49Al2/21/0/SOAPS.vec").shape
        (100, 2101)
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise RefusedPickle(path, f"the file has {size} bytes; the limit is {MAX_FILE_BYTES}")
        data = path.read_bytes()
    except FileNotFoundError:
        raise MissingFile(f"file {path} does not exist") from None
    try:
        matrix = _build_matrix(load_arrays(data), len(data))
    except Exception as error:  # an invalid pickle can make the unpickler raise any exception
        raise RefusedPickle(
            path, f"not a list of float64 vectors: {str(error) or type(error).__name__:.300}"
        ) from error
    if atoms is not None and len(matrix) != atoms:
        raise RefusedPickle(path, f"{len(matrix)} vectors for a structure of {atoms} atoms")
    return matrix


def _build_matrix(read: object, file_bytes: int) -> NDArray[np.float64]:
    read_parts = read if isinstance(read, list) else [read]
    parts = [part for part in read_parts if isinstance(part, PickledArray)]
    if not parts or len(parts) < len(read_parts):
        raise ValueError(f"the content is {_list_types(read_parts)}")
    shapes = {part.shape for part in parts}
    if len(shapes) != 1:
        raise ValueError(f"the vectors have {len(shapes)} different shapes, {sorted(shapes)[:3]}")
    if len(parts[0].shape) != (1 if isinstance(read, list) else 2):
        raise ValueError(f"a part of the matrix has shape {parts[0].shape}")
    if sum(len(part.data) for part in parts) > file_bytes:
        raise ValueError("repeated vectors exceed the size of the file")
    matrix = (
        np.stack([part.to_numpy() for part in parts])
        if isinstance(read, list)
        else parts[0].to_numpy()
    )
    if not matrix.size:
        raise ValueError(f"the matrix is empty, of shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        number = int(np.argmin(np.isfinite(matrix).all(axis=1)))
        raise ValueError(f"vector {number} has a component that is not finite")
    return matrix


def _list_types(parts: list[Any]) -> str:
    return ", ".join(sorted({type(part).__name__.strip("_") for part in parts})) or "nothing"
