"""The guide "Use Airflow": its tasks as plain functions, and its DAG if AIRFLOW names the program.

AIRFLOW is the path of `airflow` in an environment with Airflow and the client with its extra.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pyarrow.parquet
import pytest
from dataops_client import NothingAvailable

from localdev.deployment import LocalDeployment, start_local_deployment
from localdev.paths import ROOT

DAGS = ROOT / "docs" / "how-to" / "airflow"
NC = "Zr49Cu49Al2"
AIRFLOW = os.environ.get("AIRFLOW", "")
pytestmark = pytest.mark.self_contained


@pytest.fixture
def served() -> Iterator[LocalDeployment]:
    with start_local_deployment(ROOT / "data", job_run_time_seconds=0) as running:
        yield running


@pytest.fixture
def tasks(served: LocalDeployment, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("DATAOPS_URL", served.api_url)
    monkeypatch.delenv("DATAOPS_TOKEN", raising=False)
    module = ModuleType("dataops_tasks")
    exec(compile((DAGS / "dataops_tasks.py").read_text(), "dataops_tasks.py", "exec"), vars(module))
    return module


def test_the_tasks_can_be_retried_and_lead_to_a_table(tasks: ModuleType, tmp_path: Path) -> None:
    id_run = tasks.allocate_run(NC, "training/manual__2026-11-29T05:01:21+00:00")
    assert id_run == "21"
    assert tasks.allocate_run(NC, "training/manual__2026-11-29T05:01:21+00:00") == id_run
    with pytest.raises(NothingAvailable):
        tasks.allocate_run(NC, "training/another")
    assert tasks.is_done(NC, id_run)
    folder = str(tmp_path / "files")
    for _ in range(2):
        assert tasks.download_run(NC, id_run, folder) == folder
    table = tasks.export_table(folder, str(tmp_path / "bonds.parquet"))
    assert pyarrow.parquet.read_table(table).num_rows > 1000


@pytest.mark.skipif(not AIRFLOW, reason="the DAG is run where AIRFLOW names the program airflow")
def test_airflow_parses_the_dag_and_runs_its_tasks(served: LocalDeployment, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "DATAOPS_URL": served.api_url,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    table = tmp_path / "bonds.parquet"
    params = f'{{"folder": "{tmp_path / "files"}", "table": "{table}"}}'
    for arguments in (
        ["db", "migrate"],
        ["dags", "list-import-errors"],
        ["dags", "test", "dataops_training_data", "--conf", params],
    ):
        done = subprocess.run(
            [AIRFLOW, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        if "list-import-errors" in arguments:
            assert "No data found" in done.stdout
    assert pyarrow.parquet.read_table(table).num_rows > 1000
