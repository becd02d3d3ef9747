"""Output of `dataops download`: progress bar, result lines and JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from dataops_client import (
    ArchiveLink,
    BuildProgress,
    Download,
    DownloadResult,
    DownloadTarget,
    DryRunResult,
    Manifest,
    NotFound,
    SkippedFile,
)
from dataops_client.cli.output import DownloadReporter
from dataops_client.cli.progress import DownloadBar
from dataops_client.cli.rows import Column, print_rows
from rich.progress import Progress

SKIPPED = (SkippedFile("aux.log", "a device on Windows"),)
TARGETS = [DownloadTarget("Al2", "1", str(number)) for number in range(4)]


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def shown(bar: Progress) -> tuple[str, float | None, float, str]:
    (task,) = bar.tasks
    return task.description, task.total, task.completed, task.fields["received"]


def test_the_bar_counts_sub_runs_and_received_bytes() -> None:
    progress, clock = Progress(disable=True), Clock()
    bar = DownloadBar(progress, TARGETS, clock)
    assert shown(progress) == ("0 of 4 sub-runs", 4, 0, "")
    bar.finish(TARGETS[0])  # already present: no bytes, no speed
    assert shown(progress) == ("1 of 4 sub-runs", 4, 1, "")
    bar.update(TARGETS[1], 9_000_000, 10_000_000)  # of an earlier attempt: not received now
    assert shown(progress) == ("1 of 4 sub-runs", 4, 1.9, "")
    bar.update(TARGETS[1], 0, 10_000_000)
    clock.seconds += 2
    bar.update(TARGETS[1], 1_000_000, 10_000_000)
    assert shown(progress) == ("1 of 4 sub-runs", 4, 2.0, "1.0 MB, 500.0 kB/s")
    bar.finish(TARGETS[1])
    assert shown(progress)[:3] == ("2 of 4 sub-runs", 4, 2.0)


def test_discarded_bytes_move_the_bar_back() -> None:
    progress, clock = Progress(disable=True), Clock()
    bar = DownloadBar(progress, [DownloadTarget("Al2", "1", None)], clock)
    for count in (50, 50, -100, 25):
        clock.seconds += 1
        bar.update(DownloadTarget("Al2", "1", None), count, 100)
    assert shown(progress) == ("0 of 1 runs", 1, 0.25, "75 bytes, 37 bytes/s")


def link(skipped: tuple[SkippedFile, ...] = ()) -> ArchiveLink:
    return ArchiveLink(
        nc="Al2", id_run="1", sub_run="0", archive_key="a", download_url="http://storage/secret",
        expires_at=datetime.now(UTC), lifetime_seconds=900, size_bytes=9, sha256="0" * 64,
        filename="a.zip", profile="full", files=(), missing=("b",), cached=True, skipped=skipped,
    )  # fmt: skip


def report(results: Sequence[DownloadResult], *, as_json: bool) -> None:
    reporter = DownloadReporter(as_json=as_json, quiet=False, named=True)
    with reporter.show_progress([result.target for result in results]):
        for result in results:
            reporter.add(result)
    reporter.print_summary()


def test_a_result_line_lists_skipped_and_restored_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = Download(Path("Al2/1/0"), link(SKIPPED), True, 1.0, ("a.txt",))
    present = Download(Path("Al2/1/1"), link(), False, 1.0)
    results = [
        DownloadResult(TARGETS[0], "downloaded", done),
        DownloadResult(TARGETS[1], "present", present),
        DownloadResult(TARGETS[2], "failed", error=NotFound("not scheduled")),
    ]
    report(results, as_json=False)
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "Al2/1/0: 0 files, missing b, skipped aux.log (a device on Windows), restored changed a.txt",
        "Al2/1/1: already present, missing b",
    ]
    assert err.startswith(
        "dataops: Al2/1/2: not scheduled\n1 downloaded, 1 present, 1 failed; 9 bytes received in "
    )


def test_json_contains_skipped_and_replaced_files_and_error_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = Download(Path("Al2/1/0"), link(SKIPPED), True, 1.0, ("a.txt",))
    error = NotFound("not scheduled", status=404, code="sub_run_not_scheduled")
    results = [
        DownloadResult(TARGETS[0], "downloaded", done),
        DownloadResult(TARGETS[1], "failed", error=error),
    ]
    results.append(DownloadResult(TARGETS[2], "failed", error=OSError("full")))
    report(results, as_json=True)
    out, err = capsys.readouterr()
    output = [json.loads(line) for line in out.splitlines()]
    assert err == ""
    assert (output[0]["skipped"], output[0]["replaced"]) == (
        [{"name": "aux.log", "reason": "a device on Windows"}],
        ["a.txt"],
    )
    assert [(each["error"], each["code"]) for each in output[1:]] == [
        ("NotFound", "sub_run_not_scheduled"),
        ("OSError", None),
    ]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_dry_run_lists_skipped_files(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    manifest = Manifest("Al2", "1", "0", (), (), SKIPPED)
    DownloadReporter(as_json=as_json, quiet=False, named=True).print_dry_run(
        [DryRunResult(TARGETS[0], Path("x"), manifest, False)]
    )
    out, err = capsys.readouterr()
    if as_json:
        assert json.loads(out)["skipped"] == [{"name": "aux.log", "reason": "a device on Windows"}]
        return
    assert out.splitlines()[1] == "Al2/1/0\t0\t0\tto download"
    assert "Al2/1/0: skipped aux.log (a device on Windows)" in err


def test_the_bar_shows_the_builds_of_the_api_until_bytes_arrive() -> None:
    progress, clock = Progress(disable=True), Clock()
    bar = DownloadBar(progress, TARGETS, clock)
    bar.show_build(TARGETS[0], BuildProgress(1_000_000, 4_000_000))
    bar.show_build(TARGETS[1], BuildProgress(2_100_000, 2_000_000))
    assert shown(progress)[3] == "building 3.1 of 6.0 MB"
    bar.finish(TARGETS[1])
    assert shown(progress)[3] == "building 1.0 of 4.0 MB"
    bar.update(TARGETS[0], 0, 100)
    assert shown(progress)[3] == ""
    bar.show_build(TARGETS[2], BuildProgress())
    assert shown(progress)[3] == "building"


class Row(NamedTuple):
    value: object
    table: str
    tsv: str


@pytest.mark.parametrize(
    "row",
    [Row(None, "-", ""), Row(True, "yes", "true"), Row(1.5, "1.5", "1.5"), Row("a\tb", "a b", "a b"),
     Row("\x1b[2J", "[2J", "[2J")],
)  # fmt: skip
def test_rows_are_a_table_tab_separated_values_or_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    columns, rows = (
        [Column("key", "name"), Column("value", "size")],
        [{"key": "a", "value": row.value}],
    )
    print_rows(columns, rows)
    assert capsys.readouterr().out == f"key\tvalue\na\t{row.tsv}\n"
    print_rows(columns, rows, as_json=True)
    assert json.loads(capsys.readouterr().out) == rows
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_rows(columns, rows)
    assert capsys.readouterr().out.splitlines()[1][4:].strip() == row.table


def test_the_last_column_is_wrapped_to_the_width_of_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    columns = [Column("name", "name"), Column("value", "value")]
    print_rows(columns, [{"name": "description", "value": "several words " * 5}])
    assert capsys.readouterr().out.splitlines() == [
        "name         value",
        "description  several words several words",
        "             several words several words",
        "             several words",
    ]
