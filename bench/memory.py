"""Peak memory of the server while 64 archives are requested at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from localdev.child_process import list_descendants

from .rows import Row
from .samples import schedule_runs, write_large_runs
from .service import Service, Stores

_BUILDS = 64
_FILE_BYTES = 16 * 2**20
_NC = "Pb1"


def measure_memory(stores: Stores, service: Service) -> Row:
    """Return the peak of the worker process; the floor is its peak before the builds."""
    write_large_runs(stores, _NC, _BUILDS, _FILE_BYTES)
    schedule_runs(stores, _NC, range(1, _BUILDS + 1))
    before = _read_peak_bytes(service)
    paths = [f"/v1/generate/{_NC}/{id_run}/0/download" for id_run in range(1, _BUILDS + 1)]
    with ThreadPoolExecutor(_BUILDS) as pool:
        list(pool.map(service.get, paths))
    after = _read_peak_bytes(service)
    for prefix in (f"{_NC}/", f"archives/{_NC}/"):
        stores.delete(prefix)
    name = f"{_BUILDS} first downloads of {_FILE_BYTES // 2**20} MiB at once"
    return Row("Memory", name, "MiB", after / 2**20, floor=before / 2**20)


def _read_peak_bytes(service: Service) -> int:
    return max(
        int(line.split()[1]) * 1024
        for process_id in list_descendants(service.process_id)
        for line in Path(f"/proc/{process_id}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )
