"""The main job: schedule every available run of some compositions, augment, wait, download and extract all sub-runs that have files.

    python -m localdev.demo --output FOLDER COMPOSITION...      DATAOPS_URL names the API

Uses the client library as any other program would. Exit code 1, and the error, where something is not as it should be.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dataops_client import DataOpsClient, DataOpsError, NotFound, NothingAvailable
from rich.console import Console
from rich.table import Table

_PARALLEL_DOWNLOADS = 4
_WAIT_SECONDS = 600


@dataclass(frozen=True, slots=True)
class RunReport:
    """What was done for one run; times in seconds."""

    nc: str
    id_run: str
    sub_runs: int
    without_files: int
    files: int
    archive_bytes: int
    schedule_seconds: float
    wait_seconds: float
    download_seconds: float


def do(client: DataOpsClient, compositions: list[str], output: Path) -> list[RunReport]:
    """All runs of the compositions are scheduled first, so that their jobs run side by side, then finished one after the other.

    So are those that are scheduled already: a job that was interrupted is completed by the next one.
    """
    scheduled: list[tuple[str, str, float]] = []
    for nc in compositions:
        earlier = iter([run.id_run for run in client.available(nc).get(nc, [])])
        while (began := time.perf_counter()) and (
            id_run := next(earlier, None) or _schedule(client, nc)
        ):
            client.augment(nc, id_run)
            scheduled.append((nc, id_run, time.perf_counter() - began))
    return [_finish(client, nc, id_run, seconds, output) for nc, id_run, seconds in scheduled]


def _schedule(client: DataOpsClient, nc: str) -> str | None:
    try:
        return client.generate(nc).id_run
    except NothingAvailable:
        return None


def _finish(
    client: DataOpsClient, nc: str, id_run: str, schedule_seconds: float, output: Path
) -> RunReport:
    began = time.perf_counter()
    sub_runs = client.wait(nc, id_run, timeout_seconds=_WAIT_SECONDS, poll_seconds=0.5).sub_runs
    waited = time.perf_counter()

    def fetch(sub_run: str) -> tuple[int, int]:
        try:
            link = client.download(nc, id_run, sub_run, output).link
        except NotFound:  # scheduled, and never simulated
            return 0, 0
        return len(link.files), link.size_bytes

    with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
        fetched = [counts for counts in pool.map(fetch, sub_runs) if counts != (0, 0)]
    return RunReport(
        nc=nc,
        id_run=id_run,
        sub_runs=len(fetched),
        without_files=len(sub_runs) - len(fetched),
        files=sum(files for files, _ in fetched),
        archive_bytes=sum(size_bytes for _, size_bytes in fetched),
        schedule_seconds=schedule_seconds,
        wait_seconds=waited - began,
        download_seconds=time.perf_counter() - waited,
    )


def show(reports: list[RunReport], output: Path, seconds: float) -> None:
    table = Table(title=f"extracted to {output}/ in {seconds:.1f} s", title_justify="left")
    for heading in ("composition", "run"):
        table.add_column(heading)
    for heading in ("sub-runs", "no files", "files", "archives", "schedule", "wait", "download"):
        table.add_column(heading, justify="right")
    for report in reports:
        counts = (
            str(report.sub_runs),
            str(report.without_files),
            str(report.files),
            f"{report.archive_bytes / 1e6:.1f} MB",
        )
        times = (
            f"{value:.2f} s"
            for value in (report.schedule_seconds, report.wait_seconds, report.download_seconds)
        )
        table.add_row(report.nc, report.id_run, *counts, *times)
    Console(width=None if sys.stdout.isatty() else 110).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("compositions", nargs="+", metavar="COMPOSITION")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    run(None, arguments.compositions, arguments.output)


def run(url: str | None, compositions: list[str], output: Path) -> None:
    """Do the job and print the table of what was done; end the process with exit code 1 and the error where it fails."""
    began = time.perf_counter()
    try:
        with DataOpsClient(url) as client:
            reports = do(client, compositions, output)
    except (DataOpsError, OSError) as error:
        sys.exit(f"the job failed: {error}")
    if not reports:
        sys.exit(f"there is no run of {', '.join(compositions)}")
    show(reports, output, time.perf_counter() - began)


if __name__ == "__main__":
    main()
