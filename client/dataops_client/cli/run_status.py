"""Rows, notes and JSON of the status of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from dataops_client.cli import console
from dataops_client.cli.rows import Column, format_cell, print_rows
from dataops_client.deformations import get_deformation
from dataops_client.models.outcome_labels import UNKNOWN, get_outcome_label
from dataops_client.models.runs import RunStatus, SubRunOutcome
from dataops_client.sub_run_ranges import format_ranges


def format_energy(energy_ry: float | None) -> str:
    """Return the text of an energy in a table."""
    return "-" if energy_ry is None else f"{energy_ry:.4f}"


_STATUS_COLUMNS = (
    Column("id_run", "run"),
    Column("sub_run", "sub-run"),
    Column("deformation", "deformation"),
    Column("outcome", "outcome", lambda outcome: format_cell(get_outcome_label(outcome))),
    Column("scf_iterations", "SCF steps", right=True),
    Column("total_energy_ry", "energy (Ry)", format_energy, right=True),
    Column("bonds", "bonds", right=True),
)
_STATUS_KEYS = (
    "id_run",
    "sub_run",
    "deformation",
    "outcome",
    "scf_iterations",
    "total_energy_ry",
    "bond_labels",
    "bonds_expected",
    "labels_complete",
)


def print_status(nc: str, statuses: Sequence[RunStatus], *, as_json: bool) -> None:
    """Print the sub-runs of runs, and a summary on standard error.

    JSON is an object for one run, and a list for several.
    """
    rows = [row for status in statuses for row in build_sub_run_rows(status)]
    documents = [_build_document(nc, status) for status in statuses]
    columns = _STATUS_COLUMNS if len(statuses) > 1 else _STATUS_COLUMNS[1:]
    document = documents if len(documents) > 1 else documents[0]
    print_rows(columns, rows, keys=_STATUS_KEYS, as_json=as_json, document=document)
    if not as_json:
        for status in statuses:
            console.print_note(format_summary(status))


def build_sub_run_rows(status: RunStatus) -> list[dict[str, Any]]:
    """Return a row for each sub-run. `outcome` is `unknown` if the API does not report one."""
    rows: list[dict[str, Any]] = []
    for sub_run in status.sub_runs:
        outcome = status.sub_run_outcomes.get(sub_run, SubRunOutcome(UNKNOWN))
        bonds = format_bonds(outcome.bond_labels, outcome.bonds_expected)
        names = {"id_run": status.id_run, "sub_run": sub_run, "bonds": bonds}
        rows.append(names | {"deformation": get_deformation(sub_run)} | asdict(outcome))
    return rows


def format_bonds(labels: int | None, expected: int | None) -> int | str | None:
    """Return the number of bond strengths, and that of the bonds if it is another."""
    return labels if labels is None or expected in (None, labels) else f"{labels}/{expected}"


def format_summary(status: RunStatus) -> str:
    """Return the state of the jobs, and the number of sub-runs per outcome."""
    augmented = "" if status.sub_runs_status else ", not augmented"
    executor = f"{status.state} (simulated executor: no calculation is run){augmented}"
    return f"run {status.id_run} {executor}; files: {status.summary}"


def _build_document(nc: str, status: RunStatus) -> Mapping[str, Any]:
    sub_runs = [
        {"sub_run": sub_run, "deformation": get_deformation(sub_run)}
        | (
            asdict(status.sub_run_outcomes[sub_run])
            if sub_run in status.sub_run_outcomes
            else {"outcome": None}
        )
        for sub_run in status.sub_runs
    ]
    states = {"run_status": status.run_status, "sub_runs_status": status.sub_runs_status}
    return {"nc": nc, "id_run": status.id_run, **states, "sub_runs": sub_runs}


def build_run_row(nc: str, status: RunStatus) -> dict[str, Any]:
    """Return the row of a run: state, sub-runs, outcomes, bonds and time of scheduling."""
    found = status.sub_run_outcomes.values()
    done = sum(outcome.outcome == "DONE" for outcome in found)
    return {
        "nc": nc,
        "id_run": status.id_run,
        "state": status.state,
        "sub_runs": format_ranges(status.sub_runs),
        "sub_runs_done": done,
        "sub_runs_not_done": len(status.sub_runs) - done,
        "bonds": sum(outcome.bond_labels or 0 for outcome in found),
        "run_scheduled_at": format_time(status.run_scheduled_at),
    }


def format_time(time: datetime | None) -> str | None:
    """Return a time in UTC, in ISO 8601."""
    return None if time is None else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
