"""Lists of LOBSTER 3 to 5, with and without spin polarisation.

The formats are those of files in materialsproject/pymatgen (tests/files/electronic_structure/cohp)
and in its issues 4065 and 4349.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from dataops_client.ml import read_bonds
from dataops_client.ml.errors import MalformedFile
from dataops_client.ml.lobster import is_spin_polarized

from tests.support.sub_run_files import BONDS, icohplist, icohplist_of_lobster_5

ONE_SPIN = icohplist()
HALVES = [(a, b, translation, icohp / 2) for a, b, translation, icohp in BONDS]
TWO_LISTS = icohplist(HALVES) + icohplist(HALVES, spin=2)
ORBITALS = ONE_SPIN.replace(
    "\n      2 ", "\n      1  Cu1_3p_y   Zr2_4s      2.70000       0   0   0  -0.5\n      2 "
)
LOBSTER_2 = (
    "  COHP#  atomMU  atomNU     distance          ICOHP(eF) avg. over # bonds  for spin  1\n"
    "      1     Cu1     Zr2      2.88231           -2.18042                 3\n"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ICOHPLIST.lobster"


@pytest.mark.parametrize(
    ("text", "polarized"),
    [
        (ONE_SPIN, False),
        (ONE_SPIN.rstrip(), False),
        (ONE_SPIN.replace("\n", "\r\n"), False),
        (ORBITALS, False),
        (TWO_LISTS, True),
        (TWO_LISTS.rstrip(), True),
        (icohplist_of_lobster_5(), True),
        (icohplist_of_lobster_5() + "\n", True),
    ],
    ids=[
        "one spin", "no final newline", "CRLF", "orbitals",
        "two lists", "two lists, no final newline", "LOBSTER 5", "LOBSTER 5, final newline",
    ],
)  # fmt: skip
def test_every_version_gives_the_same_bonds(path: Path, text: str, polarized: bool) -> None:
    path.write_bytes(text.encode())
    bonds = read_bonds(str(path))
    assert [bond.minus_icohp for bond in bonds] == pytest.approx(
        [-icohp for *_, icohp in BONDS], abs=1e-5
    )
    assert [(bond.atom_a, bond.atom_b, bond.translation) for bond in bonds] == [
        bond[:3] for bond in BONDS
    ]
    assert is_spin_polarized(path) is polarized
    assert all((bond.minus_icohp_spins is not None) is polarized for bond in bonds)


def test_the_spins_of_lobster_5_add_up_to_the_total(path: Path) -> None:
    path.write_text(icohplist_of_lobster_5())
    first = read_bonds(path)[0]
    assert first.minus_icohp_spins == (0.675, 0.225)
    assert first.minus_icohp == 0.675 + 0.225


def test_a_line_of_lobster_5_1_1_is_read(path: Path) -> None:
    # The first bond of ICOHPLIST_511_sp.lobster.AlN of pymatgen.
    path.write_text(
        "  COHP#    atomMU    atomNU   distance   translation   ICOHP (at) eF    ICOHP (at) eF \n"
        "                                                          for spin 1       for spin 2 \n"
        "      1       Al1       Al1    3.12859    -1  -1   0        -0.21490         -0.21497 \n"
        "      1    Al1_3s    Al1_3s    3.12859    -1  -1   0        -0.00181         -0.00181 "
    )
    [bond] = read_bonds(path)
    assert (bond.distance, bond.translation) == (3.12859, (-1, -1, 0))
    assert bond.minus_icohp_spins == (0.2149, 0.21497)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ONE_SPIN + ONE_SPIN, r"lists of spins \['1', '1'\]"),
        (icohplist(spin=2), r"lists of spins \['2'\]"),
        (TWO_LISTS + icohplist(spin=3), "lists of spins"),
        (icohplist() + icohplist([*BONDS][1:], spin=2), "different bonds"),
        (icohplist() + icohplist([*BONDS][::-1], spin=2), "different bonds"),
        (ONE_SPIN.replace("Cu1 ", "Cu_1 "), "label 'Cu_1'"),
        (LOBSTER_2, "LOBSTER 3 or newer is required"),
        (ONE_SPIN.replace("-0.90000", "-0.90000 -0.1"), "2 values for 1 spins"),
        (icohplist_of_lobster_5().replace("-0.22500", ""), "1 values for 2 spins"),
    ],
)
def test_inconsistent_lists_are_rejected(path: Path, text: str, reason: str) -> None:
    path.write_text(text)
    with pytest.raises(MalformedFile, match=reason):
        read_bonds(path)


@pytest.mark.parametrize("text", [ONE_SPIN, TWO_LISTS, icohplist_of_lobster_5()])
def test_pymatgen_reads_the_same_numbers(path: Path, text: str) -> None:
    lobster = pytest.importorskip("pymatgen.io.lobster")
    path.write_text(text)
    listed = lobster.Icohplist(filename=str(path)).icohpcollection
    assert [value.summed_icohp for value in listed._icohplist.values()] == pytest.approx(
        [-bond.minus_icohp for bond in read_bonds(path)]
    )
