"""client/examples/train.py with exported tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dataops_client.ml import export_bonds
from dataops_client.ml.formats import Format

from tests.support.sub_run_files import BONDS, NC, soap_vectors, write_sub_run

TRAIN = Path(__file__).parents[2] / "client" / "examples" / "train.py"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Table of bond strengths that follow the similarity of the surroundings, not the distance."""
    random = np.random.default_rng(7)
    for id_run in range(1, 25):
        strength = random.uniform(0.5, 2.0)
        vectors = np.abs(soap_vectors() + (strength - 1.0) * np.linspace(-0.3, 0.3, 7))
        bonds = [(a, b, translation, -strength) for a, b, translation, _ in BONDS]
        write_sub_run(
            tmp_path / NC / str(id_run) / "0",
            bonds=bonds,
            soaps=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        )
    export_bonds(tmp_path, tmp_path / "bonds.parquet", Format.PARQUET, soaps=True)
    return tmp_path / "bonds.parquet"


def train(table: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TRAIN), str(table)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_example_beats_the_model_of_distance_alone(table: Path) -> None:
    done = train(table)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == ["Cu-Al", "Cu-Cu", "Zr-Cu"]
    for _, trained, held_out, error, by_distance, _ in rows:
        assert int(trained) >= 3 * int(held_out)
        assert float(error) < 0.5 * float(by_distance)


def test_a_table_without_vectors_is_rejected(tmp_path: Path) -> None:
    write_sub_run(tmp_path / NC / "1" / "0")
    export_bonds(tmp_path, tmp_path / "bonds.parquet", Format.PARQUET)
    done = train(tmp_path / "bonds.parquet")
    assert done.returncode == 1
    assert "export it with --soaps" in done.stderr


def test_a_single_cell_is_rejected(tmp_path: Path) -> None:
    for sub_run in ("0", "1"):
        write_sub_run(tmp_path / NC / "1" / sub_run)
    export_bonds(tmp_path, tmp_path / "bonds.parquet", soaps=True)
    done = train(tmp_path / "bonds.parquet")
    assert done.returncode == 1
    assert "the table has 1 cell" in done.stderr
    assert "download another run" in done.stderr
