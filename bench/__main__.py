"""`make bench`: speed and memory, compared with a baseline in the same execution.

It takes less than five minutes on the sample and on the real data. DATA_DIR is the folder with
the data (default: the sample); it must contain a run whose first five sub-runs have files. The
tables are printed and saved in bench/results/.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from localdev.aws_environment import EMULATOR_CREDENTIALS, environment_without_aws
from localdev.child_process import start_child_process
from localdev.paths import ROOT
from localdev.stores import MissingProgram, dynamodb_local, seaweedfs, wait_until_ready
from server.provision import data_files

from .downloads import Row, Service, measure, start_service
from .packing import measure_packing, read_contents
from .transfer import measure_throughput

LARGE_BYTES = 2**30


def main() -> None:
    data = Path(os.environ.get("DATA_DIR") or ROOT / "data").resolve()
    nc, id_run = _get_largest_run(data)
    began = time.perf_counter()
    lines = [f"# Benchmark of {nc} run {id_run}, {_format_size(data)}", ""]
    lines += [f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"]
    for line in _sections(data, nc, id_run):
        print(line, flush=True)
        lines.append(line)
    lines += ["", f"Took {time.perf_counter() - began:.0f} s."]
    results = ROOT / "bench" / "results"
    results.mkdir(exist_ok=True)
    saved = results / f"{time.strftime('%Y%m%d-%H%M%S')}.md"
    saved.write_text("\n".join(lines) + "\n")
    print(f"saved to {saved.relative_to(ROOT)}")


def _sections(data: Path, nc: str, id_run: str) -> Iterator[str]:
    yield from ("", "## Packing SOAPS.vec", "")
    yield from measure_packing(read_contents(data), rounds=3)
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        inherited = environment_without_aws()
        baseline_url = stack.enter_context(
            start_child_process("bench.baseline", str(data), environment=inherited)
        )
        s3_url = stack.enter_context(seaweedfs(EMULATOR_CREDENTIALS))
        try:
            table_url, table_name = stack.enter_context(dynamodb_local()), "DynamoDB Local"
        except MissingProgram as missing:
            table_url = stack.enter_context(
                start_child_process("localdev.moto_server", environment=inherited)
            )
            table_name = f"the emulator; {missing}"
        wait_until_ready(s3_url, table_url, EMULATOR_CREDENTIALS)
        with start_service(data, s3_url, table_url) as service:
            yield from _downloads(
                measure(service, baseline_url, nc, id_run, work / "seaweedfs", "SeaweedFS")
            )
            yield ""
            yield f"(run table: {table_name})"
            yield from _against_curl("SeaweedFS", service, work / "large")
            service.delete_archives(f"{nc}/{id_run}/1/")  # its first download is measured next
            yield from _startup(service, nc, id_run)
        emulator_url = stack.enter_context(
            start_child_process("localdev.moto_server", environment=inherited)
        )
        with start_service(data, emulator_url, emulator_url) as service:
            yield from _downloads(
                measure(service, baseline_url, nc, id_run, work / "emulator", "emulator")
            )
            yield from _against_curl("emulator", service, work / "large")


def _downloads(rows: list[Row]) -> Iterator[str]:
    yield from (
        "",
        "## Downloads, verified and extracted",
        "",
        "| | seconds | baseline | ratio |",
        "|---|---:|---:|---:|",
    )
    for row in rows:
        times = f"{row.seconds:.3f} | {row.baseline_seconds:.3f}"
        yield f"| {row.name} | {times} | 1/{1 / row.ratio:.1f} |"


def _against_curl(store: str, service: Service, work: Path) -> Iterator[str]:
    yield ""
    measured = measure_throughput(service.s3, service.bucket, LARGE_BYTES, work)
    if measured is None:
        yield "(curl is not installed: no comparison)"
        return
    size, client, curl = LARGE_BYTES / 2**30, measured.client / 1e6, measured.curl / 1e6
    yield (
        f"- {store}: archive of {size:g} GiB: client with SHA-256 {client:.0f} MB/s; "
        f"curl {curl:.0f} MB/s"
    )


def _startup(service: Service, nc: str, id_run: str) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.startup", nc, id_run]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    done = subprocess.run(
        command, cwd=ROOT, env=service.environment, text=True, check=True, **streams
    )  # type: ignore[call-overload]
    measured = json.loads(done.stdout.splitlines()[-1])
    yield from ("", "## Cold start", "", "| part | ms |", "|---|---:|")
    for name, seconds in measured["parts"]:
        yield f"| {name} | {seconds * 1e3:.1f} |"
    yield from ("", "## AWS calls per request", "", "| request | calls | which |", "|---|---:|---|")
    for name, calls in measured["calls"].items():
        yield f"| {name} | {len(calls)} | {', '.join(_count_calls(calls))} |"


def _count_calls(calls: list[str]) -> list[str]:
    return [f"{calls.count(name)} {name}" for name in sorted(set(calls))]


def _get_largest_run(data: Path) -> tuple[str, str]:
    """Return the composition and id of the run with the most sub-runs."""
    runs: dict[tuple[str, str], set[str]] = {}
    for path in data_files(data):
        parts = path.relative_to(data).parts
        if len(parts) == 9 and not parts[0].endswith("-SOAPS"):
            runs.setdefault((parts[0], parts[5]), set()).add(parts[7])
    if not runs:
        sys.exit(f"DATA_DIR={str(data)!r} contains no runs")
    return max(runs, key=lambda run: (len(runs[run]), -int(run[1])))


def _format_size(data: Path) -> str:
    return f"{sum(path.stat().st_size for path in data_files(data)) / 1e6:.0f} MB of data"


if __name__ == "__main__":
    main()
