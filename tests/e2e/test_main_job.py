"""The two ways to the files, as a user goes them.

`make run`, and the command `dataops` against a served API.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from dataops_client import DataOpsClient

from localdev import demo
from localdev.deployment import LocalDeployment
from localdev.paths import ROOT
from tests.e2e.conftest import SampleStack
from tests.support.expected_files import extracted_files, sub_run_files
from tests.support.real_data import RUN_21, needs_run_21


def run_main_job(data: Path, output: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATA_DIR": str(data), "OUTPUT_DIR": str(output)}
    return subprocess.run(
        [sys.executable, "-m", "localdev.run"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.self_contained
def test_the_main_job_extracts_the_sample_and_leaves_no_process(
    tmp_path: Path,
) -> None:
    done = run_main_job(ROOT / "data", tmp_path)
    assert done.returncode == 0, done.stderr
    assert extracted_files(tmp_path) == sub_run_files(ROOT / "data")
    assert "Zr50Cu40Al10" in done.stdout
    port = urlsplit(done.stdout.split("API on ")[1].split()[0]).port
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@needs_run_21
@pytest.mark.self_contained
def test_the_main_job_extracts_every_file_of_the_real_data(tmp_path: Path) -> None:
    with zipfile.ZipFile(RUN_21) as opened:
        opened.extractall(tmp_path / "data")
    done = run_main_job(tmp_path / "data", tmp_path / "output")
    assert done.returncode == 0, done.stderr
    assert extracted_files(tmp_path / "output") == sub_run_files(tmp_path / "data")


@pytest.mark.self_contained
def test_files_of_another_data_set_are_neither_mixed_in_nor_deleted(tmp_path: Path) -> None:
    original = ROOT / "data" / "Zr49Cu49Al2" / "c" / "md" / "lammps" / "100" / "21" / "2000" / "0"
    mine = tmp_path / "data" / original.relative_to(ROOT / "data")
    shutil.copytree(original, mine)
    output = tmp_path / "output"
    (output / "notes").mkdir(parents=True)
    (output / "notes" / "bonds.csv").write_text("not of a run")
    done = run_main_job(tmp_path / "data", output)
    assert done.returncode == 0, done.stderr
    before = extracted_files(output)
    assert before == sub_run_files(tmp_path / "data") | {"notes/bonds.csv": b"not of a run"}
    assert run_main_job(tmp_path / "data", output).returncode == 0, "the same data again"

    (mine / "Zr49Cu49Al2.scf.out").write_text("another calculation")
    refused = run_main_job(tmp_path / "data", output)
    assert refused.returncode == 1
    assert "'Zr49Cu49Al2/21/0/Zr49Cu49Al2.scf.out'" in refused.stderr
    assert "OUTPUT_DIR=" in refused.stderr
    assert extracted_files(output) == before


def test_the_next_job_completes_an_interrupted_one(
    sample_stack: SampleStack, tmp_path: Path
) -> None:
    with sample_stack(job_run_time_seconds=0) as running:
        with DataOpsClient(
            running.api_url
        ) as client:  # as far as the first job came: one run not augmented, one scheduled by nobody
            client.generate("Zr49Cu49Al2")
            client.generate("Zr50Cu40Al10")
        demo.run_demo(running.api_url, ["Zr49Cu49Al2", "Zr50Cu40Al10"], tmp_path)
    assert extracted_files(tmp_path) == sub_run_files(ROOT / "data")


@pytest.mark.self_contained
def test_a_folder_without_compositions_is_refused(tmp_path: Path) -> None:
    done = run_main_job(tmp_path, tmp_path / "output")
    assert done.returncode == 1
    assert "contains no compositions" in done.stderr


@pytest.fixture(scope="module")
def served(sample_stack: SampleStack) -> Iterator[LocalDeployment]:
    with sample_stack() as running:
        yield running


def dataops(served: LocalDeployment, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dataops_client", *arguments]
    environment = {**os.environ, "DATAOPS_URL": served.api_url, "COLUMNS": "120"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_command_schedules_waits_lists_and_downloads(
    served: LocalDeployment, tmp_path: Path
) -> None:
    assert dataops(served, "generate", "Zr49Cu49Al2").stdout.strip() == "21"
    assert dataops(served, "augment", "Zr49Cu49Al2", "21").returncode == 0
    status = dataops(served, "status", "Zr49Cu49Al2", "21", "--wait")
    assert "DONE" in status.stdout
    assert "Zr49Cu49Al2" in dataops(served, "list").stdout
    done = dataops(served, "download", "Zr49Cu49Al2", "21", "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    wanted = {
        name: content
        for name, content in sub_run_files(ROOT / "data").items()
        if name.startswith("Zr49Cu49Al2/")
    }
    assert extracted_files(tmp_path) == wanted


def test_failures_have_exit_codes_and_name_the_cause(
    served: LocalDeployment, tmp_path: Path
) -> None:
    unknown = dataops(served, "download", "Zr1", "1", "-o", str(tmp_path))
    assert unknown.returncode == 3
    assert "'Zr1'" in unknown.stderr
    malformed = dataops(served, "generate", "zr49")
    assert malformed.returncode == 2
    assert not list(tmp_path.iterdir())
