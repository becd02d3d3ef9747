"""`make bench`: speed, growth and memory, compared with a baseline and a floor of the same run.

    python -m bench                      measure, save the results, compare with the last release
    python -m bench --release            the same, and update the committed results (see below)
    python -m bench --render FILE        update the committed results from saved results

The committed results are bench/last_release.json, docs/images/performance.svg, and the tables in
docs/explanation/performance.md. DATA_DIR is the folder with the data (default: the sample), or a
folder with ZIP files of it; it must contain a run with files in at least eight sub-runs.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from localdev.aws_environment import environment_without_aws
from localdev.child_process import start_child_process
from localdev.paths import ROOT
from server.provision import data_files

from .calls import count_calls, write_call_samples
from .cold_start import measure_cold_start
from .downloads import measure_downloads, measure_with_delay
from .growth import measure_growth, measure_parallel_scheduling, write_growth_samples
from .load import measure_load, write_load_samples
from .memory import measure_memory
from .packing import measure_packing
from .picture import draw
from .render import render_tables, update_document
from .rows import Report, Row, list_regressions
from .run import Run, find_largest_run
from .samples import schedule_runs
from .service import Stores, start_proxied, start_service, start_stores
from .transfer import measure_transfer

_RELEASE = ROOT / "bench" / "last_release.json"
_RESULTS = ROOT / "bench" / "results"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--release", action="store_true", help="update the committed results")
    parser.add_argument("--render", type=Path, metavar="FILE", help="do not measure")
    arguments = parser.parse_args()
    if arguments.render:
        report = msgspec.json.decode(arguments.render.read_bytes(), type=Report)
    else:
        report = _measure(Path(os.environ.get("DATA_DIR") or ROOT / "data").resolve())
        _save(report)
        print(render_tables(report))
        if _RELEASE.exists():
            earlier = msgspec.json.decode(_RELEASE.read_bytes(), type=Report)
            for warning in list_regressions(report, earlier):
                print(f"WARNING: worse than the last release: {warning}")
    if arguments.render or arguments.release:
        _RELEASE.write_bytes(_encode(report))
        update_document(ROOT / "docs" / "explanation" / "performance.md", report)
        draw(report, ROOT / "docs" / "images" / "performance.svg")


def _measure(data: Path) -> Report:
    began = time.perf_counter()
    progress = _Progress()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        data = _unpack(data, work / "data")
        nc, id_run, sub_runs = find_largest_run(data)
        progress.add("packing", measure_packing(data))
        stores = stack.enter_context(start_stores(data))
        run = Run(nc, id_run, sub_runs, stores)
        _write_samples(stores, run)
        progress.add("loading")
        baseline_url = stack.enter_context(
            start_child_process("bench.baseline", str(data), environment=environment_without_aws())
        )
        with (
            start_proxied(stores) as proxied,
            start_service(proxied, S3_PUBLIC_ENDPOINT=stores.s3_url) as service,
        ):
            requests = count_calls(run, proxied, service)
            parallel = measure_parallel_scheduling(proxied, service)
            delayed = measure_with_delay(run, stores, proxied, service)
            progress.add("calls and delay")
        with start_service(stores) as service:
            downloads = measure_downloads(run, stores, service, baseline_url, work)
            progress.add("downloads", [*downloads, *delayed])
            progress.add("growth", [*measure_growth(stores, service), parallel])
            one_worker = list(measure_load(run, service, 1, []))
            progress.add("load of one worker", one_worker)
        with start_service(stores, WEB_WORKERS="2") as service:
            progress.add("load of two workers", measure_load(run, service, 2, one_worker))
        with start_service(stores) as service:
            progress.add("memory", [measure_memory(stores, service)])
        progress.add("transfer", [measure_transfer(stores, work)])
        progress.add("cold start", measure_cold_start(run, stores, work))
        size = sum(path.stat().st_size for path in data_files(data)) / 1e6
    return Report(
        date=time.strftime("%Y-%m-%d"),
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        data=f"run {id_run} of {nc}, {size:.0f} MB",
        seconds=time.perf_counter() - began,
        rows=tuple(progress.rows),
        requests=requests,
    )


class _Progress:
    """Collects the measured rows, and prints the time of each step."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._began = time.perf_counter()

    def add(self, step: str, rows: Iterable[Row] = ()) -> None:
        self.rows += rows
        now = time.perf_counter()
        print(f"{step}: {now - self._began:.0f} s", file=sys.stderr, flush=True)
        self._began = now


def _write_samples(stores: Stores, run: Run) -> None:
    schedule_runs(stores, run.nc, [int(run.id_run)])
    write_growth_samples(stores)
    write_load_samples(stores)
    write_call_samples(stores)


def _unpack(data: Path, target: Path) -> Path:
    """Return the folder of the data, into which ZIP files of `data` are unpacked."""
    archives = sorted(data.glob("*.zip")) if data.is_dir() else []
    for path in archives:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(target)
    return target if archives else data


def _encode(report: Report) -> bytes:
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def _save(report: Report) -> None:
    _RESULTS.mkdir(exist_ok=True)
    saved = _RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    saved.write_bytes(_encode(report))
    print(f"saved to {saved.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
