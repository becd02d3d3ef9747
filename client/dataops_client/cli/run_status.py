"""What `dataops status` prints: a row for each sub-run, and a sentence that sums them up."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.table import Table

from dataops_client.deformations import DEFORMATIONS
from dataops_client.models import RunStatus, SubRunOutcome

_LABELS = {
    "DONE": "done",
    "NO_DATA": "no files",
    "SCF_NOT_CONVERGED": "SCF not converged",
    "SCF_CONVERGED_BUT_NO_ICOHP": "no ICOHP",
    "SCF_NOT_CONVERGED_AND_NO_ICOHP": "no SCF output, no ICOHP",
    "LOB_NOT_FINISHED_BUT_ICOHP_OK": "LOBSTER not finished",
    "SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK": "LOBSTER not finished",
}
_NOTHING = SubRunOutcome("unknown")


def status_table(status: RunStatus) -> Table:
    """Return a table of the sub-runs: energies in Ry, bonds as labels of those expected."""
    table = Table("sub-run", "deformation", "outcome", box=None, pad_edge=False)
    for heading in ("SCF iterations", "energy (Ry)", "bonds"):
        table.add_column(heading, justify="right")
    for column in table.columns:
        column.no_wrap = True
    for sub_run in status.sub_runs:
        found = status.sub_run_outcomes.get(sub_run, _NOTHING)
        energy = "-" if found.total_energy_ry is None else f"{found.total_energy_ry:.4f}"
        table.add_row(
            sub_run,
            _deformation(sub_run),
            format_outcome(found.outcome),
            _count(found.scf_iterations),
            energy,
            _bonds(found),
        )
    return table


def executor_line(status: RunStatus) -> str:
    """Return the state of the jobs, and whose word it is."""
    augmented = f"sub-runs {status.sub_runs_status}" if status.sub_runs_status else "not augmented"
    return f"simulated executor, which runs no calculation: run {status.run_status}, {augmented}"


def outcome_line(status: RunStatus) -> str:
    """Return how many sub-runs had each outcome, and which of them are not done: `14 done, 1 SCF not converged (13)`."""
    groups: dict[str, list[str]] = {}
    for sub_run in status.sub_runs:
        groups.setdefault(
            format_outcome(status.sub_run_outcomes.get(sub_run, _NOTHING).outcome), []
        ).append(sub_run)
    return ", ".join(
        f"{len(sub_runs)} {label}" + ("" if label == "done" else f" ({', '.join(sub_runs)})")
        for label, sub_runs in sorted(groups.items(), key=lambda group: group[0] != "done")
    )


def status_json(nc: str, status: RunStatus) -> str:
    """Return the status as a line of JSON, with an entry for each sub-run; `outcome` is null if the API does not name one."""
    sub_runs = [
        {"sub_run": sub_run, "deformation": _deformation(sub_run)}
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


def format_outcome(outcome: str) -> str:
    """Return an outcome in words; one that is not known here, as it is named."""
    return _LABELS.get(outcome, outcome)


def _deformation(sub_run: str) -> str:
    return DEFORMATIONS[int(sub_run)] if int(sub_run) < len(DEFORMATIONS) else "-"


def _count(count: int | None) -> str:
    return "-" if count is None else f"{count}"


def _bonds(found: SubRunOutcome) -> str:
    if found.bond_labels is None or found.bonds_expected in (None, found.bond_labels):
        return _count(found.bond_labels)
    return f"{found.bond_labels} of {found.bonds_expected}"
