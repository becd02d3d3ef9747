"""Output of `dataops status`: rows, summary and JSON."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import pytest
from dataops_client import RunStatus, SubRunOutcome
from dataops_client.cli.run_status import (
    build_run_row,
    build_sub_run_rows,
    format_summary,
    print_status,
)

DONE = SubRunOutcome("DONE", True, 61, -38989.8030177, True, 738, 738, True)
FAILED = SubRunOutcome("SCF_NOT_CONVERGED", False, 80)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ONE_FAILED = {str(number): DONE if number != 13 else FAILED for number in range(15)}


def status(outcomes: dict[str, SubRunOutcome], sub_runs_status: str | None = "DONE") -> RunStatus:
    sub_runs = tuple(str(number) for number in range(15))
    return RunStatus("21", sub_runs, NOW, NOW, "DONE", sub_runs_status, outcomes)


def test_a_failed_sub_run_is_not_shown_as_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_status("Al2", [status(ONE_FAILED)], as_json=False)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split("  ")[0] == "sub-run"
    assert lines[1].split() == ["0", "reference", "done", "61", "-38989.8030", "738"]
    assert lines[14].split() == [
        "13",
        "isotropic",
        "tension",
        "SCF",
        "not",
        "converged",
        "80",
        "-",
        "-",
    ]
    assert max(map(len, lines)) <= 80
    assert err == (
        "run 21 DONE (simulated executor: no calculation is run); "
        "files: 14 done, 1 SCF not converged (13)\n"
    )


def test_pipes_receive_tab_separated_values(capsys: pytest.CaptureFixture[str]) -> None:
    print_status("Al2", [status(ONE_FAILED)], as_json=False)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0][:4] == ["id_run", "sub_run", "deformation", "outcome"]
    assert lines[1] == [
        "21", "0", "reference", "DONE", "61", "-38989.8030177", "738", "738", "true"
    ]  # fmt: skip
    assert lines[14] == ["21", "13", "isotropic tension", "SCF_NOT_CONVERGED", "80", *[""] * 4]


def test_unknown_and_missing_outcomes_are_shown() -> None:
    melted = SubRunOutcome("MELTED", bonds_expected=9, bond_labels=7)
    shown = status({"0": melted, "1": FAILED, "2": DONE})
    rows = build_sub_run_rows(shown)
    assert (rows[0]["outcome"], rows[0]["bonds"], rows[3]["outcome"]) == (
        "MELTED",
        "7/9",
        "unknown",
    )
    assert shown.summary == "1 done, 1 MELTED (0), 1 SCF not converged (1), 12 unknown (3-14)"
    row = build_run_row("Al2", shown)
    assert (row["sub_runs"], row["sub_runs_done"], row["sub_runs_not_done"]) == ("0-14", 1, 14)
    assert (row["bonds"], row["run_scheduled_at"]) == (745, "2026-01-01T00:00:00Z")


def test_the_state_is_attributed_to_the_simulated_executor() -> None:
    assert format_summary(status({}, None)).startswith(
        "run 21 DONE (simulated executor: no calculation is run), not augmented; files: "
    )
    assert format_summary(status({}, "RUNNING")).startswith("run 21 RUNNING (simulated executor")


def test_json_has_an_entry_for_each_sub_run(capsys: pytest.CaptureFixture[str]) -> None:
    print_status("Al2", [status({"0": DONE})], as_json=True)
    out, err = capsys.readouterr()
    fields = json.loads(out)
    assert err == ""
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


def test_json_of_several_runs_is_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    print_status("Al2", [status({}), status({})], as_json=True)
    assert [each["id_run"] for each in json.loads(capsys.readouterr().out)] == ["21", "21"]
