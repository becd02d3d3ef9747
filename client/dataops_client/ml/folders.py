"""Folders of extracted sub-runs: `DIR/<nc>/<id_run>/<sub_run>/`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dataops_client.ml.errors import NotASubRun, NothingToExport

COMPOSITION = re.compile(r"([A-Z][a-z]?[0-9]{0,3}){1,8}", re.ASCII)
_ID_RUN = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_SUB_RUN = re.compile(r"[0-9]|1[0-4]", re.ASCII)
_SUFFIXES_AFTER_COMPOSITION = (".scf.in", ".scf.out", ".lb.out", ".xyz")


@dataclass(frozen=True, slots=True, order=True)
class SubRunFolder:
    """Extracted sub-run. Sorts by composition, then by numbers."""

    nc: str
    id_run: int
    sub_run: int
    path: Path

    def __str__(self) -> str:
        return f"{self.nc}/{self.id_run}/{self.sub_run}"


def list_sub_run_folders(directory: Path) -> list[SubRunFolder]:
    """Return the sub-runs below a folder, sorted. Folders with other names are ignored.

    Raises:
        NothingToExport: The folder contains no sub-run.
    """
    folders = sorted(
        SubRunFolder(path.parent.parent.name, int(path.parent.name), int(path.name), path)
        for path in directory.glob("*/*/*")
        if path.is_dir()
        and _SUB_RUN.fullmatch(path.name)
        and _ID_RUN.fullmatch(path.parent.name)
        and COMPOSITION.fullmatch(path.parent.parent.name)
    )
    if not folders:
        raise NothingToExport(
            f"{directory} has no folder <nc>/<id_run>/<sub_run>, such as Zr49Cu49Al2/21/0"
        )
    return folders


def get_numbers(folder: Path) -> tuple[int, int] | tuple[None, None]:
    """Return the numbers of run and sub-run of a folder `<nc>/<id_run>/<sub_run>`, or None."""
    *_, nc, id_run, sub_run = ("", "", "", *folder.resolve().parts)
    if COMPOSITION.fullmatch(nc) and _ID_RUN.fullmatch(id_run) and _SUB_RUN.fullmatch(sub_run):
        return int(id_run), int(sub_run)
    return None, None


def get_composition(folder: Path) -> str:
    """Return the nominal composition that the files of a sub-run are named by (`<nc>.scf.in`).

    Raises:
        NotASubRun: The folder does not exist, or its files name no or several compositions.
    """
    if not folder.is_dir():
        raise NotASubRun(f"{folder} is not a folder")
    found = {
        entry.name.removesuffix(suffix)
        for entry in folder.iterdir()
        for suffix in _SUFFIXES_AFTER_COMPOSITION
        if entry.name.endswith(suffix) and COMPOSITION.fullmatch(entry.name.removesuffix(suffix))
    }
    if len(found) != 1:
        raise NotASubRun(
            f"{folder} has files named by {sorted(found) or 'no composition'}; "
            "a sub-run has one composition, such as <nc>.scf.in"
        )
    return found.pop()
