"""Output of `dataops status`: table, summary and JSON."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

from dataops_client import RunStatus, SubRunOutcome
from dataops_client.cli.run_status import (
    build_status_table,
    format_executor_line,
    format_outcome_line,
    format_status_json,
)
from rich.console import Console

DONE = SubRunOutcome("DONE", True, 61, -38989.8030177, True, 738, 738, True)
FAILED = SubRunOutcome("SCF_NOT_CONVERGED", False, 80)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def status(outcomes: dict[str, SubRunOutcome], sub_runs_status: str | None = "DONE") -> RunStatus:
    return RunStatus(
        "21",
        tuple(str(number) for number in range(15)),
        NOW,
        NOW,
        "DONE",
        sub_runs_status,
        outcomes,
    )


def rows(shown: RunStatus) -> list[list[str]]:
    console = Console(file=io.StringIO(), width=120)
    console.print(build_status_table(shown))
    assert isinstance(console.file, io.StringIO)
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()]
        for line in console.file.getvalue().splitlines()
    ]


def test_a_failed_sub_run_is_not_shown_as_done() -> None:
    shown = status({str(number): DONE if number != 13 else FAILED for number in range(15)})
    table = rows(shown)
    assert table[0] == [
        "sub-run",
        "deformation",
        "outcome",
        "SCF iterations",
        "energy (Ry)",
        "bonds",
    ]
    assert table[1] == ["0", "reference", "done", "61", "-38989.8030", "738"]
    assert table[14] == ["13", "isotropic tension", "SCF not converged", "80", "-", "-"]
    assert format_outcome_line(shown) == "14 done, 1 SCF not converged (13)"


def test_unknown_and_missing_outcomes_are_shown() -> None:
    shown = status(
        {"0": SubRunOutcome("MELTED", bonds_expected=9, bond_labels=7), "1": FAILED, "2": DONE}
    )
    assert rows(shown)[1] == ["0", "reference", "MELTED", "-", "-", "7 of 9"]
    assert format_outcome_line(shown).startswith(
        "1 done, 1 MELTED (0), 1 SCF not converged (1), 12 unknown (3, 4,"
    )


def test_the_state_is_attributed_to_the_simulated_executor() -> None:
    assert (
        format_executor_line(status({}))
        == "simulated executor, which runs no calculation: run DONE, sub-runs DONE"
    )
    assert format_executor_line(status({}, None)).endswith("run DONE, not augmented")


def test_json_has_an_entry_for_each_sub_run() -> None:
    fields = json.loads(format_status_json("Al2", status({"0": DONE})))
    assert (fields["nc"], fields["id_run"], fields["run_status"], fields["sub_runs_status"]) == (
        "Al2",
        "21",
        "DONE",
        "DONE",
    )
    assert fields["sub_runs"][0] == {
        "sub_run": "0", "deformation": "reference", "outcome": "DONE", "scf_converged": True,
        "scf_iterations": 61,
        "total_energy_ry": -38989.8030177, "lobster_finished": True, "bonds_expected": 738,
        "bond_labels": 738, "labels_complete": True,
    }  # fmt: skip
    assert fields["sub_runs"][14] == {
        "sub_run": "14",
        "deformation": "isotropic compression",
        "outcome": None,
    }
