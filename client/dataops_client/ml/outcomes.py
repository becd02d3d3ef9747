"""What the files of a sub-run show, by the rules of the group that made them (create_SSDB.py of aryrfjr/PRM_4_113603)."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """How the calculations of one sub-run ended."""

    NO_DATA = "NO_DATA"
    SCF_NOT_CONVERGED = "SCF_NOT_CONVERGED"
    LOB_NOT_FINISHED_BUT_ICOHP_OK = "LOB_NOT_FINISHED_BUT_ICOHP_OK"
    SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK = "SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK"
    SCF_CONVERGED_BUT_NO_ICOHP = "SCF_CONVERGED_BUT_NO_ICOHP"
    SCF_NOT_CONVERGED_AND_NO_ICOHP = "SCF_NOT_CONVERGED_AND_NO_ICOHP"
    DONE = "DONE"

    @property
    def usable(self) -> bool:
        """Whether the published training set takes its bonds from such a sub-run.

        The script names SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK as well, although its own order of rules never reaches it.
        """
        return self in (Outcome.DONE, Outcome.SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK)


def outcome_of(scf_out: str | None, lb_out: str | None, icohplist: str | None) -> Outcome:
    """The first rule that applies, in the published order, to the texts of `<nc>.scf.out`, `<nc>.lb.out` and ICOHPLIST.lobster.

    None stands for a file that is not there. An ICOHPLIST with its header has labels, be they none: the script counts lines
    minus one and asks for more than -1.
    """
    converged = scf_out is not None and "convergence has been achieved in" in scf_out
    finished = lb_out is not None and "finished in" in lb_out
    labels = bool(icohplist)
    if scf_out is not None and not converged:
        return Outcome.SCF_NOT_CONVERGED
    if not finished and labels:
        return Outcome.LOB_NOT_FINISHED_BUT_ICOHP_OK
    if converged and not labels:
        return Outcome.SCF_CONVERGED_BUT_NO_ICOHP
    if not converged and not labels:
        return Outcome.SCF_NOT_CONVERGED_AND_NO_ICOHP
    return Outcome.DONE


def folder_outcome(folder: Path, nc: str) -> Outcome:
    """The outcome of the sub-run whose files are in the folder; NO_DATA where there is no file at all."""
    if not any(entry.is_file() for entry in folder.iterdir()):
        return Outcome.NO_DATA
    return outcome_of(_text(folder / f"{nc}.scf.out"), _text(folder / f"{nc}.lb.out"), _text(folder / "ICOHPLIST.lobster"))


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
