"""Makes the sample data beside this file, laid out as in the data bucket. The numbers are synthetic (README.md).

    python3 data/make_sample.py --update    writes it
    python3 data/make_sample.py --check     exit code 1, and the names, where a file is missing, differs or is too many

Needs the standard library only.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from sample.cell import Cell, neighbours, packed_cell
from sample.espresso import scf_in, scf_out
from sample.lobster import icohplist, lobsterin, lobsterin_quippy, protocol
from sample.physics import SOAP_CUTOFF, SOAP_L_MAX, SOAP_N_MAX, SOAP_WIDTH, bonds, soap_vectors
from sample.soaps import soaps_vec

HERE = Path(__file__).resolve().parent
DESCRIPTION = "dataset.json"
UNCONVERGED = ("Zr49Cu49Al2", 21, 13)
WITH_CLUSTERS = ("Zr49Cu49Al2", 21, 3)
"""The only published sub-run that has files of its clusters."""

# Small cells near the composition: the atoms, the edge of the cubic reference cell (angstrom) and the seed. The seeds are those, of
# the first thousand, whose closest atoms stay furthest apart under all deformations.
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
        "--root", type=Path, default=HERE, help="another folder than the one of this file"
    )
    arguments = parser.parse_args()
    if arguments.update:
        update(arguments.root)
    elif findings := list(differences(arguments.root)):
        print("\n".join(findings))
        sys.exit(1)


def update(root: Path) -> None:
    for folder in _folders(root):
        shutil.rmtree(folder, ignore_errors=True)
    for name, content in files():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def differences(root: Path) -> Iterator[str]:
    """What is not as `update` would write it."""
    wanted = dict(files())
    paths = [root / DESCRIPTION, *(path for folder in _folders(root) for path in folder.rglob("*"))]
    found = {path.relative_to(root).as_posix() for path in paths if path.is_file()}
    for name in sorted(wanted.keys() | found):
        if name not in found:
            yield f"missing: {name}"
        elif name not in wanted:
            yield f"not from here: {name}"
        elif (root / name).read_bytes() != wanted[name]:
            yield f"differs: {name}"


def _folders(root: Path) -> list[Path]:
    return [
        root / f"{nc}{kind}" for nc in sorted({nc for nc, _ in RUNS}) for kind in ("", "-SOAPS")
    ]


def files() -> Iterator[tuple[str, bytes]]:
    """Yield key in the bucket, and content, of every file of the sample."""
    yield DESCRIPTION, (json.dumps(_description(), indent=1, ensure_ascii=False) + "\n").encode()
    for (nc, id_run), (species, edge, seed, sub_runs) in RUNS.items():
        reference = packed_cell(tuple(species.split()), edge, seed)
        for sub_run in sub_runs:
            path = f"{nc}/c/md/lammps/100/{id_run}/2000/{sub_run}"
            for name, content in _sub_run(nc, id_run, sub_run, reference.deformed(sub_run)).items():
                folder = path.replace(nc, f"{nc}-SOAPS", 1) if name == "SOAPS.vec" else path
                yield f"{folder}/{name}", content


def _description() -> dict[str, object]:
    species = "n_Z=3 Z={13 29 40} n_species=3 species_Z={13 29 40}"
    return {
        "name": "Sample of the DataOps API",
        "description": "Made up by data/make_sample.py, to try programs with. Formats, units, magnitudes and symmetries resemble those "
        "of Phys. Rev. Materials 4, 113603 (2020). No calculation was run.",
        "license": "Apache-2.0",
        "creators": ["DataOps API contributors"],
        "citation": "Not to be cited: synthetic data.",
        "synthetic": True,
        "soap_descriptor": f"soap cutoff={SOAP_CUTOFF} l_max={SOAP_L_MAX} n_max={SOAP_N_MAX} atom_sigma={SOAP_WIDTH} {species}",
    }


def _sub_run(nc: str, id_run: int, sub_run: int, cell: Cell) -> dict[str, bytes]:
    key = (nc, id_run, sub_run)
    converged = key != UNCONVERGED
    scratch = f"{nc}/c/md/lammps/100/{id_run}/2000/{sub_run}"
    xyz = _xyz(cell)
    texts = {
        f"{nc}.scf.in": scf_in(nc, cell, scratch),
        f"{nc}-check.scf.in": scf_in(nc, cell, scratch, check=True),
        f"{nc}.scf.out": scf_out(nc, cell, id_run * 100 + sub_run, converged=converged),
        f"{nc}.xyz": xyz,
        f"{nc}.xyz.idx": f"1\n0 {len(cell.species)}\n{len(xyz)} {len(cell.species)}\n",
        "QE_done": "1\n",
        "lobsterin": lobsterin(),
        "lobsterin-quippy": lobsterin_quippy(cell),
    }
    if converged:
        found = bonds(cell)
        texts |= {
            "ICOHPLIST.lobster": icohplist(cell, found),
            "LOB_run": "6-cpu\n",
            "lobsterout": protocol(len(found), finished=False),
        }
        texts[f"{nc}.lb.out"] = protocol(len(found), finished=True)
    if key == WITH_CLUSTERS:
        texts |= {
            f"cluster-{name}{number}.xyz": _cluster(cell, number - 1)
            for number, name in enumerate(cell.species, 1)
        }
    return {name: text.encode() for name, text in texts.items()} | {
        "SOAPS.vec": soaps_vec(soap_vectors(cell))
    }


def _xyz(cell: Cell) -> str:
    lattice = "   ".join(" ".join(f"{value:10.6f}" for value in row) for row in cell.vectors)
    lines = [
        str(len(cell.species)),
        f'Lattice="{lattice}" Properties=species:S:1:pos:R:3 pbc="T T T"',
    ]
    lines += [
        _atom(name, cell.cartesian(place))
        for name, place in zip(cell.species, cell.positions, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _cluster(cell: Cell, centre: int) -> str:
    origin = cell.cartesian(cell.positions[centre])
    atoms = [_atom(cell.species[centre], origin)]
    for near in sorted(
        neighbours(cell, centre, 3.75), key=lambda near: (near.distance, near.index)
    ):
        x, y, z = (origin[k] + near.offset[k] for k in range(3))
        atoms.append(_atom(cell.species[near.index], (x, y, z)))
    return "\n".join([str(len(atoms)), "KNF: ", *atoms]) + "\n"


def _atom(name: str, place: tuple[float, float, float]) -> str:
    return f"{name}   " + "   ".join(f"{value:.6f}" for value in place)


if __name__ == "__main__":
    main()
