"""Schemathesis against the served document.

Requests that it allows and requests that it forbids, every check.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from localdev.child_process import start_child_process
from localdev.paths import ROOT
from tests.conftest import Aws

NC = "Zr49Cu49Al2"
ICOHPLIST = b"""  COHP#  atomMU  atomNU     distance     translation      ICOHP (at) eF   for spin  1
      1     Cu1     Zr2      3.26048       0   0   0           -0.41728
"""


@pytest.fixture
def api_url(aws: Aws, aws_environment: dict[str, str], bucket: str, table: str) -> Iterator[str]:
    """Start the API with run 21 (that of the examples) scheduled, and with runs to schedule."""
    for sub_run in (0, 8):
        for name, content in (
            ("lobsterin", b"x"),
            (f"{NC}.scf.in", b"x"),
            ("ICOHPLIST.lobster", ICOHPLIST),
        ):
            aws.s3.put_object(
                Bucket=bucket, Key=f"{NC}/c/md/lammps/100/21/2000/{sub_run}/{name}", Body=content
            )
    environment = {**os.environ, **aws_environment, "RUN_TABLE": table, "DATA_BUCKET": bucket}
    with start_child_process("localdev.api_server", "--port", "0", environment=environment) as url:
        for path in (f"/v1/generate/{NC}", f"/v1/generate/{NC}/21/augment"):
            with urllib.request.urlopen(urllib.request.Request(url + path, method="POST")):
                pass
        for id_run in range(100, 120):
            aws.s3.put_object(
                Bucket=bucket, Key=f"{NC}/c/md/lammps/100/{id_run}/2000/0/{NC}.scf.in", Body=b"x"
            )
        yield url


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_request_finds_a_fault(api_url: str, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{api_url}/openapi.json",
        "--checks", "all", "--mode", "all", "--phases", "examples,coverage,fuzzing,stateful",
        "--max-examples", os.environ.get("SCHEMATHESIS_EXAMPLES", "15"), "--seed", "20261123",
        "--max-redirects", "0", "--continue-on-failure", "--no-color",
    ]  # fmt: skip
    # Away from the repository: it writes a database of examples where it runs.
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
