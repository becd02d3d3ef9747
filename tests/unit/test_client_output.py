"""Output of `dataops download`: progress bar, result lines and JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dataops_client import (
    ArchiveLink,
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
from rich.console import Console
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


def reported(results: Sequence[DownloadResult], *, as_json: bool) -> str:
    out = Console(file=io.StringIO(), width=40, markup=False, emoji=False)
    report = DownloadReporter(
        out, Console(file=io.StringIO()), as_json=as_json, quiet=False, named=True
    )
    with report.show_progress([result.target for result in results]):
        for result in results:
            report.add(result)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_a_result_line_lists_skipped_and_restored_files() -> None:
    done = Download(Path("Al2/1/0"), link(SKIPPED), True, 1.0, ("a.txt",))
    line = (
        "Al2/1/0: 0 files, missing b, skipped aux.log (a device on Windows), "
        "restored changed a.txt\n"
    )
    assert reported([DownloadResult(TARGETS[0], "downloaded", done)], as_json=False) == line
    there = Download(Path("Al2/1/0"), link(), False, 1.0)
    assert (
        reported([DownloadResult(TARGETS[0], "present", there)], as_json=False)
        == "Al2/1/0: already present, missing b\n"
    )


def test_json_contains_skipped_and_replaced_files_and_error_codes() -> None:
    done = Download(Path("Al2/1/0"), link(SKIPPED), True, 1.0, ("a.txt",))
    error = NotFound("not scheduled", status=404, code="sub_run_not_scheduled")
    results = [
        DownloadResult(TARGETS[0], "downloaded", done),
        DownloadResult(TARGETS[1], "failed", error=error),
    ]
    results.append(DownloadResult(TARGETS[2], "failed", error=OSError("full")))
    output = [json.loads(line) for line in reported(results, as_json=True).splitlines()]
    assert (output[0]["skipped"], output[0]["replaced"]) == (
        [{"name": "aux.log", "reason": "a device on Windows"}],
        ["a.txt"],
    )
    assert [(each["error"], each["code"]) for each in output[1:]] == [
        ("NotFound", "sub_run_not_scheduled"),
        ("OSError", None),
    ]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_dry_run_lists_skipped_files(as_json: bool) -> None:
    out = Console(file=io.StringIO(), width=80)
    manifest = Manifest("Al2", "1", "0", (), (), SKIPPED)
    DownloadReporter(out, out, as_json=as_json, quiet=False, named=True).print_dry_run(
        [DryRunResult(TARGETS[0], Path("x"), manifest, False)]
    )
    assert isinstance(out.file, io.StringIO)
    output = out.file.getvalue()
    if as_json:
        assert json.loads(output)["skipped"] == [
            {"name": "aux.log", "reason": "a device on Windows"}
        ]
    else:
        assert "Al2/1/0: skipped aux.log (a device on Windows)" in output
