"""`make run`: the service on this machine, the main job on it, and everything down again.

DATA_DIR names the data (default data/), OUTPUT_DIR where the files go (default client_output/). A folder with files of other data is
refused, and left as it is.
"""

from __future__ import annotations

import filecmp
import os
import re
import sys
from pathlib import Path

from . import demo as main_job
from .child_process import ChildProcessFailed
from .deployment import list_compositions, stack
from .paths import ROOT

_JOB_RUN_TIME_SECONDS = 2
_SUB_RUN = re.compile(r"[A-Z][A-Za-z0-9]*/[1-9][0-9]*/[0-9]+")


def main() -> None:
    data = Path(os.environ.get("DATA_DIR") or ROOT / "data")
    output = Path(os.environ.get("OUTPUT_DIR") or ROOT / "client_output")
    compositions = list_compositions(data)
    if foreign := _first_foreign_file(output, data):
        sys.exit(
            f"{str(output)!r} holds a file that DATA_DIR={str(data)!r} does not, {str(foreign)!r}, and data sets are never mixed: "
            f"remove the folder, or name another one: OUTPUT_DIR=... make run"
        )
    log = ROOT / ".local" / "run.log"
    log.parent.mkdir(exist_ok=True)
    try:
        with stack(data, job_run_time_seconds=_JOB_RUN_TIME_SECONDS, log=log) as running:
            print(
                f"{running.files} files loaded, API on {running.api_url} (its log: {log.relative_to(ROOT)})",
                flush=True,
            )
            shown = output.relative_to(Path.cwd()) if output.is_relative_to(Path.cwd()) else output
            main_job.run(running.api_url, compositions, shown)
    except ChildProcessFailed as error:
        sys.exit(str(error))


def _first_foreign_file(output: Path, data: Path) -> Path | None:
    """Return a file of a sub-run folder in `output` that is not, with the same content, in `data`; None if there is none."""
    for path in sorted(output.glob("*/*/*/*")):
        nc, id_run, sub_run, name = path.relative_to(output).parts
        if _SUB_RUN.fullmatch(f"{nc}/{id_run}/{sub_run}") and name != "ro-crate-metadata.json":
            key = Path("c/md/lammps/100", id_run, "2000", sub_run, name)
            originals = (data / nc / key, data / f"{nc}-SOAPS" / key)
            if not any(
                each.is_file() and filecmp.cmp(each, path, shallow=False) for each in originals
            ):
                return path.relative_to(output)
    return None


if __name__ == "__main__":
    main()
