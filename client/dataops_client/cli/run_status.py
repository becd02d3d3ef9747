"""Output of `dataops status`: a table of the sub-runs with a summary, or JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.table import Table

from dataops_client.deformations import DEFORMATIONS
from dataops_client.models.runs import RunStatus, SubRunOutcome

_OUTCOME_LABELS = {
    "DONE": "done",
    "NO_DATA": "no files",
    "SCF_NOT_CONVERGED": "SCF not converged",
    "SCF_CONVERGED_BUT_NO_ICOHP": "no ICOHP",
    "SCF_NOT_CONVERGED_AND_NO_ICOHP": "no SCF output, no ICOHP",
    "LOB_NOT_FINISHED_BUT_ICOHP_OK": "LOBSTER not finished",
    "SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK": "LOBSTER not finished",
}
_UNKNOWN = SubRunOutcome("unknown")


def build_status_table(status: RunStatus) -> Table:
    """Return a table of the sub-runs: energies in Ry, and labels per expected bonds."""
    table = Table("sub-run", "deformation", "outcome", box=None, pad_edge=False)
    for heading in ("SCF iterations", "energy (Ry)", "bonds"):
        table.add_column(heading, justify="right")
    for column in table.columns:
        column.no_wrap = True
    for sub_run in status.sub_runs:
        outcome = status.sub_run_outcomes.get(sub_run, _UNKNOWN)
        energy = "-" if outcome.total_energy_ry is None else f"{outcome.total_energy_ry:.4f}"
        table.add_row(
            sub_run,
            _get_deformation(sub_run),
            _format_outcome(outcome.outcome),
            _format_count(outcome.scf_iterations),
            energy,
            _format_bonds(outcome),
        )
    return table


def format_executor_line(status: RunStatus) -> str:
    """Return the state of the jobs, with the executor that reported it."""
    augmented = f"sub-runs {status.sub_runs_status}" if status.sub_runs_status else "not augmented"
    return f"simulated executor, which runs no calculation: run {status.run_status}, {augmented}"


def format_outcome_line(status: RunStatus) -> str:
    """Return the number of sub-runs per outcome, such as `14 done, 1 SCF not converged (13)`."""
    groups: dict[str, list[str]] = {}
    for sub_run in status.sub_runs:
        label = _format_outcome(status.sub_run_outcomes.get(sub_run, _UNKNOWN).outcome)
        groups.setdefault(label, []).append(sub_run)
    return ", ".join(
        f"{len(sub_runs)} {label}" + ("" if label == "done" else f" ({', '.join(sub_runs)})")
        for label, sub_runs in sorted(groups.items(), key=lambda group: group[0] != "done")
    )


def format_status_json(nc: str, status: RunStatus) -> str:
    """Return the status as one line of JSON. `outcome` is null if the API does not report one."""
    sub_runs = [
        {"sub_run": sub_run, "deformation": _get_deformation(sub_run)}
        | (
            asdict(status.sub_run_outcomes[sub_run])
            if sub_run in status.sub_run_outcomes
            else {"outcome": None}
        )
        for sub_run in status.sub_runs
    ]
    states = {"run_status": status.run_status, "sub_runs_status": status.sub_runs_status}
    return json.dumps(
        {"nc": nc, "id_run": status.id_run, **states, "sub_runs": sub_runs}, ensure_ascii=False
    )


def _format_outcome(outcome: str) -> str:
    return _OUTCOME_LABELS.get(outcome, outcome)


def _get_deformation(sub_run: str) -> str:
    return DEFORMATIONS[int(sub_run)] if int(sub_run) < len(DEFORMATIONS) else "-"


def _format_count(count: int | None) -> str:
    return "-" if count is None else f"{count}"


def _format_bonds(outcome: SubRunOutcome) -> str:
    if outcome.bond_labels is None or outcome.bonds_expected in (None, outcome.bond_labels):
        return _format_count(outcome.bond_labels)
    return f"{outcome.bond_labels} of {outcome.bonds_expected}"
