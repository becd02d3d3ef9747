"""`make run`: the service on this machine, the main job on it, and everything down again.

DATA_DIR names the data (default data/), OUTPUT_DIR where the files go (default client_output/).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from . import main_job
from .lifeline import ROOT, NotReady
from .provision import data_files
from .stack import stack

_JOB_RUN_TIME_SECONDS = 2


def main() -> None:
    data = Path(os.environ.get("DATA_DIR") or ROOT / "data")
    output = Path(os.environ.get("OUTPUT_DIR") or ROOT / "client_output")
    if not data.is_dir():
        sys.exit(f"DATA_DIR={str(data)!r} is not a folder")
    found = {path.relative_to(data).parts[0] for path in data_files(data)}
    compositions = sorted(name for name in found if not name.endswith("-SOAPS"))
    if not compositions:
        sys.exit(f"DATA_DIR={str(data)!r} holds no composition: expected folders such as Zr49Cu49Al2/c/md/lammps/100/21/2000/0")
    log = ROOT / ".local" / "run.log"
    log.parent.mkdir(exist_ok=True)
    try:
        with stack(data, job_run_time_seconds=_JOB_RUN_TIME_SECONDS, log=log) as running:
            print(f"{running.files} files loaded, API on {running.api_url} (its log: {log.relative_to(ROOT)})", flush=True)
            shown = output.relative_to(Path.cwd()) if output.is_relative_to(Path.cwd()) else output
            main_job.run(running.api_url, compositions, shown)
    except NotReady as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
