"""Rules that API and client, which never import each other, must share."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from dataops_client.ml.errors import MalformedFile
from dataops_client.ml.lobster import read_bonds
from dataops_client.ml.outcomes import Outcome as ClientOutcome
from dataops_client.ml.outcomes import get_folder_outcome

from chalicelib.domain.bonds import index_bonds
from chalicelib.domain.errors import Conflict
from chalicelib.domain.outcomes import (
    CalculationFacts,
    Outcome,
    count_bond_labels,
    read_lobster_output,
    read_scf_output,
)
from localdev.paths import ROOT

NC = "Zr2Cu2Al"
SCF = (
    None,
    b"",
    b"     convergence has been achieved in  12 iterations\n",
    b"     convergence NOT achieved after 100 iterations\n",
)
LB = (
    None,
    b"",
    b"setting up CO interactions... found 3 interactions\n",
    b"finished in 0 h 1 min\n",
)
HEADER = b"  COHP#  atomMU  atomNU  distance  translation  ICOHP (at) eF for spin 1\n"
ICOHP = (None, b"", HEADER, HEADER + b"  1   Zr1   Cu2   2.70000   0   0   0   -0.90000\n")


def facts(
    scf: bytes | None, lb: bytes | None, icohp: bytes | None, *, has_files: bool
) -> CalculationFacts:
    return CalculationFacts(
        has_files=has_files,
        scf_converged=None if scf is None else read_scf_output([scf])[0],
        lobster_finished=lb is not None and read_lobster_output([lb])[0],
        bond_labels=None if icohp is None else count_bond_labels([icohp]),
    )


@pytest.mark.parametrize(("scf", "lb", "icohp"), list(itertools.product(SCF, LB, ICOHP)))
def test_api_and_client_derive_the_same_outcome(
    tmp_path: Path, scf: bytes | None, lb: bytes | None, icohp: bytes | None
) -> None:
    names = {f"{NC}.scf.out": scf, f"{NC}.lb.out": lb, "ICOHPLIST.lobster": icohp}
    for name, content in names.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    present = any(content is not None for content in names.values())
    assert str(get_folder_outcome(tmp_path, NC)) == str(
        facts(scf, lb, icohp, has_files=present).outcome
    )


def test_the_client_has_every_outcome_of_the_api() -> None:
    assert {str(outcome) for outcome in Outcome} <= {str(outcome) for outcome in ClientOutcome}


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "data").glob("*/**/ICOHPLIST.lobster")),
    ids=lambda path: "/".join(path.parts[-5:-1:2]),
)
def test_api_and_client_read_the_same_bonds(path: Path) -> None:
    ours, theirs = index_bonds([path.read_bytes()]).bonds, read_bonds(path)
    fields = ("label_a", "label_b", "atom_a", "atom_b", "bond_type", "distance", "translation")
    assert ours
    assert [([getattr(bond, name) for name in fields], bond.icohp) for bond in ours] == [
        ([getattr(bond, name) for name in fields], bond.minus_icohp) for bond in theirs
    ]


@pytest.mark.parametrize(
    "line",
    [
        "1 Zr1 Cu2 2.7 0 0 -0.9", "1 Zr1 Cu2 2.7 0 0 0 0 -0.9", "1 Zr Cu2 2.7 0 0 0 -0.9",
        "1 Zr1 Xx2 2.7 0 0 0 -0.9",
        "1 Zr1 Cu2 nan 0 0 0 -0.9", "1 Zr1 Cu2 2.7 0 0 0 inf", "1 Zr1 Cu2 2.7 0.5 0 0 -0.9",
        "1 Zr0 Cu2 2.7 0 0 0 -0.9",
    ],
)  # fmt: skip
def test_api_and_client_reject_the_same_lines(tmp_path: Path, line: str) -> None:
    text = f"{HEADER.decode()}{line}\n"
    (tmp_path / "ICOHPLIST.lobster").write_text(text)
    with pytest.raises(Conflict):
        index_bonds([text.encode()])
    with pytest.raises(MalformedFile):
        read_bonds(tmp_path / "ICOHPLIST.lobster")
