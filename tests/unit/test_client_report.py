"""What `dataops download` shows: the bar, result lines, lines of JSON."""

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
from dataops_client.cli.output import DownloadBar, DownloadReporter
from rich.console import Console
from rich.progress import Progress

SKIPPED = (SkippedFile("aux.log", "a device on Windows"),)
WANTED = [DownloadTarget("Al2", "1", str(number)) for number in range(4)]


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def shown(bar: Progress) -> tuple[str, float | None, float, str]:
    (task,) = bar.tasks
    return task.description, task.total, task.completed, task.fields["fetched"]


def test_the_bar_counts_sub_runs_and_the_bytes_of_the_network() -> None:
    progress, clock = Progress(disable=True), Clock()
    bar = DownloadBar(progress, WANTED, clock)
    assert shown(progress) == ("0 of 4 sub-runs", 4, 0, "")
    bar.end(WANTED[0])  # there already: no bytes, no speed
    assert shown(progress) == ("1 of 4 sub-runs", 4, 1, "")
    bar.progress(
        WANTED[1], 9_000_000, 10_000_000
    )  # left by an earlier try: no bytes of the network
    assert shown(progress) == ("1 of 4 sub-runs", 4, 1.9, "")
    bar.progress(WANTED[1], 0, 10_000_000)
    clock.seconds += 2
    bar.progress(WANTED[1], 1_000_000, 10_000_000)
    assert shown(progress) == ("1 of 4 sub-runs", 4, 2.0, "1.0 MB, 500.0 kB/s")
    bar.end(WANTED[1])
    assert shown(progress)[:3] == ("2 of 4 sub-runs", 4, 2.0)


def test_bytes_that_have_to_come_again_take_the_bar_back() -> None:
    progress, clock = Progress(disable=True), Clock()
    bar = DownloadBar(progress, [DownloadTarget("Al2", "1", None)], clock)
    for count in (50, 50, -100, 25):
        clock.seconds += 1
        bar.progress(DownloadTarget("Al2", "1", None), count, 100)
    assert shown(progress) == ("0 of 1 runs", 1, 0.25, "75 bytes, 37 bytes/s")


def link(skipped: tuple[SkippedFile, ...] = ()) -> ArchiveLink:
    return ArchiveLink(
        nc="Al2", id_run="1", sub_run="0", archive_key="a", download_url="http://storage/secret", expires_at=datetime.now(UTC),
        lifetime_seconds=900, size_bytes=9, sha256="0" * 64, filename="a.zip", profile="full", files=(), missing=("b",), cached=True,
        skipped=skipped,
    )  # fmt: skip


def reported(results: Sequence[DownloadResult], *, as_json: bool) -> str:
    out = Console(file=io.StringIO(), width=40, markup=False, emoji=False)
    report = DownloadReporter(
        out, Console(file=io.StringIO()), as_json=as_json, quiet=False, named=True
    )
    with report.watching([result.target for result in results]):
        for result in results:
            report.add(result)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def test_skipped_and_replaced_files_are_named_in_the_line_of_a_result() -> None:
    done = Download(Path("Al2/1/0"), link(SKIPPED), True, 1.0, ("a.txt",))
    line = "Al2/1/0: 0 files, missing b, skipped aux.log (a device on Windows), replaced what you changed in a.txt\n"
    assert reported([DownloadResult(WANTED[0], "downloaded", done)], as_json=False) == line
    there = Download(Path("Al2/1/0"), link(), False, 1.0)
    assert (
        reported([DownloadResult(WANTED[0], "present", there)], as_json=False)
        == "Al2/1/0: there already, missing b\n"
    )


def test_json_has_skipped_and_replaced_files_and_the_code_of_an_error() -> None:
    done = Download(Path("Al2/1/0"), link(SKIPPED), True, 1.0, ("a.txt",))
    error = NotFound("not scheduled", status=404, code="sub_run_not_scheduled")
    results = [
        DownloadResult(WANTED[0], "downloaded", done),
        DownloadResult(WANTED[1], "failed", error=error),
    ]
    results.append(DownloadResult(WANTED[2], "failed", error=OSError("full")))
    told = [json.loads(line) for line in reported(results, as_json=True).splitlines()]
    assert (told[0]["skipped"], told[0]["replaced"]) == (
        [{"name": "aux.log", "reason": "a device on Windows"}],
        ["a.txt"],
    )
    assert [(each["error"], each["code"]) for each in told[1:]] == [
        ("NotFound", "sub_run_not_scheduled"),
        ("OSError", None),
    ]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_dry_run_names_skipped_files(as_json: bool) -> None:
    out = Console(file=io.StringIO(), width=80)
    manifest = Manifest("Al2", "1", "0", (), (), SKIPPED)
    DownloadReporter(out, out, as_json=as_json, quiet=False, named=True).forecast(
        [DryRunResult(WANTED[0], Path("x"), manifest, False)]
    )
    assert isinstance(out.file, io.StringIO)
    told = out.file.getvalue()
    if as_json:
        assert json.loads(told)["skipped"] == [{"name": "aux.log", "reason": "a device on Windows"}]
    else:
        assert "Al2/1/0: skipped aux.log (a device on Windows)" in told
