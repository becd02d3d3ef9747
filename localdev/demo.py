"""Demo of the client library: schedule, augment, wait for and download all runs of compositions.

    python -m localdev.demo --output FOLDER COMPOSITION...

DATAOPS_URL is the address of the API. Every sub-run that has files is downloaded and extracted.
After an error, the exit code is 1.
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
    """Counts and times of one run."""

    nc: str
    id_run: str
    sub_runs: int
    without_files: int
    files: int
    archive_bytes: int
    schedule_seconds: float
    wait_seconds: float
    download_seconds: float


def complete_runs(client: DataOpsClient, compositions: list[str], output: Path) -> list[RunReport]:
    """Schedule and download all runs of the compositions.

    All runs are scheduled first, so that their jobs run concurrently, and then downloaded one after
    the other. Runs that are already scheduled are included, so that a repeated call completes an
    interrupted one.
    """
    scheduled: list[tuple[str, str, float]] = []
    for nc in compositions:
        earlier = iter([run.id_run for run in client.available(nc).get(nc, [])])
        while True:
            began = time.perf_counter()
            id_run = next(earlier, None) or _schedule(client, nc)
            if id_run is None:
                break
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
        except NotFound:  # scheduled, but never simulated
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


def print_reports(reports: list[RunReport], output: Path, seconds: float) -> None:
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
    run_demo(None, arguments.compositions, arguments.output)


def run_demo(url: str | None, compositions: list[str], output: Path) -> None:
    """Complete the runs of the compositions and print a table. SystemExit if an error occurs."""
    began = time.perf_counter()
    try:
        with DataOpsClient(url) as client:
            reports = complete_runs(client, compositions, output)
    except (DataOpsError, OSError) as error:
        sys.exit(f"the demo failed: {error}")
    if not reports:
        sys.exit(f"no runs found for {', '.join(compositions)}")
    print_reports(reports, output, time.perf_counter() - began)


if __name__ == "__main__":
    main()
