"""The folders that the client extracts to: `DIR/<nc>/<id_run>/<sub_run>/`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dataops_client.ml.errors import NotASubRun, NothingToExport

FORMULA = re.compile(r"([A-Z][a-z]?[0-9]{0,3}){1,8}", re.ASCII)
_ID_RUN = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_SUB_RUN = re.compile(r"[0-9]|1[0-4]", re.ASCII)
_NAMED_BY_COMPOSITION = (".scf.in", ".scf.out", ".lb.out", ".xyz")


@dataclass(frozen=True, slots=True, order=True)
class SubRunFolder:
    """An extracted sub-run; sorts by composition, then by number."""

    nc: str
    id_run: int
    sub_run: int
    path: Path

    def __str__(self) -> str:
        return f"{self.nc}/{self.id_run}/{self.sub_run}"


def list_sub_run_folders(tree: Path) -> list[SubRunFolder]:
    """The sub-runs under `tree`, sorted; folders of other names are passed over. Raises NothingToExport where there is none."""
    folders = sorted(
        SubRunFolder(path.parent.parent.name, int(path.parent.name), int(path.name), path)
        for path in tree.glob("*/*/*")
        if path.is_dir()
        and _SUB_RUN.fullmatch(path.name)
        and _ID_RUN.fullmatch(path.parent.name)
        and FORMULA.fullmatch(path.parent.parent.name)
    )
    if not folders:
        raise NothingToExport(
            f"{tree} has no folder <nc>/<id_run>/<sub_run>, such as Zr49Cu49Al2/21/0"
        )
    return folders


def get_composition(folder: Path) -> str:
    """The nominal composition that names the files of a sub-run (`<nc>.scf.in` and its like).

    Raises NotASubRun where the folder is not there or its files name none or several.
    """
    if not folder.is_dir():
        raise NotASubRun(f"{folder} is not a folder")
    named = {
        entry.name.removesuffix(suffix)
        for entry in folder.iterdir()
        for suffix in _NAMED_BY_COMPOSITION
        if entry.name.endswith(suffix) and FORMULA.fullmatch(entry.name.removesuffix(suffix))
    }
    if len(named) != 1:
        raise NotASubRun(
            f"{folder} has files named by {sorted(named) or 'no composition'}, where a sub-run has one, <nc>.scf.in"
        )
    return named.pop()
