"""The self-hosted server as a process, and what /proc reports of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from localdev.aws_environment import environment_without_aws
from localdev.paths import ROOT

COMMAND = f"{sys.executable} -m localdev.api_server --port 0"
"""What Compose and `make serve` start, on a free port."""

_NO_STORES = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "RUN_TABLE": "none",
    "DATA_BUCKET": "none",
}
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="/proc is needed to look at processes: Linux"
)


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    url: str

    @property
    def address(self) -> tuple[str, int]:
        return str(urlsplit(self.url).hostname), int(urlsplit(self.url).port or 80)

    @property
    def workers(self) -> list[Path]:
        """Folders of its worker processes in /proc."""
        children = (
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        )
        found = [Path("/proc") / child for child in children]
        return [child for child in found if "spawn_main" in (child / "cmdline").read_text()]

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the workers."""
        fields = [
            (worker / "stat").read_text().rpartition(")")[2].split() for worker in self.workers
        ]
        return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")

    @property
    def peak_bytes(self) -> int:
        """Return the peak memory of a worker."""
        statuses = [(worker / "status").read_text() for worker in self.workers]
        return max(int(status.partition("VmHWM:")[2].split()[0]) for status in statuses) * 1024


@contextmanager
def server(environment: Mapping[str, str] = {}, *, shell: str = "") -> Iterator[Server]:
    """Start a server.

    `shell` runs before it in the same process; without an `environment` it has no stores.
    """
    with subprocess.Popen(
        ["bash", "-ec", f"{shell}\nexec {COMMAND}"],
        cwd=ROOT,
        env={**environment_without_aws(), **_NO_STORES, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdin and process.stdout
        try:
            url = process.stdout.readline().strip()
            assert url, "the server ended before it accepted requests"
            yield Server(process, url)
        finally:
            process.stdin.close()
            process.wait(60)
