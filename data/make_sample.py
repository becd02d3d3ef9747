"""Generator of the sample data in this folder, which has the layout of the data bucket.

    python3 data/make_sample.py --update    writes the files
    python3 data/make_sample.py --check     lists missing, changed and unexpected files; exit code 1

The numbers are synthetic (README.md). The generator requires the standard library only.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from sample.cell import Cell, find_neighbours, pack_cell
from sample.espresso import build_scf_in, build_scf_out
from sample.lobster import (
    build_icohplist,
    build_lobsterin,
    build_lobsterin_quippy,
    build_log,
)
from sample.physics import (
    SOAP_CUTOFF,
    SOAP_L_MAX,
    SOAP_N_MAX,
    SOAP_WIDTH,
    compute_soap_vectors,
    find_bonds,
)
from sample.soaps import build_soaps_vec

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from chalicelib.domain.deformation import DEFORMATIONS  # noqa: E402 - of this checkout

DESCRIPTION = "dataset.json"
UNCONVERGED = ("Zr49Cu49Al2", 21, 13)
WITH_CLUSTERS = ("Zr49Cu49Al2", 21, 3)
"""The only published sub-run with files of its clusters."""

# Small cells near the composition: the atoms, the edge of the cubic reference cell (angstrom), the
# seed and the sub-runs. Of the first thousand seeds, these maximise the smallest distance between
# atoms under all deformations.
RUNS: dict[tuple[str, int], tuple[str, float, int, range]] = {
    ("Zr49Cu49Al2", 21): ("Zr Cu Cu Zr Al Cu Zr Zr Cu Zr Cu Zr", 5.932, 15, range(15)),
    ("Zr50Cu40Al10", 1): ("Zr Cu Zr Al Cu Zr Cu Zr Zr Cu", 5.593, 49, range(15)),
    ("Zr50Cu40Al10", 2): ("Cu Zr Zr Cu Zr Cu Al Zr Cu Zr", 5.593, 11, range(1)),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--update", action="store_true")
    mode.add_argument("--check", action="store_true")
    parser.add_argument(
        "--root", type=Path, default=HERE, help="target folder; default: the folder of this file"
    )
    arguments = parser.parse_args()
    if arguments.update:
        update(arguments.root)
    elif findings := list(find_differences(arguments.root)):
        print("\n".join(findings))
        sys.exit(1)


def update(root: Path) -> None:
    for folder in _folders(root):
        shutil.rmtree(folder, ignore_errors=True)
    for name, content in iter_files():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def find_differences(root: Path) -> Iterator[str]:
    """Yield the differences between the folder and the output of `update`."""
    expected = dict(iter_files())
    paths = [root / DESCRIPTION, *(path for folder in _folders(root) for path in folder.rglob("*"))]
    found = {path.relative_to(root).as_posix() for path in paths if path.is_file()}
    for name in sorted(expected.keys() | found):
        if name not in found:
            yield f"missing: {name}"
        elif name not in expected:
            yield f"unexpected: {name}"
        elif (root / name).read_bytes() != expected[name]:
            yield f"differs: {name}"


def _folders(root: Path) -> list[Path]:
    return [
        root / f"{nc}{kind}" for nc in sorted({nc for nc, _ in RUNS}) for kind in ("", "-SOAPS")
    ]


def iter_files() -> Iterator[tuple[str, bytes]]:
    """Yield the key in the bucket and the content of every file."""
    yield (
        DESCRIPTION,
        (json.dumps(_build_description(), indent=1, ensure_ascii=False) + "\n").encode(),
    )
    for (nc, id_run), (species, edge, seed, sub_runs) in RUNS.items():
        reference = pack_cell(tuple(species.split()), edge, seed)
        for sub_run in sub_runs:
            path = f"{nc}/c/md/lammps/100/{id_run}/2000/{sub_run}"
            cell = reference.deform(DEFORMATIONS[sub_run].matrix)
            for name, content in _build_sub_run(nc, id_run, sub_run, cell).items():
                folder = path.replace(nc, f"{nc}-SOAPS", 1) if name == "SOAPS.vec" else path
                yield f"{folder}/{name}", content


def _build_description() -> dict[str, object]:
    species = "n_Z=3 Z={13 29 40} n_species=3 species_Z={13 29 40}"
    return {
        "name": "Sample of the DataOps API",
        "description": "Made up by data/make_sample.py, to try programs with. "
        "Formats, units, magnitudes and symmetries resemble those of "
        "Phys. Rev. Materials 4, 113603 (2020). "
        "No calculation was run.",
        "license": "Apache-2.0",
        "creators": ["DataOps API contributors"],
        "citation": "Not to be cited: synthetic data.",
        "synthetic": True,
        "soap_descriptor": f"soap cutoff={SOAP_CUTOFF} l_max={SOAP_L_MAX} n_max={SOAP_N_MAX} "
        f"atom_sigma={SOAP_WIDTH} {species}",
    }


def _build_sub_run(nc: str, id_run: int, sub_run: int, cell: Cell) -> dict[str, bytes]:
    key = (nc, id_run, sub_run)
    converged = key != UNCONVERGED
    scratch = f"{nc}/c/md/lammps/100/{id_run}/2000/{sub_run}"
    xyz = _format_xyz(cell)
    texts = {
        f"{nc}.scf.in": build_scf_in(nc, cell, scratch),
        f"{nc}-check.scf.in": build_scf_in(nc, cell, scratch, check=True),
        f"{nc}.scf.out": build_scf_out(nc, cell, id_run * 100 + sub_run, converged=converged),
        f"{nc}.xyz": xyz,
        f"{nc}.xyz.idx": f"1\n0 {len(cell.species)}\n{len(xyz)} {len(cell.species)}\n",
        "QE_done": "1\n",
        "lobsterin": build_lobsterin(),
        "lobsterin-quippy": build_lobsterin_quippy(cell),
    }
    if converged:
        bonds = find_bonds(cell)
        texts |= {
            "ICOHPLIST.lobster": build_icohplist(cell, bonds),
            "LOB_run": "6-cpu\n",
            "lobsterout": build_log(len(bonds), finished=False),
        }
        texts[f"{nc}.lb.out"] = build_log(len(bonds), finished=True)
    if key == WITH_CLUSTERS:
        texts |= {
            f"cluster-{name}{number}.xyz": _format_cluster(cell, number - 1)
            for number, name in enumerate(cell.species, 1)
        }
    return {name: text.encode() for name, text in texts.items()} | {
        "SOAPS.vec": build_soaps_vec(compute_soap_vectors(cell))
    }


def _format_xyz(cell: Cell) -> str:
    lattice = "   ".join(" ".join(f"{value:10.6f}" for value in row) for row in cell.vectors)
    lines = [
        str(len(cell.species)),
        f'Lattice="{lattice}" Properties=species:S:1:pos:R:3 pbc="T T T"',
    ]
    lines += [
        _format_atom(name, cell.cartesian(place))
        for name, place in zip(cell.species, cell.positions, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _format_cluster(cell: Cell, centre: int) -> str:
    origin = cell.cartesian(cell.positions[centre])
    atoms = [_format_atom(cell.species[centre], origin)]
    for near in sorted(
        find_neighbours(cell, centre, 3.75), key=lambda near: (near.distance, near.index)
    ):
        x, y, z = (origin[k] + near.offset[k] for k in range(3))
        atoms.append(_format_atom(cell.species[near.index], (x, y, z)))
    return "\n".join([str(len(atoms)), "KNF: ", *atoms]) + "\n"


def _format_atom(name: str, place: tuple[float, float, float]) -> str:
    return f"{name}   " + "   ".join(f"{value:.6f}" for value in place)


if __name__ == "__main__":
    main()
