"""Requests per second and their 99th percentile, at several numbers of callers and workers."""

from __future__ import annotations

from collections.abc import Iterator

from .load_generator import run_load
from .rows import Row
from .run import Run
from .samples import write_runs
from .service import Service, Stores

_CALLERS = (1, 8, 64)
_NC = "Fe1"
_SCHEDULED = 300
"""Runs that are scheduled at each number of callers, at most."""
_GOALS = {"status": 150, "warm download": 250}
"""Requests per second of one worker at 8 callers."""
_TWO_WORKERS = 1.7


def write_load_samples(stores: Stores) -> None:
    write_runs(stores, _NC, 2 * len(_CALLERS) * _SCHEDULED)


def measure_load(run: Run, service: Service, workers: int, one_worker: list[Row]) -> Iterator[Row]:
    """Yield the rates of a service with this number of workers.

    The floor is the rate of the start page, which needs no store. `one_worker` are the rows of one
    worker, of which two workers must reach 1.7 times.
    """
    before = {row.name: row.ours for row in one_worker}
    requests = {
        "status": ("GET", f"{run.path}/status", 10**9),
        "warm download": ("GET", f"{run.path}/{run.sub_runs[0]}/download", 10**9),
        "schedule": ("POST", f"/v1/generate/{_NC}", _SCHEDULED),
    }
    for callers in _CALLERS:
        page = run_load("GET", f"{service.url}/", callers, seconds=1)
        for name, (method, path, limit) in requests.items():
            measured = run_load(method, f"{service.url}{path}", callers, max_requests=limit)
            label = f"{name}, {callers} callers" if callers > 1 else f"{name}, 1 caller"
            goal: float | None = None
            if callers == 8 and name in _GOALS:
                goal = _TWO_WORKERS * before[label] if before else _GOALS[name]
            yield Row(
                f"Requests per second, {workers} worker{'s' if workers > 1 else ''}",
                label,
                "requests/s",
                measured.requests_per_second,
                floor=page.requests_per_second,
                goal=goal,
                note=f"p99 {measured.p99_seconds * 1e3:.0f} ms"
                + (f", {measured.errors} errors" if measured.errors else ""),
            )
