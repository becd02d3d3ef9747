"""Export of run 21 of Zr49Cu49Al2 of the published data set, compared with the published tables."""

from __future__ import annotations

import csv
import shutil
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from dataops_client.ml import ExportReport, Outcome, export_bonds, load_sub_run
from dataops_client.ml.formats import Format

from tests.support.real_data import RUN_21, needs_run_21

NC = "Zr49Cu49Al2"
NAMES = ("id_run", "sub_run", "atom_a", "atom_b", "distance_angstrom", "minus_icohp_ev")
pytestmark = [
    needs_run_21,
    # ASE 3.29 sets the shape of an empty array, which NumPy 2.5 warns of.
    pytest.mark.filterwarnings("ignore:Setting the shape on a NumPy array:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Extract the sub-runs like the client, to `<nc>/21/<sub_run>/`, with SOAPS.vec."""
    tree = tmp_path_factory.mktemp("run21")
    with zipfile.ZipFile(RUN_21) as archive:
        for entry in archive.infolist():
            match entry.filename.split("/")[-9:]:
                case [*_, "100", id_run, "2000", sub_run, name] if name and not name.startswith(
                    "cluster-"
                ):
                    target = tree / NC / id_run / sub_run / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(entry) as stored, target.open("wb") as stream:
                        shutil.copyfileobj(stored, stream)
    return tree


@pytest.fixture(scope="module")
def exported(tree: Path) -> tuple[ExportReport, list[dict[str, Any]]]:
    report = export_bonds(tree, tree / "bonds.csv", Format.CSV)
    with (tree / "bonds.csv").open(newline="") as stream:
        return report, list(csv.DictReader(stream))


def test_the_rows_per_bond_type_follow_the_rules(
    exported: tuple[ExportReport, list[dict[str, Any]]],
) -> None:
    report, rows = exported
    assert Counter(row["bond_type"] for row in rows) == report.rows_per_bond_type
    assert report.rows_per_bond_type == {
        "Zr-Cu": 4931,
        "Zr-Zr": 2246,
        "Cu-Cu": 1652,
        "Zr-Al": 222,
        "Cu-Al": 136,
    }


def test_energy_and_forces_of_the_first_frame_equal_hand_calculated_values(tree: Path) -> None:
    export_bonds(tree, tree / "frames.extxyz")
    frame: Any = ase.io.read(tree / "frames.extxyz", 0)
    # -38989.80301770 Ry * 13.605692 eV
    assert frame.info["REF_energy"] == pytest.approx(-530483.2482, abs=0.02)
    # (0.02688150, -0.03771322, 0.01807802) Ry/bohr * 13.605692 eV / 0.5291772 angstrom
    assert frame.arrays["REF_forces"][0] == pytest.approx([0.691151, -0.969646, 0.464805], abs=5e-6)
    assert "REF_stress" not in frame.info, "the published inputs have no tstress"


def test_cu_al_row_counts_equal_the_published_table(
    exported: tuple[ExportReport, list[dict[str, Any]]],
) -> None:
    # Lines `21 <sub_run> ...` of Zr49Cu49Al2-PBSSDB/Cu-Al.bnd in aryrfjr/PRM_4_113603.
    published = {
        0: 8,
        1: 10,
        2: 7,
        3: 10,
        4: 9,
        5: 10,
        6: 10,
        7: 8,
        8: 14,
        9: 8,
        10: 10,
        11: 8,
        12: 11,
        14: 13,
    }
    assert (
        Counter(int(row["sub_run"]) for row in exported[1] if row["bond_type"] == "Cu-Al")
        == published
    )


def test_the_first_cu_al_rows_equal_the_published_table(
    exported: tuple[ExportReport, list[dict[str, Any]]],
) -> None:
    rows = [row for row in exported[1] if row["bond_type"] == "Cu-Al"][:5]
    assert [tuple(row[name] for name in NAMES) for row in rows] == [
        ("21", "0", "8", "34", "3.14197", "0.49914"),
        ("21", "0", "10", "34", "2.75011", "0.96904"),
        ("21", "0", "17", "89", "2.42614", "1.59179"),
        ("21", "0", "22", "89", "2.45589", "1.66244"),
        ("21", "0", "34", "39", "2.54755", "1.41408"),
    ]


def test_the_discarded_clusters_equal_the_published_list(
    exported: tuple[ExportReport, list[dict[str, Any]]],
) -> None:
    # DUB.info has `21 3 KNF: Cu95-Cu94` and `21 3 KNF: Cu94-Cu95`: the two atoms are 1.797 angstrom
    # apart, LOBSTER began at 1.80.
    discarded = [
        (cluster.sub_run, cluster.atom, cluster.bonds_without_label)
        for cluster in exported[0].discarded_clusters
    ]
    assert discarded == [(3, 94, ("Cu94-Cu95",)), (3, 95, ("Cu95-Cu94",))]


def test_the_skipped_sub_run_equals_the_published_list(
    exported: tuple[ExportReport, list[dict[str, Any]]],
) -> None:
    assert [(cluster.sub_run, cluster.outcome) for cluster in exported[0].skipped] == [
        (13, Outcome.SCF_NOT_CONVERGED)
    ]


@pytest.mark.parametrize("number", range(15))
def test_each_sub_run_loads_with_consistent_parts(tree: Path, number: int) -> None:
    sub_run = load_sub_run(tree / NC / "21" / str(number))
    assert sub_run.structure is not None
    assert sub_run.soaps is not None
    assert sub_run.soaps.shape == (100, 2101)
    np.testing.assert_allclose(np.linalg.norm(sub_run.soaps, axis=1), 1.0, atol=1e-12)
    if number == 13:
        assert (sub_run.converged, sub_run.energy, sub_run.forces, sub_run.bonds) == (
            False,
            None,
            None,
            None,
        )
        return
    assert sub_run.converged
    assert sub_run.energy == pytest.approx(-530_000, rel=2e-3)
    assert sub_run.forces is not None
    np.testing.assert_allclose(sub_run.forces.sum(axis=0), 0.0, atol=1e-4)
    assert sub_run.bonds is not None
    positions, cell = sub_run.structure.positions, np.asarray(sub_run.structure.cell)
    for bond in sub_run.bonds:
        apart = positions[bond.atom_b - 1] - (positions[bond.atom_a - 1] + bond.translation @ cell)
        assert np.linalg.norm(apart) == pytest.approx(bond.distance, abs=3e-4)
