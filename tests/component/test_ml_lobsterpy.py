"""Folders for LobsterPy, read by pymatgen and LobsterPy.

The data set has no COHPCAR.lobster and no CHARGE.lobster, which the analysis of LobsterPy requires
too; the test makes them up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from dataops_client.ml import read_bonds, write_lobsterpy_folder
from dataops_client.ml.errors import TableExists

from tests.support.sub_run_files import NC, SYMBOLS, write_sub_run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_sub_run(tmp_path / "data" / NC / "21" / "0")
    write_sub_run(tmp_path / "data" / NC / "21" / "13", converged=False)
    [written] = write_lobsterpy_folder(tmp_path / "data", str(tmp_path / "lobsterpy"))
    assert written == tmp_path / "lobsterpy" / NC / "21" / "0"
    return written


def test_the_atoms_are_in_the_order_of_the_labels(folder: Path) -> None:
    atoms: Any = ase.io.read(folder / "POSCAR.lobster", format="vasp")
    assert tuple(atoms.get_chemical_symbols()) == SYMBOLS
    for bond in read_bonds(folder / "ICOHPLIST.lobster"):
        shift = bond.translation @ np.asarray(atoms.cell)
        apart = atoms.positions[bond.atom_b - 1] - (atoms.positions[bond.atom_a - 1] + shift)
        assert np.linalg.norm(apart) == pytest.approx(bond.distance, abs=1e-4)


def test_the_downloaded_folder_is_not_changed(folder: Path, tmp_path: Path) -> None:
    assert not (tmp_path / "data" / NC / "21" / "0" / "POSCAR.lobster").exists()
    assert sorted(path.name for path in folder.iterdir()) == [
        "ICOHPLIST.lobster",
        "POSCAR.lobster",
        "lobsterin-quippy",
    ]


def test_a_folder_with_files_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TableExists, match="lobsterpy is not empty"):
        write_lobsterpy_folder(tmp_path / "data", tmp_path / "lobsterpy")


def test_pymatgen_finds_the_bonds_in_the_structure(folder: Path) -> None:
    lobster_env = pytest.importorskip("pymatgen.analysis.lobster_env")
    structure = pytest.importorskip("pymatgen.core").Structure.from_file(folder / "POSCAR.lobster")
    lobster = pytest.importorskip("pymatgen.io.lobster")
    write_charges(folder)
    neighbours = lobster_env.LobsterNeighbors(
        structure=structure,
        icoxxlist_obj=lobster.Icohplist(filename=str(folder / "ICOHPLIST.lobster")),
        charge_obj=lobster.Charge(filename=str(folder / "CHARGE.lobster")),
        valences_from_charges=True,
        additional_condition=0,
        perc_strength_icohp=0.01,
        noise_cutoff=None,
    )
    found = {
        (site + 1, neighbour["site_index"] + 1)
        for site in range(len(structure))
        for neighbour in neighbours.get_nn_info(structure, site)
    }
    bonding = [bond for bond in read_bonds(folder / "ICOHPLIST.lobster") if bond.minus_icohp > 0]
    assert found == {
        pair
        for bond in bonding
        for pair in ((bond.atom_a, bond.atom_b), (bond.atom_b, bond.atom_a))
    }


def test_lobsterpy_analyses_the_folder(folder: Path) -> None:
    analyze = pytest.importorskip("lobsterpy.coxx.analyze")
    utils = pytest.importorskip("lobsterpy.utils")
    structure = utils.get_structure_path(folder)
    assert structure == folder / "POSCAR.lobster"
    write_cohpcar(folder)
    write_charges(folder)
    analysis = analyze.Analysis.from_files(
        structure_path=structure,
        icoxxlist_path=folder / "ICOHPLIST.lobster",
        coxxcar_path=folder / "COHPCAR.lobster",
        charge_path=folder / "CHARGE.lobster",
        which_bonds="all",
    )
    first = analysis.condensed_bonding_analysis["sites"][0]
    assert first["ion"] == "Cu"
    # Cu1-Zr2 has 0.9 eV, Cu1-Zr5 1.0 eV
    assert float(first["bonds"]["Zr"]["ICOHP_sum"]) == -1.9


def write_cohpcar(folder: Path) -> None:
    """Write a COHPCAR.lobster whose integrals at the Fermi level are those of ICOHPLIST."""
    bonds = read_bonds(folder / "ICOHPLIST.lobster")
    energies = (-10.0, -5.0, 0.0, 5.0)
    values = [-bond.minus_icohp for bond in bonds]
    lines = ["made up", f"{len(bonds) + 1} 1 {len(energies)} -10.0 5.0 0.0", "Average"]
    lines += [
        f"No.{number}:{bond.label_a}->{bond.label_b}({bond.distance:.5f})"
        for number, bond in enumerate(bonds, start=1)
    ]
    for energy in energies:
        filled = min((energy + 10) / 10, 1.0)
        pairs = [
            f"{value / 10 if energy <= 0 else 0.0:.5f} {value * filled:.5f}"
            for value in (sum(values) / len(values), *values)
        ]
        lines.append(f"{energy:.5f} {' '.join(pairs)}")
    (folder / "COHPCAR.lobster").write_text("\n".join(lines) + "\n")


def write_charges(folder: Path) -> None:
    rows = [f"{number} {symbol} 0.1 0.1" for number, symbol in enumerate(SYMBOLS, start=1)]
    (folder / "CHARGE.lobster").write_text("\n".join(["", "", "", *rows, "", "total 0 0"]) + "\n")
