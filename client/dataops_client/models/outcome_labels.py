"""Outcomes of sub-runs as texts for people."""

from __future__ import annotations

from collections.abc import Mapping

from dataops_client.sub_run_ranges import format_ranges

UNKNOWN = "unknown"
"""Outcome of a sub-run for which the API reports none."""
_LABELS = {
    "DONE": "done",
    "NO_DATA": "no files",
    "SCF_NOT_CONVERGED": "SCF not converged",
    "SCF_CONVERGED_BUT_NO_ICOHP": "no ICOHP",
    "SCF_NOT_CONVERGED_AND_NO_ICOHP": "no SCF output, no ICOHP",
    "LOB_NOT_FINISHED_BUT_ICOHP_OK": "LOBSTER not finished",
    "SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK": "LOBSTER not finished",
}


def get_outcome_label(outcome: str) -> str:
    """Return the text of an outcome. Outcomes that this version does not define are unchanged."""
    return _LABELS.get(outcome, outcome)


def summarize_outcomes(outcomes: Mapping[str, str]) -> str:
    """Return the number of sub-runs per outcome, such as `14 done, 1 SCF not converged (13)`."""
    groups: dict[str, list[str]] = {}
    for sub_run, outcome in outcomes.items():
        groups.setdefault(get_outcome_label(outcome), []).append(sub_run)
    return ", ".join(
        f"{len(sub_runs)} {label}" + ("" if label == "done" else f" ({format_ranges(sub_runs)})")
        for label, sub_runs in sorted(groups.items(), key=lambda group: group[0] != "done")
    )
