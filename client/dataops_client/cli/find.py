"""Command `dataops find`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import typer

from dataops_client.cli import console
from dataops_client.cli.arguments import AsJson
from dataops_client.cli.global_options import open_client
from dataops_client.cli.rows import Column, format_cell, print_rows
from dataops_client.cli.run_status import format_bonds, format_energy, format_time
from dataops_client.html_tables import format_count
from dataops_client.models.facts import SubRunFacts
from dataops_client.models.outcome_labels import get_outcome_label

_COLUMNS = (
    Column("nc", "composition"),
    Column("id_run", "run"),
    Column("sub_run", "sub-run"),
    Column("deformation", "deformation"),
    Column("outcome", "outcome", lambda outcome: format_cell(get_outcome_label(outcome))),
    Column("scf_iterations", "SCF", right=True),
    Column("energy_above_reference_ry", "dE (Ry)", format_energy, right=True),
    Column("bonds", "bonds", right=True),
)
_KEYS = (
    "nc",
    "id_run",
    "sub_run",
    "deformation",
    "outcome",
    "labels_complete",
    "bond_labels",
    "bonds_expected",
    "scf_iterations",
    "total_energy_ry",
    "energy_above_reference_ry",
    "scheduled_at",
)


def find(context: typer.Context, filters: dict[str, Any], as_json: AsJson = False) -> None:
    """Find sub-runs by composition, outcome, bonds or energy.

    All filters must match. Lists are separated by commas. dE is the energy above
    that of sub-run 0 of the same run.
    """
    with open_client(context) as client:
        found = client.find(**filters)
    rows = list(_build_rows(found))
    document = {
        "sub_runs": [{key: row[key] for key in _KEYS} for row in rows],
        "unindexed": found.unindexed,
    }
    print_rows(_COLUMNS, rows, keys=_KEYS, as_json=as_json, document=document)
    if not as_json:
        console.print_note(format_count(len(found), "sub-run"))
    note_unindexed(found.unindexed)


def note_unindexed(count: int) -> None:
    """Print a note if a search was incomplete."""
    if count:
        verb = "is" if count == 1 else "are"
        console.print_note(
            f"{format_count(count, 'sub-run')} {verb} not indexed yet; "
            "`dataops status NC RUN` indexes those of a run, `dataops-admin index` all"
        )


def _build_rows(found: Iterable[SubRunFacts]) -> Iterable[dict[str, Any]]:
    for each in found:
        bonds = format_bonds(each.bond_labels, each.bonds_expected)
        yield asdict(each) | {"bonds": bonds, "scheduled_at": format_time(each.scheduled_at)}
