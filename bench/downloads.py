"""Downloads compared with the prototype and with the floor: first, repeated, whole run, from parts.

Each is measured end to end (link, download, verification, extraction) with the client, and in its
two parts: the link, which contains the build of the archive, and the work of the client.
"""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from dataops_client import ArchiveLink, DataOpsClient

from .floors import Floors
from .rows import Row
from .run import Run
from .service import Service, Stores, timed
from .store_proxy import DELAY_MS, delayed

_ROUNDS = 8
_RUN_ROUNDS = 3
_BASELINE_RUN_ROUNDS = 2
_GOALS = {"first": 4, "repeated": 12, "whole run": 5.5, "from parts": 12}
"""Speed end to end, in times the baseline."""
_FLOOR_GOAL = 1.3


class _TimedClient(DataOpsClient):
    """A client that measures how long it waits for the link within a download."""

    link_seconds = 0.0

    def link(self, *args: Any, **options: Any) -> ArchiveLink:
        began = time.perf_counter()
        link = super().link(*args, **options)
        self.link_seconds = time.perf_counter() - began
        return link


class _Times:
    """Collects the durations of each measured part; of several rounds, the best counts."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, name: str, seconds: float) -> None:
        self._seconds[name].append(seconds)

    def best(self, name: str) -> float:
        return min(self._seconds[name])


def measure_downloads(
    run: Run, stores: Stores, service: Service, baseline_url: str, work: Path
) -> list[Row]:
    """Alternate ours, floor and baseline, so that other load on the machine affects all."""
    times, floors = _Times(), Floors(stores)
    with (
        _TimedClient(service.url, timeout_seconds=300) as client,
        httpx.Client(timeout=120) as http,
    ):

        def measure_ours(kind: str, sub_run: str | None) -> None:
            total = timed(
                lambda: client.download(run.nc, run.id_run, sub_run, work / "ours", force=True)
            )
            times.add(f"{kind} total", total)
            times.add(f"{kind} client", total - client.link_seconds)

        def measure_baseline(kind: str, *sub_runs: str) -> None:
            parts = [_download_from_baseline(http, baseline_url, run, s, work) for s in sub_runs]
            times.add(f"{kind} baseline server", sum(server for server, _ in parts))
            times.add(f"{kind} baseline client", sum(rest for _, rest in parts))
            times.add(f"{kind} baseline total", sum(map(sum, parts)))

        def measure_client_floor(kind: str, path: str) -> None:
            url = json.loads(service.get(path))["download_url"]
            times.add(f"{kind} client floor", timed(floors.fetch, url, work / "floor"))

        for sub_run in run.sub_runs[:_ROUNDS]:
            path, files = f"{run.path}/{sub_run}/download", run.list_files(sub_run)
            measure_baseline("first", sub_run)
            run.delete_archives(sub_run)
            times.add("first server", timed(service.get, path))
            times.add("first server floor", timed(floors.build, files))
            run.delete_archives(sub_run)
            measure_ours("first", sub_run)
            measure_ours("repeated", sub_run)
            times.add("repeated server", timed(service.get, path))
            (record,) = run.list_archives(sub_run, record=True)
            prefixes = run.list_prefixes(sub_run)
            times.add(
                "repeated server floor",
                timed(floors.warm_link, run.nc, run.id_run, prefixes, record),
            )
            measure_client_floor("first", path)
        files = run.list_files(*run.sub_runs)
        for turn in range(_RUN_ROUNDS):
            run.delete_archives()
            times.add("whole run server", timed(service.get, f"{run.path}/download"))
            times.add("whole run server floor", timed(floors.build, files))
            run.delete_archives()
            measure_ours("whole run", None)
            measure_client_floor("whole run", f"{run.path}/download")
            if turn < _BASELINE_RUN_ROUNDS:
                measure_baseline("whole run", *run.sub_runs)
        _build_parts(run, service)
        parts = run.list_archives(*run.sub_runs)
        for _ in range(_RUN_ROUNDS):
            run.delete_archives("run")
            times.add("from parts server", timed(service.get, f"{run.path}/download"))
            times.add("from parts server floor", timed(floors.join, parts))
            run.delete_archives("run")
            measure_ours("from parts", None)
    return list(_list_rows(times))


def measure_with_delay(run: Run, stores: Stores, proxied: Stores, service: Service) -> list[Row]:
    """Measure the server part with 20 ms added to every response of the stores."""
    times, floors, direct = _Times(), Floors(proxied), Floors(stores)
    files = run.list_files(*run.sub_runs)

    def measure(kind: str, path: str, floor: Callable[..., None], *arguments: object) -> None:
        times.add(kind, timed(service.get, path))
        times.add(f"{kind} floor", timed(floor, *arguments))

    with delayed(proxied.urls, DELAY_MS):
        for sub_run in run.sub_runs[:_ROUNDS]:
            path, inputs = f"{run.path}/{sub_run}/download", run.list_files(sub_run)
            run.delete_archives(sub_run)
            measure("first", path, floors.build, inputs)
            times.add("first without delay", timed(direct.build, inputs))
            (record,) = run.list_archives(sub_run, record=True)
            prefixes = run.list_prefixes(sub_run)
            measure("repeated", path, floors.warm_link, run.nc, run.id_run, prefixes, record)
        for _ in range(_RUN_ROUNDS):
            run.delete_archives()
            measure("whole run", f"{run.path}/download", floors.build, files)
        _build_parts(run, service)
        parts = run.list_archives(*run.sub_runs)
        for _ in range(_RUN_ROUNDS):
            run.delete_archives("run")
            measure("from parts", f"{run.path}/download", floors.join, parts)
    goals = {
        "first": 5 * DELAY_MS + _FLOOR_GOAL * times.best("first without delay") * 1e3,
        "repeated": 3 * DELAY_MS + 15,
    }
    section = f"Links with {DELAY_MS} ms added to every store response"
    return [
        Row(
            section,
            kind,
            "ms",
            times.best(kind) * 1e3,
            floor=times.best(f"{kind} floor") * 1e3,
            goal=goals.get(kind),
        )
        for kind in _GOALS
    ]


def _list_rows(times: _Times) -> Iterator[Row]:
    section = "Downloads, verified and extracted"
    for kind, speed in _GOALS.items():
        other = "whole run" if kind == "from parts" else "first" if kind == "repeated" else kind
        total, server, client = (
            times.best(f"{other} baseline {part}") * 1e3 for part in ("total", "server", "client")
        )
        server_floor = times.best(f"{kind} server floor") * 1e3
        client_floor = times.best(f"{other} client floor") * 1e3
        is_build = kind in ("first", "whole run")
        yield Row(
            section,
            f"{kind}, end to end",
            "ms",
            times.best(f"{kind} total") * 1e3,
            total,
            server_floor + client_floor,
            total / speed,
        )
        yield Row(
            section,
            f"{kind}, link",
            "ms",
            times.best(f"{kind} server") * 1e3,
            server,
            server_floor,
            server_floor * _FLOOR_GOAL if is_build else None,
        )
        yield Row(
            section,
            f"{kind}, client",
            "ms",
            times.best(f"{kind} client") * 1e3,
            client,
            client_floor,
        )


def _build_parts(run: Run, service: Service) -> None:
    for sub_run in run.sub_runs:
        service.get(f"{run.path}/{sub_run}/download")


def _download_from_baseline(
    http: httpx.Client, url: str, run: Run, sub_run: str, work: Path
) -> tuple[float, float]:
    """Save the ZIP archive of the prototype and extract it, as its users do.

    Return the time to the first byte of the response, and the rest.
    """
    folder = work / "baseline" / sub_run
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = folder / "archive.zip"
    began = time.perf_counter()
    with http.stream("GET", f"{url}{run.path}/{sub_run}/download") as response:
        first_byte = time.perf_counter()
        response.raise_for_status()
        with archive.open("wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
    with zipfile.ZipFile(archive) as zip_file:
        zip_file.extractall(folder)
    return first_byte - began, time.perf_counter() - first_byte
