"""The sample in data/.

Up to date, and faithful enough for the programs that read the real thing.
"""

from __future__ import annotations

import pickle
import pickletools
import re
import shutil
import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms

from chalicelib.domain.dataset_info import DatasetInfo
from chalicelib.domain.deformation import DEFORMATIONS

DATA = Path(__file__).parents[2] / "data"
MAKER = DATA / "make_sample.py"
SUB_RUNS = sorted(path.parent for path in DATA.glob("*/c/md/lammps/100/*/2000/*/QE_done"))
CONVERGED = [folder for folder in SUB_RUNS if (folder / "ICOHPLIST.lobster").exists()]


def read(path: Path, format: str) -> Atoms:  # noqa: A002 - as ASE has it
    atoms = ase.io.read(path, format=format)
    assert isinstance(atoms, Atoms)
    return atoms


def soaps_of(folder: Path) -> Path:
    nc = folder.relative_to(DATA).parts[0]
    return DATA / f"{nc}-SOAPS" / folder.relative_to(DATA / nc) / "SOAPS.vec"


def name_of(folder: Path) -> str:
    parts = folder.relative_to(DATA).parts
    return f"{parts[0]}/{parts[5]}/{parts[7]}"


def check(root: Path) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, MAKER, "--check", "--root", root],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_the_generator_produces_the_sample_files() -> None:
    assert check(DATA) == (0, [])


def test_a_changed_a_missing_and_a_strange_file_are_named(tmp_path: Path) -> None:
    for folder in DATA.iterdir():
        if folder.is_dir() and folder.name != "sample" and not folder.name.startswith("__"):
            shutil.copytree(folder, tmp_path / folder.name)
    (tmp_path / "dataset.json").write_text("{}")
    base = tmp_path / "Zr50Cu40Al10/c/md/lammps/100/2/2000/0"
    (base / "lobsterin").write_text("changed")
    (base / "QE_done").unlink()
    (base / "strange").touch()
    code, lines = check(tmp_path)
    assert code == 1
    key = "Zr50Cu40Al10/c/md/lammps/100/2/2000/0"
    assert lines == [
        f"missing: {key}/QE_done",
        f"differs: {key}/lobsterin",
        f"unexpected: {key}/strange",
        "differs: dataset.json",
    ]


def test_the_sample_has_the_runs_of_the_readme_and_at_most_4_megabytes() -> None:
    names = {name_of(folder) for folder in SUB_RUNS}
    assert names == {
        f"{run}/{sub_run}" for run in ("Zr49Cu49Al2/21", "Zr50Cu40Al10/1") for sub_run in range(15)
    } | {"Zr50Cu40Al10/2/0"}
    assert (
        sum(
            path.stat().st_size
            for path in DATA.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        )
        <= 4_000_000
    )
    assert "made up" in (DATA / "README.md").read_text().splitlines()[2]


def test_one_sub_run_did_not_converge_and_has_no_bonds() -> None:
    [failed] = set(SUB_RUNS) - set(CONVERGED)
    assert name_of(failed) == "Zr49Cu49Al2/21/13"
    assert "convergence has been achieved" not in (failed / "Zr49Cu49Al2.scf.out").read_text()
    assert not (failed / "Zr49Cu49Al2.lb.out").exists()


@pytest.mark.parametrize("folder", CONVERGED, ids=name_of)
def test_ase_reads_input_and_output_and_they_agree(folder: Path) -> None:
    nc = folder.relative_to(DATA).parts[0]
    given = read(folder / f"{nc}.scf.in", format="espresso-in")
    made = read(folder / f"{nc}.scf.out", format="espresso-out")
    assert 8 <= len(given) <= 16
    assert np.allclose(given.cell, made.cell, atol=1e-4)
    assert np.allclose(given.positions, made.positions, atol=1e-4)
    assert made.get_forces().shape == (len(given), 3)
    assert np.allclose(made.get_forces().sum(axis=0), 0, atol=1e-5)
    assert made.get_potential_energy() < -1000
    pictured = read(folder / f"{nc}.xyz", format="extxyz")
    assert np.allclose(pictured.positions, given.positions, atol=1e-4)


@pytest.mark.parametrize("folder", CONVERGED, ids=name_of)
def test_pymatgen_reads_as_many_bonds_as_lobster_found(folder: Path) -> None:
    lobster = pytest.importorskip("pymatgen.io.lobster")
    nc = folder.relative_to(DATA).parts[0]
    found = re.search(r"found (\d+) interactions", (folder / f"{nc}.lb.out").read_text())
    assert found
    listed = lobster.Icohplist(filename=str(folder / "ICOHPLIST.lobster"))
    assert len(listed.icohplist) == int(found.group(1))


@pytest.mark.parametrize("folder", SUB_RUNS, ids=name_of)
def test_cells_are_deformed_as_the_published_ones(folder: Path) -> None:
    nc = folder.relative_to(DATA).parts[0]
    reference = read(folder.parent / "0" / f"{nc}.scf.in", format="espresso-in")
    deformed = read(folder / f"{nc}.scf.in", format="espresso-in")
    assert np.allclose(
        deformed.cell, np.array(DEFORMATIONS[int(folder.name)].matrix) @ reference.cell, atol=2e-6
    )
    assert np.allclose(deformed.get_scaled_positions(), reference.get_scaled_positions(), atol=1e-6)


@pytest.mark.parametrize("folder", CONVERGED, ids=name_of)
def test_distances_are_those_of_the_atoms_with_the_first_one_moved(folder: Path) -> None:
    nc = folder.relative_to(DATA).parts[0]
    atoms = read(folder / f"{nc}.scf.in", format="espresso-in")
    for line in (folder / "ICOHPLIST.lobster").read_text().splitlines()[1:]:
        _, one, other, distance, i, j, k, icohp = line.split()
        first, second = (int(re.sub(r"\D", "", label)) - 1 for label in (one, other))
        moved = atoms.positions[first] + np.array([int(i), int(j), int(k)]) @ atoms.cell.array
        assert np.linalg.norm(atoms.positions[second] - moved) == pytest.approx(
            float(distance), abs=1e-4
        )
        assert 1.8 <= float(distance) <= 4.2
        assert float(icohp) < 0


@pytest.mark.parametrize("folder", SUB_RUNS, ids=name_of)
def test_descriptors_are_a_python_2_pickle_of_unit_vectors(folder: Path) -> None:
    content = soaps_of(folder).read_bytes()
    with soaps_of(folder).open("rb") as file:
        vectors = pickle.load(file, encoding="latin1")
    nc = folder.relative_to(DATA).parts[0]
    assert len(vectors) == len(read(folder / f"{nc}.scf.in", format="espresso-in"))
    for vector in vectors:
        assert (vector.shape, vector.dtype) == ((136,), np.float64)
        assert np.isfinite(vector).all()
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-9)
    original = b"(lp0\ncnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I136\ntcnumpy\ndtype\n(S'f8'\n"
    assert content.startswith(original)
    assert content.count(b"p0\n") == 1
    assert content.endswith((b"'\ntba.", b'"\ntba.'))


def test_descriptors_do_not_depend_on_the_order_of_the_atoms() -> None:
    """Taken from the generator itself, with the atoms of a cell reversed."""
    code = """
import sys; sys.path.insert(0, sys.argv[1])
from sample.cell import Cell, pack_cell
from sample.physics import compute_soap_vectors
cell = pack_cell(("Zr", "Cu", "Al", "Zr", "Cu", "Zr", "Cu", "Zr"), 5.2, 3)
turned = Cell(cell.vectors, cell.species[::-1], cell.positions[::-1])
pairs = zip(compute_soap_vectors(cell), compute_soap_vectors(turned)[::-1])
print(max(abs(a - b) for one, other in pairs for a, b in zip(one, other)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, DATA], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 1e-9


def test_the_pickle_uses_protocol_0_only() -> None:
    opcodes = {
        opcode.name
        for opcode, _, _ in pickletools.genops(
            soaps_of(CONVERGED[0]).read_bytes().split(b"I00\nS")[0] + b"I00\n."
        )
    }
    assert (
        max(next(op.proto for op in pickletools.opcodes if op.name == name) for name in opcodes)
        == 0
    )


def test_the_description_is_synthetic_and_names_the_descriptor() -> None:
    info = DatasetInfo.parse((DATA / "dataset.json").read_bytes())
    assert info.synthetic is True
    assert all((info.name, info.description, info.license, info.creators, info.citation, info.soap))
    code = "import sys; sys.path.insert(0, sys.argv[1]); from sample import physics as p; "
    code += "print(p.SOAP_CUTOFF, p.SOAP_L_MAX, p.SOAP_N_MAX, p.SOAP_WIDTH, len(p.SOAP_SPECIES))"
    done = subprocess.run(
        [sys.executable, "-c", code, DATA], capture_output=True, text=True, check=True
    )
    assert info.soap
    names = ("cutoff", "l_max", "n_max", "atom_sigma", "n_species")
    assert done.stdout.split() == [info.soap.parameters[name] for name in names]
