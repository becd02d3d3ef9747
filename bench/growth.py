"""Growth: the exponent e of `cost ~ size ** e`, from two sizes.

An exponent of 0 is a constant cost, 1 is proportional to the size. For parallel schedulers, the
cost is the number of writes to the run table, otherwise the time of a request.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import median

from .rows import EXPONENT, Row, fit_exponent
from .samples import schedule_runs, write_runs
from .service import Service, Stores, timed
from .store_proxy import read_calls

_SECTION = "Growth"
_RUNS = {"Cu1": 1_000, "Cu4": 4_000}
_FREE_RUNS = 20
_RECENT_RUNS = {"Co1": 200, "Co4": 800}
"""Runs that were scheduled just now. Such runs may be released, so the API reads them again."""
_FILES = {"Ag1": 240, "Ag4": 960}
"""Archives of at most 1,000 members are built within the request."""
_CALLERS = {"Ni8": 8, "Ni64": 64}
_ROUNDS = 5
_WRITES = ("UpdateItem", "PutItem", "DeleteItem")


def write_growth_samples(stores: Stores) -> None:
    for nc, count in _RUNS.items():
        write_runs(stores, nc, count + _FREE_RUNS)
        schedule_runs(stores, nc, range(1, count + 1))
    for nc, count in _RECENT_RUNS.items():
        write_runs(stores, nc, count + _FREE_RUNS)
    for nc, files in _FILES.items():
        write_runs(stores, nc, 1, files)
        schedule_runs(stores, nc, [1])
    for nc, callers in _CALLERS.items():
        write_runs(stores, nc, 2 * callers)


def measure_growth(stores: Stores, service: Service) -> list[Row]:
    """Measure the time of requests. The first of `schedule` is the first of its process."""

    def in_runs(path: str, rounds: int = _ROUNDS) -> Callable[[str], float]:
        return lambda nc: min(timed(lambda: service.get(path.format(nc))) for _ in range(rounds))

    def schedule(nc: str) -> float:
        return timed(lambda: service.post(f"/v1/generate/{nc}"))

    def schedule_several(nc: str) -> float:
        return median(schedule(nc) for _ in range(_FREE_RUNS // 2))

    def schedule_after_others(nc: str) -> float:
        schedule_runs(stores, nc, range(1, _RECENT_RUNS[nc] + 1), timedelta(0))
        return schedule_several(nc)

    def build(nc: str) -> float:
        def once() -> float:
            stores.delete_archives(f"{nc}/")
            return timed(lambda: service.get(f"/v1/generate/{nc}/1/0/download"))

        return min(once() for _ in range(_ROUNDS))

    run = "/v1/generate/{}/1"
    return [
        _row("schedule, first of a process, in scheduled runs", _RUNS, schedule),
        _row("schedule, in scheduled runs", _RUNS, schedule_several, goal=0.2),
        _row("schedule, in runs of the last seconds", _RECENT_RUNS, schedule_after_others),
        _row("available?nc=, in scheduled runs", _RUNS, in_runs("/v1/generate/available?nc={}")),
        _row(
            "available?limit=100, in scheduled runs",
            _RUNS,
            in_runs("/v1/generate/available?nc={}&limit=100", 20),
            goal=0.1,
        ),
        _row("status, first, in files of the run", _FILES, in_runs(f"{run}/status", 1)),
        _row("status, again, in files of the run", _FILES, in_runs(f"{run}/status")),
        _row("manifest, in files of the run", _FILES, in_runs(f"{run}/0/manifest")),
        _row("file link, in files of the run", _FILES, in_runs(f"{run}/0/files/file-1.txt")),
        _row("first download, in members", _FILES, build),
    ]


def measure_parallel_scheduling(proxied: Stores, service: Service) -> Row:
    """Count the writes of 8 and of 64 callers that schedule one run each at the same time."""

    def count_writes(nc: str) -> float:
        read_calls(proxied.dynamodb_url)
        callers = _CALLERS[nc]
        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(lambda _: service.post(f"/v1/generate/{nc}"), range(callers)))
        calls = read_calls(proxied.dynamodb_url)
        return sum(calls[name] for name in _WRITES)

    return _row("writes of parallel schedulers, in callers", _CALLERS, count_writes, 1.1, "writes")


def _row(
    name: str,
    sizes: dict[str, int],
    measure: Callable[[str], float],
    goal: float | None = None,
    unit: str = "ms",
) -> Row:
    (small, large), (first, second) = sizes.values(), (measure(nc) for nc in sizes)
    values = [value * (1e3 if unit == "ms" else 1) for value in (first, second)]
    note = f"{small:,} to {large:,}: {values[0]:,.0f} to {values[1]:,.0f} {unit}"
    return Row(
        _SECTION, name, EXPONENT, fit_exponent(small, large, first, second), goal=goal, note=note
    )
