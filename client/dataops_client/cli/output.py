"""Output of `dataops download`: result lines and a summary, or lines of JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dataops_client import errors
from dataops_client.cli import console
from dataops_client.cli.exit_codes import get_exit_code
from dataops_client.cli.progress import DownloadBar, show_bar
from dataops_client.cli.rows import Column, format_size_cell, print_json, print_rows
from dataops_client.downloads import DownloadResult, DownloadTarget, DryRunResult
from dataops_client.errors import to_printable
from dataops_client.html_tables import format_count, format_size
from dataops_client.models.archives import SkippedFile

_MIN_RESULTS_OF_SUMMARY = 3
_DRY_RUN_COLUMNS = (
    Column("target", "sub-run"),
    Column("files", "files", right=True),
    Column("size_bytes", "unpacked", format_size_cell, right=True),
    Column("status", "status"),
)


class DownloadReporter:
    """Prints results on standard output, progress and failures on standard error.

    With `named`, the sub-runs were named on the command line: one without files is a failure.
    """

    def __init__(self, *, as_json: bool, quiet: bool, named: bool) -> None:
        self._as_json, self._quiet, self._named = as_json, quiet, named
        self._results: list[DownloadResult] = []
        self._bar: DownloadBar | None = None
        self._began = time.monotonic()

    @contextmanager
    def show_progress(self, targets: Sequence[DownloadTarget]) -> Iterator[DownloadBar | None]:
        """Show a progress bar if standard error is a terminal, and yield it.

        While it is shown, lines for the same terminal are printed above it.
        """
        if self._quiet or self._as_json or not sys.stderr.isatty():
            yield None
            return
        with show_bar(console.get_progress_console(), targets) as bar:
            self._bar = bar
            try:
                yield bar
            finally:
                self._bar = None

    def add(self, result: DownloadResult) -> None:
        self._results.append(result)
        if self._bar:
            self._bar.finish(result.target)
        if self._as_json:
            print_json(_result_as_dict(result))
        elif self._is_failure(result):
            message = f"{result.target}: {result.error}"
            if self._bar:
                self._bar.print_line(f"dataops: {message}", "red")
            else:
                console.print_error(message)
        elif not self._quiet:
            self._print_line(_result_as_line(result))

    def print_dry_run(self, results: Sequence[DryRunResult]) -> None:
        if self._as_json:
            for result in results:
                print_json(_dry_run_as_dict(result))
            return
        print_rows(_DRY_RUN_COLUMNS, [_dry_run_as_row(result) for result in results])
        for result in results:
            if result.manifest and result.manifest.skipped:
                console.print_note(f"{result.target}: {_format_skipped(result.manifest.skipped)}")
        sizes = [
            found.manifest.size_bytes for found in results if found.manifest and not found.present
        ]
        console.print_note(f"{len(sizes)} to download, {format_size(sum(sizes))} unpacked")

    def print_summary(self) -> None:
        """Print the number of results by status on standard error, unless they are few."""
        if self._as_json or self._quiet or len(self._results) < _MIN_RESULTS_OF_SUMMARY:
            return
        parts = []
        for status in ("downloaded", "present", "no files", "failed"):
            found = [result for result in self._results if result.status == status]
            if found:
                files = sum(each.download.link.file_count for each in found if each.download)
                parts.append(
                    f"{len(found)} {status}"
                    + (f" ({format_count(files, 'file')})" if files else "")
                )
        done = (each.download for each in self._results if each.status == "downloaded")
        size = format_size(sum(each.link.size_bytes for each in done if each))
        seconds = time.monotonic() - self._began
        console.print_note(f"{', '.join(parts)}; {size} received in {seconds:.1f} s")

    @property
    def exit_code(self) -> int:
        """Exit code of the first failure, 0 without one."""
        failures = (result.error for result in self._results if self._is_failure(result))
        error = next(failures, None)
        return get_exit_code(error) if error else 0

    def _is_failure(self, result: DownloadResult) -> bool:
        return result.status == "failed" or (result.status == "no files" and self._named)

    def _print_line(self, line: str) -> None:
        line = to_printable(line)
        if self._bar and sys.stdout.isatty():
            self._bar.print_line(line)
        else:
            print(line, flush=True)


def _result_as_line(result: DownloadResult) -> str:
    if result.download is None:
        return f"{result.target}: {result.status}"
    link = result.download.link
    parts = [
        format_count(link.file_count, "file") if result.download.downloaded else "already present"
    ]
    if link.missing:
        parts.append(f"missing {', '.join(link.missing)}")
    if link.skipped:
        parts.append(_format_skipped(link.skipped))
    if result.download.replaced:
        parts.append(f"restored changed {', '.join(result.download.replaced)}")
    return f"{result.download.path}: {', '.join(parts)}"


def _format_skipped(files: Sequence[SkippedFile]) -> str:
    return f"skipped {', '.join(f'{file.name} ({file.reason})' for file in files)}"


def _result_as_dict(result: DownloadResult) -> dict[str, object]:
    fields: dict[str, object] = {**_target_as_dict(result.target), "outcome": result.status}
    if result.download:
        link = result.download.link
        fields |= {
            "path": str(result.download.path),
            "files": [file.name for file in link.files],
            "missing": list(link.missing),
            "skipped": _skipped_as_dicts(link.skipped),
            "replaced": list(result.download.replaced),
            "archive_bytes": link.size_bytes,
            "seconds": round(result.download.seconds, 3),
        }
    if result.error:
        code = result.error.code if isinstance(result.error, errors.DataOpsError) else None
        fields |= {"error": type(result.error).__name__, "code": code, "message": str(result.error)}
    return fields


def _dry_run_as_row(result: DryRunResult) -> dict[str, object]:
    status = "no files"
    if result.manifest:
        status = "present (by size)" if result.present else "to download"
    row = {name: value for name, value in _dry_run_as_dict(result).items() if name != "skipped"}
    return row | {"target": str(result.target), "status": status}


def _dry_run_as_dict(result: DryRunResult) -> dict[str, object]:
    manifest = result.manifest
    return {
        **_target_as_dict(result.target),
        "path": str(result.path),
        "files": len(manifest.files) if manifest else 0,
        "size_bytes": manifest.size_bytes if manifest else 0,
        "skipped": _skipped_as_dicts(manifest.skipped) if manifest else [],
        "present": result.present,
    }


def _skipped_as_dicts(files: Sequence[SkippedFile]) -> list[dict[str, str]]:
    return [{"name": file.name, "reason": file.reason} for file in files]


def _target_as_dict(target: DownloadTarget) -> dict[str, object]:
    return {"nc": target.nc, "id_run": target.id_run, "sub_run": target.sub_run}
