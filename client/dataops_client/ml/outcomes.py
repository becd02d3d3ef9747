"""What the files of a sub-run show, by the rules of the group that made them (create_SSDB.py of aryrfjr/PRM_4_113603)."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from dataops_client.ml.download_metadata import DownloadMetadata, read_download_metadata


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


def derive_outcome(scf_out: str | None, lb_out: str | None, icohplist: str | None) -> Outcome:
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


def get_folder_outcome(
    folder: Path, nc: str, metadata: DownloadMetadata | None = None
) -> Outcome | None:
    """Return the outcome of the sub-run whose files are in the folder; NO_DATA if it has no file at all.

    None if it depends on a file that exists and is not in the folder, by the metadata of the download (those of the folder by default).
    """
    if not any(entry.is_file() for entry in folder.iterdir()):
        return Outcome.NO_DATA
    metadata = metadata or read_download_metadata(folder)
    names = (f"{nc}.scf.out", f"{nc}.lb.out", "ICOHPLIST.lobster")
    scf_out, lb_out, icohplist = (_text(folder / name) for name in names)
    outcome = derive_outcome(scf_out, lb_out, icohplist)
    # Without convergence the other files decide nothing.
    if outcome is not Outcome.SCF_NOT_CONVERGED and any(
        text is None and metadata.why_absent(name)
        for name, text in zip(names, (scf_out, lb_out, icohplist), strict=True)
    ):
        return None
    return outcome


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
