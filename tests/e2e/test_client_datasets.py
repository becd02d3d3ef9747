"""Datasets from the freeze to the table, with a served API and processes of their own."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bagit
import pyarrow.parquet as pq
import pytest
from dataops_client import DataOpsClient

from localdev.deployment import LocalDeployment, start_local_deployment
from localdev.paths import ROOT
from tests.conftest import Aws
from tests.e2e.conftest import SampleStack
from tests.support.real_data import RUN_21, needs_run_21

NC, OTHER = "Zr49Cu49Al2", "Zr50Cu40Al10"
ICOHPLIST = f"{NC}/c/md/lammps/100/21/2000/3/ICOHPLIST.lobster"
SELECTION = ("--outcome", "DONE", "--labels-complete", "--elements", "Al")


@pytest.fixture(scope="module")
def served(sample_stack: SampleStack) -> Iterator[LocalDeployment]:
    """Serve a run of each composition of the sample with all sub-runs, whose facts are indexed."""
    with sample_stack(job_run_time_seconds=0) as running, DataOpsClient(running.api_url) as client:
        for nc in (NC, OTHER):
            id_run = client.generate(nc).id_run
            client.augment(nc, id_run)
            client.status(nc, id_run)
        yield running


def dataops(served: LocalDeployment, folder: Path, *arguments: str, code: int = 0) -> Any:
    """Run the command and return its result. Its standard output is `stdout`."""
    environment = {**os.environ, "DATAOPS_URL": served.api_url, "COLUMNS": "80"}
    environment["XDG_CONFIG_HOME"] = str(folder / "configuration")
    command = [sys.executable, "-m", "dataops_client", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return done


def create(served: LocalDeployment, folder: Path, name: str, *options: str) -> str:
    """Freeze a dataset and return its reference."""
    arguments = ("dataset", "create", name, "--title", "Glasses", *options)
    return str(dataops(served, folder, *arguments).stdout.strip())


def test_sub_runs_are_found_by_their_facts(served: LocalDeployment, tmp_path: Path) -> None:
    found = json.loads(dataops(served, tmp_path, "find", *SELECTION, "--json").stdout)
    assert found["unindexed"] == 0
    assert {row["nc"] for row in found["sub_runs"]} == {NC, OTHER}
    assert "13" not in {row["sub_run"] for row in found["sub_runs"] if row["nc"] == NC}
    limit = ("--energy-above-reference-ry-max", "0", "--id-run", "21", "--json")
    for row in json.loads(dataops(served, tmp_path, "find", *limit).stdout)["sub_runs"]:
        assert row["energy_above_reference_ry"] <= 0
    filters = ("--deformation", "shear", "--nc", OTHER, "-o", "files")
    lines = dataops(served, tmp_path, "download", *filters).stdout.splitlines()
    assert lines == [f"files/{OTHER}/1/{number}: 13 files" for number in range(1, 7)]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is missing")
def test_a_frozen_dataset_is_pulled_verified_and_cited_by_other_processes(
    served: LocalDeployment, tmp_path: Path
) -> None:
    reference = create(served, tmp_path, "cuzr", *SELECTION)
    assert reference == "cuzr@1.0.0"
    assert create(served, tmp_path, "cuzr", *SELECTION) == reference
    found = dataops(served, tmp_path, "find", *SELECTION, "--json").stdout
    (tmp_path / "items.json").write_text(found)
    assert create(served, tmp_path, "same", "--items", "items.json") == "same@1.0.0"
    shown, same = (
        json.loads(dataops(served, tmp_path, "dataset", "show", name, "--json").stdout)
        for name in (reference, "same@1.0.0")
    )
    assert same["content_id"] == shown["content_id"]
    pulled = dataops(served, tmp_path, "dataset", "pull", reference, "-o", "pulled").stdout
    assert pulled.startswith(
        f"pulled: {reference}, {shown['files']} files, {shown['files']} written"
    )
    folder = tmp_path / "pulled"
    for name in (f"{OTHER}/1/0/SOAPS.vec", f"{NC}/21/14/ICOHPLIST.lobster"):
        assert (folder / "data" / name).is_file()
    assert not (folder / "data" / NC / "21" / "13").exists()
    check = ["sha256sum", "--check", "--quiet", "--strict", "manifest-sha256.txt"]
    subprocess.run(check, cwd=folder, check=True)
    digest = subprocess.run(
        ["sha256sum", "manifest-sha256.txt"], cwd=folder, check=True, capture_output=True, text=True
    )
    assert digest.stdout.split()[0] == shown["content_id"]
    selection = json.loads((folder / "selection.json").read_text())
    assert selection["content_id"] == shown["content_id"]
    dataops(served, tmp_path, "dataset", "verify", "pulled")
    (folder / "data" / NC / "21" / "3" / "SOAPS.vec").write_bytes(b"damaged")
    dataops(served, tmp_path, "dataset", "verify", "pulled", code=1)
    assert ", 1 written, " in dataops(
        served, tmp_path, "dataset", "pull", reference, "-o", "pulled"
    ).stdout  # fmt: skip
    dataops(served, tmp_path, "dataset", "verify", "pulled", "--offline")


def test_a_bag_is_complete_and_the_citation_names_the_version(
    served: LocalDeployment, tmp_path: Path
) -> None:
    reference = create(served, tmp_path, "bagged", "--nc", NC, "--sub-run", "0-2")
    dataops(served, tmp_path, "dataset", "bag", reference, "bag")
    bagit.Bag(str(tmp_path / "bag")).validate(processes=1)
    croissant = json.loads((tmp_path / "bag" / "croissant.json").read_text())
    assert croissant["version"] == "1.0.0"
    assert json.loads((tmp_path / "bag" / "datacite.json").read_text())
    assert (tmp_path / "bag" / "README.md").read_text().startswith("#")
    assert "1.0.0" in dataops(served, tmp_path, "dataset", "cite", reference, "--bibtex").stdout
    assert dataops(served, tmp_path, "dataset", "cite", "bagged").stdout.count("\n") == 1
    assert json.loads(
        dataops(served, tmp_path, "dataset", "cite", reference, "--style", "csl").stdout
    )
    dataops(served, tmp_path, "dataset", "cite", reference, "--style", "mla", code=2)


def test_a_replaced_file_gives_another_version_and_the_old_one_stays(
    served: LocalDeployment, aws: Aws, tmp_path: Path
) -> None:
    selection = ("--nc", NC, "--sub-run", "0-4", "--outcome", "DONE")
    old = create(served, tmp_path, "glass", *selection)
    bucket = served.environment["DATA_BUCKET"]
    stored = aws.s3.get_object(Bucket=bucket, Key=ICOHPLIST)["Body"].read()
    lines = stored.decode().splitlines(keepends=True)
    lines[1] = lines[1][: lines[1].rindex("-")] + "-9.00000\n"
    aws.s3.put_object(Bucket=bucket, Key=ICOHPLIST, Body="".join(lines).encode())
    try:
        with DataOpsClient(served.api_url) as client:
            client.status(NC, 21)
        new = create(served, tmp_path, "glass", *selection)
        assert (old, new) == ("glass@1.0.0", "glass@2.0.0")
        files = dataops(served, tmp_path, "dataset", "diff", old, new)
        path = f"data/{NC}/21/3/ICOHPLIST.lobster"
        assert files.stdout.splitlines()[1:] == [f"changed\t{path}"]
        assert files.stderr.startswith("MAJOR: 0 added, 0 removed, 1 changed, ")
        science = dataops(
            served, tmp_path, "dataset", "diff", "glass", "1.0.0", "2.0.0", "--science"
        )
        before, after = (
            float(line.split("\t")[column])
            for line in science.stdout.splitlines()
            if "mean" in line and len(set(line.split("\t")[1:])) == 2
            for column in (1, 2)
        )
        assert after > before
        dataops(served, tmp_path, "dataset", "pull", old, "-o", "old")
        assert (tmp_path / "old" / path).read_bytes() == stored
        dataops(served, tmp_path, "dataset", "pull", new, "-o", "old", code=1)
    finally:
        aws.s3.put_object(Bucket=bucket, Key=ICOHPLIST, Body=stored)


def test_advisories_and_deletions_reach_those_who_pulled(
    served: LocalDeployment, tmp_path: Path
) -> None:
    reference = create(served, tmp_path, "advised", "--nc", NC, "--sub-run", "0,1")
    dataops(served, tmp_path, "dataset", "pull", reference)
    advice = ("--kind", "withdrawn", "--reason", "wrong k-points", "--sub-run", f"{NC}/21/1")
    warning = f"{reference} is withdrawn ({NC}/21/1): wrong k-points"
    assert warning in dataops(served, tmp_path, "dataset", "advise", reference, *advice).stderr
    assert warning in dataops(served, tmp_path, "dataset", "verify", "advised", code=6).stderr
    assert warning in dataops(served, tmp_path, "dataset", "verify", "advised", code=6).stderr
    assert warning in dataops(served, tmp_path, "dataset", "show", reference).stderr
    pulled = dataops(served, tmp_path, "dataset", "pull", reference, "-o", "again")
    assert warning in pulled.stderr
    dataops(served, tmp_path, "dataset", "delete", reference, "--reason", "a test")
    verified = dataops(served, tmp_path, "dataset", "verify", "advised", code=6)
    assert "was deleted" in verified.stderr
    gone = dataops(served, tmp_path, "dataset", "pull", reference, "-o", "gone", code=3)
    assert "a test" in gone.stderr
    versions = json.loads(dataops(served, tmp_path, "dataset", "show", "advised", "--json").stdout)
    assert (versions["versions"], versions["deleted"][0]["reason"]) == ([], "a test")


def test_a_version_with_a_doi_is_not_deleted(served: LocalDeployment, tmp_path: Path) -> None:
    reference = create(served, tmp_path, "cited", "--nc", OTHER, "--sub-run", "0")
    dataops(served, tmp_path, "dataset", "doi", reference, "10.5281/zenodo.1")
    dataops(served, tmp_path, "dataset", "delete", reference, "--reason", "x", code=1)
    dataops(served, tmp_path, "dataset", "doi", reference, "10.5281/zenodo.2", code=1)
    assert json.loads(dataops(served, tmp_path, "dataset", "list", "--json").stdout)


def test_selections_that_cannot_be_frozen_are_explained(
    served: LocalDeployment, tmp_path: Path
) -> None:
    arguments = ("dataset", "create", "none", "--title", "T")
    dataops(served, tmp_path, *arguments, "--nc", "Al", code=3)
    incomplete = dataops(served, tmp_path, *arguments, "--nc", NC, "--sub-run", "13", code=1)
    assert f"{NC}/21/13" in incomplete.stderr
    assert "`--allow-missing` accepts" in incomplete.stderr
    dataops(served, tmp_path, "dataset", "show", "none", code=3)
    create(served, tmp_path, "partial", "--nc", NC, "--sub-run", "13", "--allow-missing")


@needs_run_21
@pytest.mark.self_contained
def test_the_table_of_a_frozen_dataset_of_real_data_is_the_published_one(tmp_path: Path) -> None:
    data = tmp_path / "source"
    with zipfile.ZipFile(RUN_21) as opened:
        opened.extractall(data)
    for name in (OTHER, f"{OTHER}-SOAPS"):
        shutil.copytree(ROOT / "data" / name, data / name)
    with start_local_deployment(data, job_run_time_seconds=0) as served:
        with DataOpsClient(served.api_url) as client:
            for nc, id_run in ((NC, "21"), (OTHER, "1")):
                assert client.generate(nc).id_run == id_run
                client.augment(nc, id_run)
                client.status(nc, id_run)
        reference = create(served, tmp_path, "paper", "--outcome", "DONE", "--labels-complete")
        dataops(served, tmp_path, "dataset", "pull", reference)
    exported = dataops(served, tmp_path, "export", "paper", "-o", "bonds.parquet")  # offline
    assert f"dataset: {reference}, content id " in exported.stdout
    table = pq.read_table(tmp_path / "bonds.parquet", columns=["nc", "id_run", "bond_type"])
    rows = Counter(row["bond_type"] for row in table.to_pylist() if row["nc"] == NC)
    assert rows == {"Cu-Al": 136, "Cu-Cu": 1652, "Zr-Al": 222, "Zr-Zr": 2246, "Zr-Cu": 4931}
    mix = ("--mix", "Cu-Zr=2000,Cu-Cu=1000", "--seed", "8", "-o", "mix.csv")
    dataops(served, tmp_path, "export", "paper", *mix)
    with (tmp_path / "mix.csv").open(newline="") as stream:
        drawn = list(csv.DictReader(stream))
    assert Counter(row["bond_type"] for row in drawn) == {"Zr-Cu": 2000, "Cu-Cu": 1000}
    assert {row["nc"] for row in drawn} == {NC, OTHER}
