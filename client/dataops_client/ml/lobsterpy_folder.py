"""Folders that LobsterPy and pymatgen read: LOBSTER files with the structure `POSCAR.lobster`.

LobsterPy takes the structure from a POSCAR. LOBSTER 5 writes POSCAR.lobster; calculations with
Quantum ESPRESSO and older versions have none.
"""

from __future__ import annotations

import shutil
from os import PathLike
from pathlib import Path

import ase.io

from dataops_client.ml.errors import TableExists
from dataops_client.ml.selection import select_sub_runs
from dataops_client.ml.sub_run import require_initial_structure

POSCAR = "POSCAR.lobster"


def write_lobsterpy_folder(
    directory: str | PathLike[str], output: str | PathLike[str]
) -> list[Path]:
    """Write `output/<nc>/<id_run>/<sub_run>/` of all usable sub-runs, for LobsterPy.

    A folder contains POSCAR.lobster and copies of all files of LOBSTER (`*.lobster`, `lobsterin`,
    `lobsterout`). The atoms of POSCAR.lobster are in the order of the calculation, on which the
    labels of LOBSTER (`Cu12`) depend. The downloaded folders are not changed, so that
    `dataops verify` accepts them.

    Args:
        directory: Folder of extracted sub-runs, `directory/<nc>/<id_run>/<sub_run>/`, or of a
            pulled dataset.
        output: Folder to write, which must not exist or be empty.

    Returns:
        The folders of the sub-runs.

    Raises:
        TableExists: The folder to write is not empty.
        NothingToExport: The folder has no usable sub-run.
        MalformedFile: A structure cannot be parsed.

    Example:
        >>> write_lobsterpy_folder("data", "lobsterpy")[0]
        PosixPath('lobsterpy/Zr49Cu49Al2/21/0')
    """
    output = Path(output)
    require_empty(output)
    written = []
    for selected in select_sub_runs(Path(directory)).sub_runs:
        source = selected.folder.path
        structure = require_initial_structure(source, selected.folder.nc)
        target = output / str(selected.folder)
        target.mkdir(parents=True)
        for path in sorted((*source.glob("*.lobster"), *source.glob("lobster*"))):
            if path.suffix in ("", ".lobster"):
                shutil.copyfile(path, target / path.name)
        if not (target / POSCAR).exists():
            ase.io.write(target / POSCAR, structure, format="vasp", vasp5=True, direct=True)
        written.append(target)
    return written


def require_empty(folder: Path) -> None:
    """Raise TableExists if the folder has files."""
    if folder.exists() and any(folder.iterdir()):
        raise TableExists(f"folder {folder} is not empty; remove it or use another name")
