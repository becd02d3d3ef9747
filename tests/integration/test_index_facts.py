"""`dataops-admin index` fills the facts that a search reads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.settings import Settings
from chalicelib.usecases.outcomes import MAX_FILE_BYTES
from localdev.paths import ROOT
from server.index_facts import check, index
from tests.support.api import Api
from tests.support.stores import intercept_calls

SEARCH = "/v1/sub-runs"


@pytest.fixture
def put(store: Any) -> Callable[[str, int, str], None]:
    """Return a function that stores a converged cell with this energy."""

    def put_files(nc: str, id_run: int, energy: str) -> None:
        output = (
            f"!    total energy   =   {energy} Ry\nconvergence has been achieved in 9 iterations"
        )
        store(f"{nc}/c/md/lammps/100/{id_run}/2000/0/{nc}.scf.out", output.encode())

    return put_files


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return Settings.from_mapping(environment)


def test_an_index_contains_all_compositions_and_follows_changes(
    api: Api,
    settings: Settings,
    put: Callable[[str, int, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for nc, id_run in (("Al2", 1), ("Al2", 2), ("CuZr", 7)):
        put(nc, id_run, "-1.5")
        api.post(f"/v1/generate/{nc}")
    api.post("/v1/generate/CuZr/7/augment")
    assert api.get(SEARCH)["unindexed"] == 17
    assert not check(settings, None)
    assert not check(settings, "Al2")
    assert index(settings, "CuZr")
    assert api.get(SEARCH)["unindexed"] == 2
    assert not check(settings, None) and check(settings, "CuZr")
    assert index(settings, None) and check(settings, None)
    assert capsys.readouterr().out.splitlines() == [
        "sub-runs without facts: 17",
        "sub-runs without facts: 2",
        "indexed sub-runs: 15 of 15",
        "sub-runs without facts: 2",
        "sub-runs without facts: 0",
        "indexed sub-runs: 17 of 17",
        "sub-runs without facts: 0",
    ]
    page = api.get(f"{SEARCH}?total_energy_ry_max=0")
    assert [row["nc"] for row in page["sub_runs"]] == ["Al2", "Al2", "CuZr"]

    put("Al2", 2, "-2.5")
    assert index(settings, "Al2")
    (row,) = api.get(f"{SEARCH}?total_energy_ry_max=-2")["sub_runs"]
    assert (row["id_run"], row["total_energy_ry"]) == ("2", -2.5)


def test_files_are_read_once(
    api: Api, settings: Settings, put: Callable[[str, int, str], None]
) -> None:
    put("Al2", 1, "-1.5")
    api.post("/v1/generate/Al2")
    reads: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        intercept_calls(patch, lambda _, name, arguments: reads.append(name))
        assert index(settings, None)
        assert reads.count("GetObject") > 0
        reads.clear()
        assert index(settings, None)
        assert reads.count("GetObject") == 0


def test_the_command_reports_sub_runs_that_cannot_be_read(
    api: Api, environment: dict[str, str], store: Any
) -> None:
    store("Al2/c/md/lammps/100/1/2000/0/ICOHPLIST.lobster", bytes(MAX_FILE_BYTES + 1))
    api.post("/v1/generate/Al2")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "server.admin", "index", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    done = run()
    assert (done.returncode, done.stdout) == (1, "indexed sub-runs: 0 of 1\n")
    assert done.stderr.startswith("Al2/1/0: cannot be read")
    assert api.get(SEARCH)["unindexed"] == 1
    checked = run("--check")
    assert (checked.returncode, checked.stdout) == (1, "sub-runs without facts: 1\n")
    wrong = run("--nc", "al2")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("dataops-admin: invalid nc 'al2'; expected")
