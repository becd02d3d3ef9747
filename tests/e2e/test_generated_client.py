"""Unmodified client that `openapi-python-client` generates from docs/openapi.json."""

from __future__ import annotations

import hashlib
import importlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from localdev.child_process import start_child_process
from localdev.paths import ROOT
from server.provision import load_data
from tests.conftest import Aws

# It requires an older typer than the client, so it runs in its own environment.
GENERATOR = "openapi-python-client==0.29.1"
NC = "Zr49Cu49Al2"
PACKAGE = "dataops_generated"


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that imports a module of the generated package."""
    folder = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "UV_NO_PROGRESS": "1",
    }
    run = [
        str(folder / "uv"),
        "tool",
        "run",
        "--python",
        sys.executable,
        "--from",
        GENERATOR,
        "openapi-python-client",
    ]
    if subprocess.run(
        [*run, "--version"], env=environment, capture_output=True, check=False
    ).returncode:
        pytest.skip(f"{GENERATOR} cannot be installed: no package registry is reachable")
    source = [
        "--path",
        str(ROOT / "docs" / "openapi.json"),
        "--output-path",
        str(tmp_path / PACKAGE),
    ]
    done = subprocess.run(
        [*run, "generate", "--meta", "none", "--fail-on-warning", *source],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(tmp_path)
    yield lambda name: importlib.import_module(f"{PACKAGE}.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def api_url(aws: Aws, aws_environment: dict[str, str], bucket: str, table: str) -> Iterator[str]:
    """URL of an API process with the sample, whose jobs take one second."""
    load_data(aws.s3, bucket, ROOT / "data")
    environment = {
        **os.environ,
        **aws_environment,
        "RUN_TABLE": table,
        "DATA_BUCKET": bucket,
        "JOB_RUN_TIME_SECONDS": "1",
    }
    with start_child_process("localdev.api_server", "--port", "0", environment=environment) as url:
        yield url


@pytest.mark.timeout(600)
def test_a_generated_client_schedules_polls_and_downloads(generated: Any, api_url: str) -> None:
    models = generated("models")
    with generated("client").Client(base_url=api_url, timeout=60) as client:
        scheduled = generated("api.runs.schedule_run").sync(
            NC, client=client, idempotency_key="generated-1"
        )
        again = generated("api.runs.schedule_run").sync(
            NC, client=client, idempotency_key="generated-1"
        )
        assert isinstance(scheduled, models.ScheduledRuns)
        assert again == scheduled
        assert scheduled.status is models.JobStatus.SCHEDULED

        body = models.AugmentBody(sub_runs=["1", "14"])
        augmented = generated("api.runs.augment").sync(
            NC, scheduled.id_run, client=client, body=body
        )
        assert isinstance(augmented, models.Scheduled)

        status = None
        while status is None or models.JobStatus.RUNNING in (
            status.run_status,
            status.sub_runs_status,
        ):
            status = generated("api.runs.status").sync(NC, scheduled.id_run, client=client)
            assert isinstance(status, models.RunStatus)
        assert status.sub_runs == ["0", "1", "14"]
        outcome = status.sub_run_outcomes["0"]
        assert (outcome.outcome, outcome.labels_complete) == (models.Outcome.DONE, True)

        listed = generated("api.runs.available").sync(client=client, nc=NC, limit=10)
        assert isinstance(listed, models.AvailableResponse200Type0)
        assert [run.id_run for run in listed[NC]] == [scheduled.id_run]
        one = generated("api.runs.available").sync(client=client, nc=NC, id_run=scheduled.id_run)
        assert one == status

        link = generated("api.archives.download_sub_run").sync(
            NC, scheduled.id_run, "0", client=client
        )
        assert isinstance(link, models.ArchiveLink)
        content = httpx.get(link.download_url).content
        assert (len(content), hashlib.sha256(content).hexdigest()) == (link.size_bytes, link.sha256)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == [file.name for file in link.files]
            stored = ROOT / "data" / NC / "c/md/lammps/100" / scheduled.id_run / "2000" / "0"
            for path in stored.iterdir():
                assert archive.read(path.name) == path.read_bytes()

        problem = generated("api.runs.status").sync("Al", "1", client=client)
        assert isinstance(problem, models.Problem)
        assert (problem.status, problem.code) == (404, "not_found")
