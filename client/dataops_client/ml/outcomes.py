"""Outcomes of sub-runs by the published rules (create_SSDB.py of aryrfjr/PRM_4_113603)."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from dataops_client.ml.dataset_source import read_metadata
from dataops_client.ml.download_metadata import DownloadMetadata


class Outcome(StrEnum):
    """Outcome of the calculations of a sub-run."""

    NO_DATA = "NO_DATA"
    SCF_NOT_CONVERGED = "SCF_NOT_CONVERGED"
    LOB_NOT_FINISHED_BUT_ICOHP_OK = "LOB_NOT_FINISHED_BUT_ICOHP_OK"
    SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK = "SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK"
    SCF_CONVERGED_BUT_NO_ICOHP = "SCF_CONVERGED_BUT_NO_ICOHP"
    SCF_NOT_CONVERGED_AND_NO_ICOHP = "SCF_NOT_CONVERGED_AND_NO_ICOHP"
    DONE = "DONE"

    @property
    def usable(self) -> bool:
        """True if the published training set contains bonds of such sub-runs.

        The script also accepts SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK, although the order of
        its rules never results in it.
        """
        return self in (Outcome.DONE, Outcome.SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK)


def derive_outcome(scf_out: str | None, lb_out: str | None, icohplist: str | None) -> Outcome:
    """Return the outcome by the first rule that applies, in the published order.

    An ICOHPLIST with a header has labels, even if it lists none: the script counts lines minus one
    and requires more than -1.

    Args:
        scf_out: Text of `<nc>.scf.out`, None if the file does not exist.
        lb_out: Text of `<nc>.lb.out`, None if the file does not exist.
        icohplist: Text of ICOHPLIST.lobster, None if the file does not exist.
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
    """Return the outcome of the sub-run in a folder; NO_DATA if the folder has no files.

    Args:
        folder: Folder of the sub-run.
        nc: Nominal composition.
        metadata: Metadata of the download; those of the folder by default.

    Returns:
        The outcome, or None if it depends on a file that the download left out.
    """
    if not any(entry.is_file() for entry in folder.iterdir()):
        return Outcome.NO_DATA
    metadata = metadata or read_metadata(folder)
    names = (f"{nc}.scf.out", f"{nc}.lb.out", "ICOHPLIST.lobster")
    texts = [_read_text(folder / name) for name in names]
    outcome = derive_outcome(*texts)
    # Without convergence, the other files have no influence.
    if outcome is not Outcome.SCF_NOT_CONVERGED and any(
        text is None and metadata.explain_absence(name)
        for name, text in zip(names, texts, strict=True)
    ):
        return None
    return outcome


def _read_text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
