"""`make bench`: what is fast here and what is not, as ratios of one run. Under five minutes on the sample and on the real data.

DATA_DIR names the data: a composition with a run whose first five sub-runs have files (default: the sample). The table goes to
standard output and to bench/results/.
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

from localdev.child_process import child
from localdev.paths import ROOT
from localdev.stores import dynamodb_local, seaweedfs
from server.provision import data_files

from . import packing
from .downloads import Row, Service, measure, service
from .transfer import throughput

LARGE_BYTES = 2**30


def main() -> None:
    data = Path(os.environ.get("DATA_DIR") or ROOT / "data").resolve()
    nc, id_run = _run_of(data)
    began = time.perf_counter()
    lines = [f"# Benchmark of {nc} run {id_run}, {_megabytes(data)}", ""]
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
    yield from _packing(data)
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        }
        baseline_url = stack.enter_context(
            child("bench.baseline", str(data), environment=inherited)
        )
        table_url = stack.enter_context(dynamodb_local())
        other_table_url = table_url or stack.enter_context(
            child("localdev.moto_server", environment=inherited)
        )
        with service(data, stack.enter_context(seaweedfs()), other_table_url) as over_weed:
            yield from _downloads(
                measure(over_weed, baseline_url, nc, id_run, work / "weed", "SeaweedFS")
            )
            yield ""
            yield f"(run table: {'DynamoDB Local' if table_url else 'the emulator: Java or DynamoDB Local is not here'})"
            yield from _against_curl("SeaweedFS", over_weed, work / "large")
            over_weed.forget_archives(f"{nc}/{id_run}/1/")  # whose first download is looked at
            yield from _startup(over_weed, nc, id_run)
        emulator_url = stack.enter_context(child("localdev.moto_server", environment=inherited))
        with service(data, emulator_url, emulator_url) as over_emulator:
            yield from _downloads(
                measure(over_emulator, baseline_url, nc, id_run, work / "emulator", "emulator")
            )
            yield from _against_curl("emulator", over_emulator, work / "large")


def _packing(data: Path) -> Iterator[str]:
    contents = packing.read_contents(data)
    rows = packing.throughputs(contents, rounds=3)
    level_6, ceiling = (
        next(row for row in rows if row.name.startswith(name))
        for name in ("zipfile level 6", "ISA-L alone")
    )
    yield from (
        "",
        "## Packing SOAPS.vec",
        "",
        "| | MB/s | ratio | times level 6 | of ISA-L alone |",
        "|---|---:|---:|---:|---:|",
    )
    for row in rows:
        speed = row.bytes_per_second
        relative = (
            f"{speed / level_6.bytes_per_second:.1f} | {speed / ceiling.bytes_per_second:.0%}"
        )
        yield f"| {row.name} | {speed / 1e6:.0f} | {row.ratio:.2f} | {relative} |"
    yield ""
    for growth in (
        packing.memory("pack", contents[0]),
        packing.memory("pack and upload", contents[0]),
    ):
        yield f"- {growth.name} {growth.size_bytes / 2**30:.0f} GiB: peak RSS +{growth.peak_bytes / 2**20:.0f} MiB"
    small, large = packing.many_members((1_000, 10_000))
    yield f"- 10,000 small members take {large.seconds / small.seconds:.1f} times as long as 1,000 ({large.seconds:.2f} s)"


def _downloads(rows: list[Row]) -> Iterator[str]:
    yield from (
        "",
        "## Downloads, verified and extracted",
        "",
        "| | seconds | baseline | ratio |",
        "|---|---:|---:|---:|",
    )
    for row in rows:
        yield f"| {row.name} | {row.seconds:.3f} | {row.baseline_seconds:.3f} | 1/{1 / row.ratio:.1f} |"


def _against_curl(store: str, running: Service, work: Path) -> Iterator[str]:
    yield ""
    if (measured := throughput(running.s3, running.bucket, LARGE_BYTES, work)) is None:
        yield "(no curl here to compare with)"
        return
    ours, curl = measured.client / 1e6, measured.curl / 1e6
    yield f"- {store}: an archive of {LARGE_BYTES / 2**30:g} GiB: client, SHA-256 included, {ours:.0f} MB/s; curl {curl:.0f} MB/s"


def _startup(running: Service, nc: str, id_run: str) -> Iterator[str]:
    command = [sys.executable, "-m", "bench.startup", nc, id_run]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    done = subprocess.run(
        command, cwd=ROOT, env=running.environment, text=True, check=True, **streams
    )  # type: ignore[call-overload]
    measured = json.loads(done.stdout.splitlines()[-1])
    yield from ("", "## Cold start", "", "| part | ms |", "|---|---:|")
    for name, seconds in measured["parts"]:
        yield f"| {name} | {seconds * 1e3:.1f} |"
    yield from ("", "## AWS calls per request", "", "| request | calls | which |", "|---|---:|---|")
    for name, calls in measured["calls"].items():
        yield f"| {name} | {len(calls)} | {', '.join(_counted(calls))} |"


def _counted(calls: list[str]) -> list[str]:
    return [f"{calls.count(name)} {name}" for name in sorted(set(calls))]


def _run_of(data: Path) -> tuple[str, str]:
    """The composition and run with the most sub-runs."""
    runs: dict[tuple[str, str], set[str]] = {}
    for path in data_files(data):
        parts = path.relative_to(data).parts
        if len(parts) == 9 and not parts[0].endswith("-SOAPS"):
            runs.setdefault((parts[0], parts[5]), set()).add(parts[7])
    if not runs:
        sys.exit(f"DATA_DIR={str(data)!r} holds no run")
    return max(runs, key=lambda run: (len(runs[run]), -int(run[1])))


def _megabytes(data: Path) -> str:
    return f"{sum(path.stat().st_size for path in data_files(data)) / 1e6:.0f} MB of data"


if __name__ == "__main__":
    main()
