"""The run that is downloaded."""

from __future__ import annotations

import sys
from pathlib import Path

from server.provision import data_files

from .service import Stores


class Run:
    """The run that is downloaded, and its objects in the store."""

    def __init__(self, nc: str, id_run: str, sub_runs: list[str], stores: Stores) -> None:
        self.nc, self.id_run, self.sub_runs = nc, id_run, sub_runs
        self.path = f"/v1/generate/{nc}/{id_run}"
        self.archives = f"{nc}/{id_run}"
        self._stores = stores

    def list_prefixes(self, sub_run: str) -> list[str]:
        below = f"c/md/lammps/100/{self.id_run}/2000/{sub_run}/"
        return [f"{self.nc}/{below}", f"{self.nc}-SOAPS/{below}"]

    def list_files(self, *sub_runs: str) -> list[str]:
        return [
            key
            for sub_run in sub_runs
            for prefix in self.list_prefixes(sub_run)
            for key in self._stores.list_keys(prefix)
        ]

    def list_archives(self, *sub_runs: str, record: bool = False) -> list[str]:
        return [
            key
            for sub_run in sub_runs
            for key in self._stores.list_keys(f"archives/{self.archives}/{sub_run}/")
            if key.endswith(".zip") != record
        ]

    def delete_archives(self, sub_run: str = "") -> None:
        self._stores.delete_archives(f"{self.archives}/{sub_run}/" if sub_run else self.archives)


def find_largest_run(data: Path) -> tuple[str, str, list[str]]:
    """Return composition, id and sub-runs of the run with the most sub-runs."""
    runs: dict[tuple[str, str], set[str]] = {}
    for path in data_files(data):
        parts = path.relative_to(data).parts
        if len(parts) == 9 and not parts[0].endswith("-SOAPS"):
            runs.setdefault((parts[0], parts[5]), set()).add(parts[7])
    if not runs:
        sys.exit(f"DATA_DIR={str(data)!r} contains no runs")
    nc, id_run = max(runs, key=lambda run: (len(runs[run]), -int(run[1])))
    return nc, id_run, sorted(runs[nc, id_run], key=int)
