"""Reading of extracted sub-runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.io.espresso import _get_stress
from ase.stress import full_3x3_to_voigt_6_stress
from dataops_client.ml import Outcome, load_sub_run
from dataops_client.ml.errors import MalformedFile, MissingFile, NotASubRun
from dataops_client.ml.espresso import get_symbols
from dataops_client.ml.lobster import get_bond_type, read_bonds, read_clusters
from dataops_client.ml.outcomes import derive_outcome

from tests.support.sub_run_files import (
    BONDS,
    CELL_ANGSTROM,
    ENERGY_RYDBERG,
    FORCES_RYDBERG_PER_BOHR,
    NC,
    POSITIONS_ANGSTROM,
    STRESS_RYDBERG_PER_BOHR3,
    SYMBOLS,
    scf_out,
    soap_vectors,
    write_sub_run,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_sub_run(tmp_path / NC / "21" / "0")


def test_the_structure_is_periodic_and_in_angstrom(folder: Path) -> None:
    structure = load_sub_run(folder).structure
    assert structure is not None
    assert get_symbols(structure) == SYMBOLS
    assert structure.pbc.all()
    np.testing.assert_allclose(structure.cell, CELL_ANGSTROM * np.eye(3))
    np.testing.assert_allclose(structure.positions, POSITIONS_ANGSTROM, atol=1e-5)


def test_energy_and_forces_are_in_ev_and_angstrom(folder: Path) -> None:
    sub_run = load_sub_run(folder)
    assert sub_run.converged is True
    assert sub_run.energy == pytest.approx(ENERGY_RYDBERG * 13.605692, rel=1e-7)
    assert sub_run.forces is not None
    np.testing.assert_allclose(
        sub_run.forces, np.array(FORCES_RYDBERG_PER_BOHR) * 13.605692 / 0.5291772, rtol=1e-6
    )


def test_the_stress_is_in_ev_per_cubic_angstrom_with_the_sign_of_ase(folder: Path) -> None:
    (folder / f"{NC}.scf.out").write_text(scf_out(stress=True))
    stress = load_sub_run(folder).stress
    assert stress is not None
    # 13.605692 eV / (0.5291772 angstrom)^3 = 91.8158 eV/angstrom^3
    assert stress[1, 1] == pytest.approx(3e-4 * 91.8158, rel=1e-5)
    expected = -np.array(STRESS_RYDBERG_PER_BOHR3) * 13.605692 / 0.5291772**3
    np.testing.assert_allclose(stress, expected, rtol=1e-5)


def test_the_stress_is_none_if_pw_x_did_not_print_it(folder: Path) -> None:
    assert load_sub_run(folder).stress is None


def test_ase_reads_the_same_stress(folder: Path) -> None:
    text = scf_out(stress=True).splitlines(keepends=True)
    header = next(number for number, line in enumerate(text) if "total   stress" in line)
    (folder / f"{NC}.scf.out").write_text("".join(text))
    stress = load_sub_run(folder).stress
    assert stress is not None
    np.testing.assert_allclose(
        full_3x3_to_voigt_6_stress(stress), _get_stress(text, header), rtol=1e-12
    )


def test_total_forces_are_read_instead_of_contributions(folder: Path) -> None:
    forces = load_sub_run(folder).forces
    assert forces is not None
    assert np.abs(forces).max() < 9


def test_bonds_have_labels_numbers_translation_and_minus_icohp(folder: Path) -> None:
    bonds = load_sub_run(folder).bonds
    assert bonds is not None
    bond = bonds[3]
    assert (bond.label_a, bond.label_b, bond.atom_a, bond.atom_b) == ("Cu1", "Zr5", 1, 5)
    assert (bond.translation, bond.minus_icohp, bond.bond_type) == ((1, 0, 0), 1.0, "Zr-Cu")
    assert [one.minus_icohp for one in bonds] == [-icohp for *_, icohp in BONDS]


def test_distances_equal_those_of_the_structure_with_atom_a_translated(folder: Path) -> None:
    sub_run = load_sub_run(folder)
    assert sub_run.structure is not None
    assert sub_run.bonds is not None
    for bond in sub_run.bonds:
        atom_a = (
            sub_run.structure.positions[bond.atom_a - 1] + bond.translation @ sub_run.structure.cell
        )
        apart = np.linalg.norm(sub_run.structure.positions[bond.atom_b - 1] - atom_a)
        assert apart == pytest.approx(bond.distance, abs=1e-4)


def test_soaps_are_a_float64_matrix_with_a_row_per_atom(folder: Path) -> None:
    np.testing.assert_array_equal(load_sub_run(folder).soaps, soap_vectors())


def test_an_unconverged_sub_run_loads_with_none_for_missing_parts(tmp_path: Path) -> None:
    sub_run = load_sub_run(write_sub_run(tmp_path / NC / "21" / "13", converged=False))
    assert sub_run.outcome is Outcome.SCF_NOT_CONVERGED
    assert (sub_run.converged, sub_run.energy, sub_run.forces, sub_run.bonds) == (
        False,
        None,
        None,
        None,
    )
    assert sub_run.structure is not None
    assert sub_run.soaps is not None


def test_the_essential_profile_loads(folder: Path) -> None:
    for name in ("lobsterin-quippy", f"{NC}.lb.out", f"{NC}-check.scf.in"):
        (folder / name).unlink()
    sub_run = load_sub_run(folder)
    assert sub_run.bonds is not None
    assert sub_run.energy is not None


def test_a_sub_run_without_scf_output_has_no_convergence(folder: Path) -> None:
    (folder / f"{NC}.scf.out").unlink()
    assert load_sub_run(folder).converged is None


def test_the_structure_is_read_from_xyz_without_an_input_file(folder: Path) -> None:
    (folder / f"{NC}.scf.in").unlink()
    (folder / f"{NC}.xyz").write_text(
        f'{len(SYMBOLS)}\nLattice="10 0 0 0 10 0 0 0 10" '
        'Properties=species:S:1:pos:R:3 pbc="T T T"\n'
        + "".join(
            f"{symbol} {x} {y} {z}\n"
            for symbol, (x, y, z) in zip(SYMBOLS, POSITIONS_ANGSTROM, strict=True)
        )
    )
    structure = load_sub_run(folder).structure
    assert structure is not None
    np.testing.assert_allclose(structure.positions, POSITIONS_ANGSTROM)


def test_the_composition_is_read_from_the_file_names(tmp_path: Path) -> None:
    assert load_sub_run(str(write_sub_run(tmp_path / "anywhere"))).nc == NC


def test_a_sub_run_has_the_numbers_of_its_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    here = load_sub_run(".")
    assert (here.nc, here.id_run, here.sub_run) == (NC, 21, 0)
    elsewhere = load_sub_run(write_sub_run(tmp_path / "x"))
    assert (elsewhere.id_run, elsewhere.sub_run, elsewhere.name) == (None, None, NC)


def test_the_repr_of_a_sub_run_is_one_short_line(folder: Path) -> None:
    assert repr(load_sub_run(folder)) == (
        f"SubRun({NC}/21/0, DONE, 5 atoms, -1367.3720 eV, 7 bonds, SOAPs 5 x 7)"
    )


def test_the_repr_of_an_unconverged_sub_run_names_what_there_is(tmp_path: Path) -> None:
    sub_run = load_sub_run(write_sub_run(tmp_path / NC / "21" / "13", converged=False))
    assert repr(sub_run) == (f"SubRun({NC}/21/13, SCF_NOT_CONVERGED, 5 atoms, SOAPs 5 x 7)")


def test_the_repr_of_bonds_is_one_short_line(folder: Path) -> None:
    assert repr(load_sub_run(folder).bonds) == "<7 bonds: 2 Cu-Al, 1 Cu-Cu, 2 Zr-Al, 2 Zr-Cu>"


def test_a_notebook_shows_a_table(folder: Path) -> None:
    html = load_sub_run(folder)._repr_html_()
    assert f"<caption>{NC}/21/0</caption>" in html
    assert "<th>energy</th><td>-1367.3720 eV</td>" in html


@pytest.mark.parametrize("case", ["missing", "empty", "two compositions"])
def test_a_folder_that_is_not_one_sub_run_is_rejected(tmp_path: Path, case: str) -> None:
    folder = tmp_path / "odd"
    if case != "missing":
        folder.mkdir()
    if case == "two compositions":
        (folder / "CuZr.scf.in").touch()
        (folder / "Cu.scf.out").touch()
    with pytest.raises(NotASubRun, match="odd"):
        load_sub_run(folder)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("ICOHPLIST.lobster", lambda text: text.replace("Zr5", "Zr6")),
        ("ICOHPLIST.lobster", lambda text: text.replace("Cu1", "Zr1")),
        ("ICOHPLIST.lobster", lambda text: text.replace("Cu1", "Xy1")),
        ("ICOHPLIST.lobster", lambda text: text.replace("-1.00000", "nan")),
        ("ICOHPLIST.lobster", lambda text: text[:-30]),
        ("ICOHPLIST.lobster", lambda text: text.split("\n", 1)[1]),
        ("ICOHPLIST.lobster", lambda text: text + text),
        (f"{NC}.scf.out", lambda text: text.replace("-100.5", "******")),
        (f"{NC}.scf.out", lambda text: text.replace("-0.20000000", "NaN")),
        (f"{NC}.scf.out", lambda text: text.replace("     atom    5 type  1", "     atom")),
        (f"{NC}.scf.out", lambda text: text.replace("-0.00030000", "**********")),
        (f"{NC}.scf.in", lambda text: text.replace("CELL_PARAMETERS", "CELL")),
    ],
)
def test_the_error_of_a_damaged_file_contains_its_name(
    folder: Path, name: str, damage: object
) -> None:
    path = folder / name
    (folder / f"{NC}.scf.out").write_text(scf_out(stress=True))
    assert callable(damage)
    damaged = damage(path.read_text())
    assert damaged != path.read_text()
    path.write_text(damaged)
    with pytest.raises(MalformedFile, match=name):
        load_sub_run(folder)


@pytest.mark.parametrize(
    "line", ["cohpbetween atom 1 atom 2", "cohpbetween atom x atom 2 offset 0 0 0"]
)
def test_the_error_of_an_invalid_cluster_line_contains_the_line(folder: Path, line: str) -> None:
    path = folder / "lobsterin-quippy"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(MalformedFile, match=line):
        read_clusters(path)


def test_the_error_of_a_missing_file_contains_its_name(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"ICOHPLIST\.lobster"):
        read_bonds(tmp_path / "ICOHPLIST.lobster")


def test_bond_types_put_the_heavier_element_first() -> None:
    assert [
        get_bond_type(*pair)
        for pair in (("Al", "Cu"), ("Cu", "Al"), ("Cu", "Zr"), ("Al", "Zr"), ("Zr", "Zr"))
    ] == ["Cu-Al", "Cu-Al", "Zr-Cu", "Zr-Al", "Zr-Zr"]


CONVERGED, FINISHED, LABELS = scf_out(), "finished in 1 h\n", "  COHP#\n 1\n"


@pytest.mark.parametrize(
    ("scf", "lobster", "labels", "outcome"),
    [
        (CONVERGED, FINISHED, LABELS, Outcome.DONE),
        (scf_out(converged=False), None, None, Outcome.SCF_NOT_CONVERGED),
        (scf_out(converged=False), FINISHED, LABELS, Outcome.SCF_NOT_CONVERGED),
        (CONVERGED, "projecting...\n", LABELS, Outcome.LOB_NOT_FINISHED_BUT_ICOHP_OK),
        (CONVERGED, None, LABELS, Outcome.LOB_NOT_FINISHED_BUT_ICOHP_OK),
        (CONVERGED, FINISHED, None, Outcome.SCF_CONVERGED_BUT_NO_ICOHP),
        (CONVERGED, FINISHED, "", Outcome.SCF_CONVERGED_BUT_NO_ICOHP),
        (CONVERGED, None, None, Outcome.SCF_CONVERGED_BUT_NO_ICOHP),
        (None, FINISHED, None, Outcome.SCF_NOT_CONVERGED_AND_NO_ICOHP),
        (None, FINISHED, LABELS, Outcome.DONE),
    ],
)
def test_the_outcome_is_the_first_rule_that_applies(
    scf: str | None, lobster: str | None, labels: str | None, outcome: Outcome
) -> None:
    assert derive_outcome(scf, lobster, labels) is outcome


def test_two_outcomes_are_usable() -> None:
    assert {outcome for outcome in Outcome if outcome.usable} == {
        Outcome.DONE,
        Outcome.SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK,
    }
