"""A Lambda function of the package: AWS's runtime client under AWS's Runtime Interface Emulator.

The emulator enforces the timeout and the 6 MB limit of responses, and restarts a runtime that
ended. The interpreter finds the package, the runtime client and the standard library only, so files
missing in the package are missing here.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .child_process import list_descendants
from .network import free_port, wait_for_port
from .paths import BACKENDS

_EMULATOR = BACKENDS / "bin" / "aws-lambda-rie"
_CLIENT = ("awslambdaric", "snapshot_restore_py.py", "simplejson", "runtime_client*.so")
_STARTING_SECONDS = 60

MISSING_LAMBDA_EMULATOR = (
    None
    if (BACKENDS / ".made").exists()
    else "the Lambda emulator is missing: make install-backends (needs Python 3.13)"
)
"""The reason to skip tests, or None if the emulator is installed."""


class FunctionError(Exception):
    """The function failed; `kind` is the error type of Lambda."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


@dataclass
class Function:
    """A function that can be invoked, one event at a time, as in one execution environment."""

    url: str
    process: subprocess.Popen[bytes]
    timeout_seconds: int
    turn: threading.Lock

    def invoke(self, event: Any) -> Any:
        """Return the result.

        Raise FunctionError after an exception, an exit, a timeout or too large a response.
        """
        request = urllib.request.Request(
            f"{self.url}/2015-03-31/functions/function/invocations", data=json.dumps(event).encode()
        )
        with self.turn:
            try:
                with urllib.request.urlopen(
                    request, timeout=self.timeout_seconds + _STARTING_SECONDS
                ) as response:
                    text = response.read().decode()
            except urllib.error.HTTPError as error:
                text = error.read().decode()
        try:
            result = json.loads(text) if text else None
        except ValueError:
            raise FunctionError(
                "Sandbox.Timedout" if "timed out" in text else "Unknown", text
            ) from None
        if isinstance(result, dict) and "errorType" in result:
            raise FunctionError(result["errorType"], result.get("errorMessage", ""))
        return result

    def peak_memory_bytes(self) -> int:
        """Return the peak memory of the runtime without the emulator; 0 before the first event."""
        peaks = [
            int(line.split()[1]) * 1024
            for child in list_descendants(self.process.pid)
            for line in Path(f"/proc/{child}/status").read_text().splitlines()
            if line.startswith("VmHWM:")
        ]
        return max(peaks, default=0)


@contextmanager
def function(
    package: Path,
    handler: str,
    environment: Mapping[str, str],
    folder: Path,
    *,
    timeout_seconds: int,
    memory_mb: int,
    log: Path,
) -> Iterator[Function]:
    """Start the function `handler` of the unpacked `package`.

    `folder` receives the files that it needs to run.
    """
    client = _client(folder / "runtime-client")
    port = free_port()
    command = [str(_EMULATOR), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += [
        "--runtime-api-address",
        f"127.0.0.1:{free_port()}",
        _interpreter(),
        "-P",
        "-m",
        "awslambdaric",
        handler,
    ]
    lambda_environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(package), str(client)]),
        "PYTHONDONTWRITEBYTECODE": "1",  # /var/task cannot be written to
        "LAMBDA_TASK_ROOT": str(package),
        "AWS_LAMBDA_FUNCTION_NAME": f"dataops-{handler}",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        "AWS_REGION": "us-east-1",
        "TZ": ":UTC",
        **environment,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=package, env=lambda_environment, stdout=output, stderr=output
        )
        try:
            wait_for_port(port, process)
            yield Function(f"http://127.0.0.1:{port}", process, timeout_seconds, threading.Lock())
        finally:
            children = list_descendants(process.pid)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for child in children:  # the emulator leaves its runtime behind
                _kill(child)


def _client(folder: Path) -> Path:
    """Link AWS's runtime client alone into `folder`."""
    if not folder.exists():
        folder.mkdir(parents=True)
        (site_packages,) = (BACKENDS / "lib").glob("python*/site-packages")
        for pattern in _CLIENT:
            (found,) = site_packages.glob(pattern)
            (folder / found.name).symlink_to(found)
    return folder


def _interpreter() -> str:
    """Return the Python of .venv-backends without its packages."""
    command = [str(BACKENDS / "bin" / "python"), "-c", "import sys; print(sys._base_executable)"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return str(found)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return
