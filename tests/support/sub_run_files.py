"""Files of a small sub-run as the client extracts them: five atoms, seven bonds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NC = "Zr2Cu2Al"
SYMBOLS = ("Cu", "Zr", "Al", "Cu", "Zr")
CELL_ANGSTROM = 10.0
POSITIONS_ANGSTROM = (
    (0.0, 0.0, 0.0),
    (2.7, 0.0, 0.0),
    (0.0, 2.5, 0.0),
    (0.0, 0.0, 2.4),
    (9.0, 2.4, 0.0),
)
ENERGY_RYDBERG = -100.5
FORCES_RYDBERG_PER_BOHR = (
    (0.1, 0.0, -0.2),
    (0.0, 0.05, 0.0),
    (-0.1, 0.0, 0.2),
    (0.0, -0.05, 0.0),
    (0.0, 0.0, 0.0),
)

# atom A, atom B, translation of A as LOBSTER writes it, ICOHP in eV
Bonds = Iterable[tuple[int, int, tuple[int, int, int], float]]
BONDS: Bonds = (
    (1, 2, (0, 0, 0), -0.9),
    (1, 3, (0, 0, 0), -1.2),
    (1, 4, (0, 0, 0), -0.4),
    (1, 5, (1, 0, 0), -1.0),
    (2, 3, (0, 0, 0), -0.3),
    (3, 4, (0, 0, 0), -0.2),
    (3, 5, (1, 0, 0), 0.05),
)
# atom A -> atom B, offset of B as quippy writes it
Clusters = Iterable[tuple[int, Iterable[tuple[int, tuple[int, int, int]]]]]
CLUSTERS: Clusters = (
    (1, ((5, (-1, 0, 0)), (2, (0, 0, 0)), (3, (0, 0, 0)), (4, (0, 0, 0)))),
    (2, ((1, (0, 0, 0)),)),
    (3, ((1, (0, 0, 0)), (4, (0, 0, 0)))),
    (4, ((1, (0, 0, 0)), (3, (0, 0, 0)))),
    (5, ((1, (1, 0, 0)),)),
)


def soap_vectors(
    atoms: int = len(SYMBOLS), components: int = 7, seed: int = 0
) -> NDArray[np.float64]:
    """Return unit vectors of positive components, like SOAP vectors."""
    vectors = np.random.default_rng(seed).random((atoms, components))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float64)


def python2_pickle(vectors: NDArray[np.float64]) -> bytes:
    """Return a pickle like the published SOAPS.vec.

    Python 2, protocol 0, list of float64 vectors.
    """
    parts = [
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I%d\ntcnumpy\ndtype\n(S'f8'\nI0\nI1\ntR"
        b"(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS%s\ntba"
        % (len(vector), repr(vector.astype("<f8").tobytes())[1:].encode("ascii"))
        for vector in vectors
    ]
    return b"(lp0\n" + b"".join(parts) + b"."


def icohplist(bonds: Bonds = BONDS, *, spin: int = 1) -> str:
    """Return a list of LOBSTER 3 of these bonds, with the distances of the structure."""
    lines = [
        "  COHP#  atomMU  atomNU     distance     translation      ICOHP (at) eF   "
        f"for spin  {spin}"
    ]
    for number, (a, b, translation, icohp) in enumerate(bonds, start=1):
        shift = CELL_ANGSTROM * np.array(translation)
        distance = np.linalg.norm(
            np.array(POSITIONS_ANGSTROM[b - 1]) - (np.array(POSITIONS_ANGSTROM[a - 1]) + shift)
        )
        i, j, k = translation
        labels = f"{SYMBOLS[a - 1]}{a}", f"{SYMBOLS[b - 1]}{b}"
        lines.append(
            f"{number:7d}{labels[0]:>8}{labels[1]:>8}{distance:13.5f}     {i:3d} {j:3d} "
            f"{k:3d}{icohp:19.5f} "
        )
    return "\n".join(lines) + "\n"


def icohplist_of_lobster_5(bonds: Bonds = BONDS) -> str:
    """Return a spin-polarised, orbital-resolved list of LOBSTER 5: a column per spin.

    The format is that of LOBSTER 5.1.1 (materialsproject/pymatgen#4065), which does not end the
    last line (#4349). Spin up has 3/4 of each ICOHP.
    """
    lines = [
        "  COHP#    atomMU    atomNU   distance   translation   ICOHP (at) eF    ICOHP (at) eF ",
        "                                                          for spin 1       for spin 2 ",
    ]
    for line, (*_, icohp) in zip(icohplist(bonds).splitlines()[1:], bonds, strict=True):
        number, a, b, distance, i, j, k, _ = line.split()
        for label_a, label_b in ((a, b), (f"{a}_3s", f"{b}_3p_y")):
            lines.append(
                f"{number:>7}{label_a:>10}{label_b:>10}{distance:>11}{i:>6}{j:>4}{k:>4}"
                f"{icohp * 0.75:17.5f}{icohp * 0.25:17.5f} "
            )
    return "\n".join(lines)


def lobsterin_quippy(clusters: Clusters = CLUSTERS) -> str:
    lines = ["skipDOS", "basisSet Bunge"]
    lines += [
        f"cohpbetween atom {a} atom {b} offset {i} {j} {k}"
        for a, others in clusters
        for b, (i, j, k) in others
    ]
    return "\n".join(lines) + "\n"


def scf_in() -> str:
    species = "".join(f"  {symbol} 1.0 {symbol}.UPF\n" for symbol in sorted(set(SYMBOLS)))
    cell = "".join(
        f"  {CELL_ANGSTROM * (i == 0)} {CELL_ANGSTROM * (i == 1)} {CELL_ANGSTROM * (i == 2)}\n"
        for i in range(3)
    )
    atoms = "".join(
        f"{symbol} {x / CELL_ANGSTROM:.6f} {y / CELL_ANGSTROM:.6f} {z / CELL_ANGSTROM:.6f}\n"
        for symbol, (x, y, z) in zip(SYMBOLS, POSITIONS_ANGSTROM, strict=True)
    )
    return (
        f" &CONTROL\n calculation = 'scf'\n /\n &SYSTEM\n ibrav = 0, nat = {len(SYMBOLS)}, ntyp = "
        "3, ecutwfc = 70\n /\n &ELECTRONS\n /\n"
        f"CELL_PARAMETERS {{angstrom}}\n{cell}ATOMIC_SPECIES\n{species}ATOMIC_POSITIONS "
        f"{{crystal}}\n{atoms}K_POINTS gamma\n"
    )


STRESS_RYDBERG_PER_BOHR3 = ((-2e-4, 1e-5, 2e-5), (1e-5, -3e-4, 3e-5), (2e-5, 3e-5, 4e-4))


def scf_out(*, converged: bool = True, stress: bool = False) -> str:
    if not converged:
        return "     iteration # 80     ecut=    70.00 Ry     beta= 0.40\n     total energy              =     -99.00000000 Ry\n"
    forces = "".join(
        f"     atom {number:4d} type  1   force = {x:14.8f} {y:14.8f} {z:14.8f}\n"
        for number, (x, y, z) in enumerate(FORCES_RYDBERG_PER_BOHR, start=1)
    )
    return (
        "     total energy              =     -99.00000000 Ry\n\n!    total energy              "
        f"= {ENERGY_RYDBERG:17.8f} Ry\n\n"
        "     convergence has been achieved in  12 iterations\n\n"
        f"     Forces acting on atoms (cartesian axes, Ry/au):\n\n{forces}"
        "     The non-local contrib.  to forces\n     atom    1 type  1   force =     9.00000000  "
        "  9.00000000    9.00000000\n" + (_stress() if stress else "")
    )


def _stress() -> str:
    """Return the stress as pw.x prints it with `tstress = .true.`, followed by one of its parts."""
    rows = "".join(
        "".join(f"{value:14.8f}" for value in row)
        + "".join(f"{value * 147105.08:12.2f}" for value in row)
        + "\n"
        for row in STRESS_RYDBERG_PER_BOHR3
    )
    return (
        "\n     Computing stress (Cartesian axis) and pressure\n\n"
        "          total   stress  (Ry/bohr**3)                   (kbar)     P=       -4.90\n"
        f"{rows}\n\n     kinetic stress (kbar)   9999.00  0.00  0.00\n"
    )


def write_sub_run(
    folder: Path,
    *,
    nc: str = NC,
    converged: bool = True,
    finished: bool = True,
    bonds: Bonds = BONDS,
    clusters: Clusters = CLUSTERS,
    soaps: NDArray[np.float64] | None = None,
) -> Path:
    """Write a sub-run with all files, or with those of a published unconverged one."""
    folder.mkdir(parents=True)
    files = {
        f"{nc}.scf.in": scf_in(),
        f"{nc}-check.scf.in": scf_in(),
        f"{nc}.scf.out": scf_out(converged=converged),
        "lobsterin-quippy": lobsterin_quippy(clusters),
    }
    if converged:
        files |= {
            "ICOHPLIST.lobster": icohplist(bonds),
            f"{nc}.lb.out": "finished in 0 h\n" if finished else "projecting...\n",
        }
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "SOAPS.vec").write_bytes(python2_pickle(soap_vectors() if soaps is None else soaps))
    return folder
