"""Outcomes of calculations, derived from the files of a sub-run.

The rules are those of the group that published the data.

Source: check_QE_ICOHP.py of the published data set (Phys. Rev. Materials 4, 113603). The order of
its cases is kept, so that our list of usable sub-runs equals that of the paper. Values that the
script prints as -1 are None here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

RULES_VERSION = 3
"""Part of the version of cached facts. Increase it if the same files would result in other facts.
"""

OVERLAP_BYTES = 256
"""Overlap of consecutive windows of an output: more than the longest phrase that is searched for.
"""

_CONVERGED = re.compile(rb"convergence has been achieved in(?:\s+([0-9]{1,9}))?")
_TOTAL_ENERGY = re.compile(
    rb"^!\s+total energy\s+=\s+(-?[0-9]{1,12}\.[0-9]{1,12}) Ry", re.MULTILINE
)
_ITERATION = re.compile(rb"iteration #\s*([0-9]{1,9})")
_FINISHED = b"finished in"
_BONDS_EXPECTED = re.compile(rb"setting up CO interactions\.\.\. found\s+([0-9]{1,9})")


class Outcome(StrEnum):
    """Outcome of the calculations of a sub-run.

    The script also defines `SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK`, after a case that covers
    it: it never occurs.
    """

    NO_DATA = "NO_DATA"
    SCF_NOT_CONVERGED = "SCF_NOT_CONVERGED"
    LOB_NOT_FINISHED_BUT_ICOHP_OK = "LOB_NOT_FINISHED_BUT_ICOHP_OK"
    SCF_CONVERGED_BUT_NO_ICOHP = "SCF_CONVERGED_BUT_NO_ICOHP"
    SCF_NOT_CONVERGED_AND_NO_ICOHP = "SCF_NOT_CONVERGED_AND_NO_ICOHP"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class CalculationFacts:
    """Facts read from the files of a sub-run.

    `scf_converged` is None without `<nc>.scf.out`, `bond_labels` is None without a data line in
    `ICOHPLIST.lobster`. `scf_iterations` counts the iterations until convergence, or those started
    without it. `total_energy_ry` (Ry) is None unless the SCF converged.
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
        """Return True if the number of labels equals the number of expected bonds.

        The outcome does not depend on it.
        """
        return self.bond_labels is not None and self.bond_labels == self.bonds_expected

    @property
    def outcome(self) -> Outcome:
        """Return the first case of the published rules that applies."""
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
class CachedFacts:
    """Facts, and the `version` of the files they were read from.

    `facts` is None if the files are too large to be read.
    """

    version: str
    facts: CalculationFacts | None


def read_scf_output(windows: Iterable[bytes]) -> tuple[bool, int | None, float | None]:
    """Read `<nc>.scf.out` in windows, the last one first.

    No more windows are read than necessary: the line with the total energy (`!`) precedes the
    phrase of convergence closely, in the same window or in the next.

    Returns:
        Whether pw.x converged, its iterations, and the converged total energy in Ry.
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
    """Read `<nc>.lb.out` in windows, the last one first.

    Return whether LOBSTER finished, and the number of expected bonds.
    """
    finished, bonds_expected = False, None
    for window in windows:
        finished = finished or _FINISHED in window
        if bonds_expected is None and (found := _BONDS_EXPECTED.findall(window)):
            bonds_expected = int(found[-1])
        if finished and bonds_expected is not None:
            break
    return finished, bonds_expected


def count_bond_labels(chunks: Iterable[bytes]) -> int | None:
    """Return the number of lines of `ICOHPLIST.lobster` minus its header, None for an empty file.

    As in the script, a header alone is 0 labels.
    """
    lines, last = 0, b"\n"
    for chunk in chunks:
        lines += chunk.count(b"\n")
        last = chunk[-1:] or last
    if last != b"\n":
        lines += 1
    return lines - 1 if lines else None
