"""`make run`: start a local deployment, run the demo on it, and stop it again.

DATA_DIR is the folder with the data (default data/), OUTPUT_DIR the target folder (default
client_output/). A target folder that contains files of other data is rejected and left unchanged.
"""

from __future__ import annotations

import filecmp
import os
import re
import sys
from pathlib import Path

from .child_process import ChildProcessFailed
from .demo import run_demo
from .deployment import list_compositions, start_local_deployment
from .paths import ROOT

_JOB_RUN_TIME_SECONDS = 2
_SUB_RUN = re.compile(r"[A-Z][A-Za-z0-9]*/[1-9][0-9]*/[0-9]+")


def main() -> None:
    data = Path(os.environ.get("DATA_DIR") or ROOT / "data")
    output = Path(os.environ.get("OUTPUT_DIR") or ROOT / "client_output")
    compositions = list_compositions(data)
    if foreign := _first_foreign_file(output, data):
        sys.exit(
            f"{str(output)!r} contains {str(foreign)!r}, which DATA_DIR={str(data)!r} "
            "does not; data sets are not mixed: remove the folder, or set another one: "
            "OUTPUT_DIR=... make run"
        )
    log = ROOT / ".local" / "run.log"
    log.parent.mkdir(exist_ok=True)
    try:
        with start_local_deployment(
            data, job_run_time_seconds=_JOB_RUN_TIME_SECONDS, log=log
        ) as running:
            print(
                f"{running.files} files loaded, API on {running.api_url} "
                f"(log: {log.relative_to(ROOT)})",
                flush=True,
            )
            shown = output.relative_to(Path.cwd()) if output.is_relative_to(Path.cwd()) else output
            run_demo(running.api_url, compositions, shown)
    except ChildProcessFailed as error:
        sys.exit(str(error))


def _first_foreign_file(output: Path, data: Path) -> Path | None:
    """Return a sub-run file in `output` that `data` does not contain with the same content."""
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
