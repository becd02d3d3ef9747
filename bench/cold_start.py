"""Cold start of the packaged function under AWS's Runtime Interface Emulator.

Measured from the first request, which starts the runtime, to its response. The emulator does not
limit the CPU to the share that Lambda grants to the memory of the function.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from localdev.gateway_event import build_event
from localdev.lambda_runtime import MISSING_LAMBDA_EMULATOR, function
from localdev.paths import ROOT

from .rows import Row
from .run import Run
from .service import Stores

_ROUNDS = 4
_EMPTY = "def handle(event, context):\n    return {'statusCode': 200}\n"


def measure_cold_start(run: Run, stores: Stores, work: Path) -> list[Row]:
    """Return the best of four rounds; none without the emulator. The floor is an empty function."""
    if MISSING_LAMBDA_EMULATOR:
        print(f"no cold start: {MISSING_LAMBDA_EMULATOR}", file=sys.stderr)
        return []
    command = [sys.executable, "-m", "scripts.build_lambda_package", "--stage", "dev"]
    built = subprocess.run(
        [*command, "--output", work], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if built.returncode:
        print(f"no cold start: the package cannot be built:\n{built.stderr}", file=sys.stderr)
        return []
    package, empty = work / "package", work / "empty"
    with zipfile.ZipFile(work / "deployment.zip") as archive:
        archive.extractall(package)
    empty.mkdir()
    (empty / "empty.py").write_text(_EMPTY)
    resources = json.loads((work / "template.json").read_text())["Resources"]
    settings = resources["APIHandler"]["Properties"]
    path = "/v1/generate/{nc}/{id_run}/{sub_run}/download"
    values = {"nc": run.nc, "id_run": run.id_run, "sub_run": run.sub_runs[0]}
    requests = {
        "floor": (empty, "empty.handle", build_event("GET", "/")),
        "start page": (package, "app.app", build_event("GET", "/")),
        "warm download": (
            package,
            "app.app",
            build_event("GET", path.format(**values), path, values),
        ),
    }
    seconds = dict.fromkeys(requests, float("inf"))
    for turn in range(_ROUNDS):
        for name, (folder, handler, event) in requests.items():
            with function(
                folder,
                handler,
                stores.environment | {"AUTH": "none"},
                work / f"{turn}-{name}",
                timeout_seconds=settings["Timeout"],
                memory_mb=settings["MemorySize"],
                log=work / "log",
            ) as started:
                began = time.perf_counter()
                response = started.invoke(event)
                elapsed = time.perf_counter() - began
            if response["statusCode"] != 200:
                raise RuntimeError(f"{name}: {response}")
            seconds[name] = min(seconds[name], elapsed)
    return [
        Row(
            "Cold start",
            f"to the first response: {name}",
            "ms",
            seconds[name] * 1e3,
            floor=seconds["floor"] * 1e3,
        )
        for name in ("start page", "warm download")
    ]
