"""What the files of a sub-run show of its simulations, by the rules of the group that made them.

Source: check_QE_ICOHP.py of the published data set (Phys. Rev. Materials 4, 113603). The order of its cases is kept, so that our
list of usable sub-runs equals the paper's. What it prints as -1 is None here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

RULES_VERSION = 3
"""Part of what kept facts are known by: raise it when the same files would be read otherwise."""

OVERLAP_BYTES = 256
"""How far consecutive windows of an output must overlap: more than any phrase that is looked for."""

_CONVERGED = re.compile(rb"convergence has been achieved in(?:\s+([0-9]{1,9}))?")
_TOTAL_ENERGY = re.compile(
    rb"^!\s+total energy\s+=\s+(-?[0-9]{1,12}\.[0-9]{1,12}) Ry", re.MULTILINE
)
_ITERATION = re.compile(rb"iteration #\s*([0-9]{1,9})")
_FINISHED = b"finished in"
_BONDS_EXPECTED = re.compile(rb"setting up CO interactions\.\.\. found\s+([0-9]{1,9})")


class Outcome(StrEnum):
    """`SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK`, which the script names too, stands behind a case that covers it: it never occurs."""

    NO_DATA = "NO_DATA"
    SCF_NOT_CONVERGED = "SCF_NOT_CONVERGED"
    LOB_NOT_FINISHED_BUT_ICOHP_OK = "LOB_NOT_FINISHED_BUT_ICOHP_OK"
    SCF_CONVERGED_BUT_NO_ICOHP = "SCF_CONVERGED_BUT_NO_ICOHP"
    SCF_NOT_CONVERGED_AND_NO_ICOHP = "SCF_NOT_CONVERGED_AND_NO_ICOHP"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found. `scf_converged` is None without `<nc>.scf.out`, `bond_labels` without a line in `ICOHPLIST.lobster`.

    `scf_iterations` counts to convergence, or to the last iteration that was begun; `total_energy_ry` is known once it converged.
    """

    has_files: bool
    scf_converged: bool | None = None
    scf_iterations: int | None = None
    lobster_finished: bool = False
    bonds_expected: int | None = None
    bond_labels: int | None = None
    total_energy_ry: float | None = None

    @property
    def labels_complete(self) -> bool:
        """Whether there is a label for every bond that LOBSTER set out to describe: a fact beside the outcome, not part of it."""
        return self.bond_labels is not None and self.bond_labels == self.bonds_expected

    @property
    def outcome(self) -> Outcome:
        """The first case that applies."""
        if not self.has_files:
            return Outcome.NO_DATA
        if self.scf_converged is False:
            return Outcome.SCF_NOT_CONVERGED
        if not self.lobster_finished and self.bond_labels is not None:
            return Outcome.LOB_NOT_FINISHED_BUT_ICOHP_OK
        if self.bond_labels is None:
            return (
                Outcome.SCF_CONVERGED_BUT_NO_ICOHP
                if self.scf_converged
                else Outcome.SCF_NOT_CONVERGED_AND_NO_ICOHP
            )
        return Outcome.DONE


@dataclass(frozen=True, slots=True)
class ReadFacts:
    """Facts and the `version` of the files that they were read from; None if the files are too large to be read."""

    version: str
    facts: Facts | None


def read_scf_output(windows: Iterable[bytes]) -> tuple[bool, int | None, float | None]:
    """Whether pw.x converged, its iterations, and the total energy (Ry) it converged to, from windows of `<nc>.scf.out`.

    The last window comes first, and no more are taken than needed: the energy (the line with `!`) stands shortly before the phrase,
    in the same window or in the next.
    """
    converged, iterations, energy = False, None, None
    for window in windows:
        enough = converged
        if energy is None and (energies := _TOTAL_ENERGY.findall(window)):
            energy = float(energies[-1])
        if not converged and (found := _CONVERGED.findall(window)):
            converged, iterations = True, int(found[-1]) if found[-1] else None
        elif not converged and iterations is None and (begun := _ITERATION.findall(window)):
            iterations = int(begun[-1])
        if enough or (converged and energy is not None):
            break
    return converged, iterations, energy if converged else None


def read_lobster_output(windows: Iterable[bytes]) -> tuple[bool, int | None]:
    """Whether LOBSTER finished, and the bonds that it expected, from windows of `<nc>.lb.out`: the last one first."""
    finished, bonds_expected = False, None
    for window in windows:
        finished = finished or _FINISHED in window
        if bonds_expected is None and (found := _BONDS_EXPECTED.findall(window)):
            bonds_expected = int(found[-1])
        if finished and bonds_expected is not None:
            break
    return finished, bonds_expected


def count_bond_labels(chunks: Iterable[bytes]) -> int | None:
    """The lines of `ICOHPLIST.lobster` minus its header; None for an empty file. A header alone is 0 labels, as in the script."""
    lines, last = 0, b"\n"
    for chunk in chunks:
        lines += chunk.count(b"\n")
        last = chunk[-1:] or last
    if last != b"\n":
        lines += 1
    return lines - 1 if lines else None
