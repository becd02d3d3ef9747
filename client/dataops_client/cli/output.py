"""Output of `dataops download`: result lines and tables, or lines of JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from dataops_client import errors
from dataops_client.cli.exit_codes import get_exit_code
from dataops_client.cli.progress import DownloadBar, show_bar
from dataops_client.downloads import DownloadResult, DownloadTarget, DryRunResult, TargetProgress
from dataops_client.models.archives import SkippedFile

_MIN_RESULTS_OF_SUMMARY = 3


class DownloadReporter:
    """Prints results to `out`, progress and failures to `err`.

    With `named`, the sub-runs were named on the command line: one without files is a failure.
    """

    def __init__(
        self, out: Console, err: Console, *, as_json: bool, quiet: bool, named: bool
    ) -> None:
        self._out, self._err = out, err
        self._as_json, self._quiet, self._named = as_json, quiet, named
        self._results: list[DownloadResult] = []
        self._bar: DownloadBar | None = None
        self._began = time.monotonic()

    @contextmanager
    def show_progress(self, targets: Sequence[DownloadTarget]) -> Iterator[TargetProgress | None]:
        """Show a progress bar if standard error is a terminal, and yield its callback.

        While it is shown, result lines for the same terminal are printed above it.
        """
        if self._quiet or self._as_json or not sys.stderr.isatty():
            yield None
            return
        with show_bar(self._err, targets) as self._bar:
            out = self._out
            if sys.stdout.isatty():
                self._out = self._err
            try:
                yield self._bar.update
            finally:
                self._out = out

    def add(self, result: DownloadResult) -> None:
        self._results.append(result)
        if self._bar:
            self._bar.finish(result.target)
        if self._as_json:
            self._print_line(json.dumps(_result_as_dict(result), ensure_ascii=False))
        elif self._is_failure(result):
            self._err.print(
                f"dataops: {result.target}: {result.error}", style="red", soft_wrap=True
            )
        elif not self._quiet:
            self._print_line(_result_as_line(result))

    def print_dry_run(self, results: Sequence[DryRunResult]) -> None:
        if self._as_json:
            for result in results:
                self._print_line(json.dumps(_dry_run_as_dict(result), ensure_ascii=False))
            return
        table = Table("sub-run", "files", "unpacked", "status")
        for result in results:
            files, size, status = "-", "-", "no files"
            if result.manifest:
                files, size = f"{len(result.manifest.files)}", decimal(result.manifest.size_bytes)
                status = "present (by size)" if result.present else "to download"
            table.add_row(str(result.target), files, size, status)
        self._out.print(table)
        for result in results:
            if result.manifest and result.manifest.skipped:
                self._print_line(f"{result.target}: {_format_skipped(result.manifest.skipped)}")
        sizes = [
            found.manifest.size_bytes for found in results if found.manifest and not found.present
        ]
        self._print_line(f"{len(sizes)} to download, {decimal(sum(sizes))} unpacked")

    def print_summary(self) -> None:
        """Print a table of the results, unless they are few."""
        if self._as_json or self._quiet or len(self._results) < _MIN_RESULTS_OF_SUMMARY:
            return
        table = Table("result", "sub-runs", "files", "archives")
        for status in ("downloaded", "present", "no files", "failed"):
            found = [result for result in self._results if result.status == status]
            links = [result.download.link for result in found if result.download]
            if found:
                files = sum(len(link.files) for link in links)
                size = decimal(sum(link.size_bytes for link in links))
                table.add_row(status, f"{len(found)}", f"{files}", size)
        self._out.print(table)
        self._print_line(f"in {time.monotonic() - self._began:.1f} s")

    @property
    def exit_code(self) -> int:
        """Exit code of the first failure, 0 without one."""
        failures = (result.error for result in self._results if self._is_failure(result))
        error = next(failures, None)
        return get_exit_code(error) if error else 0

    def _is_failure(self, result: DownloadResult) -> bool:
        return result.status == "failed" or (result.status == "no files" and self._named)

    def _print_line(self, line: str) -> None:
        self._out.print(line, soft_wrap=True)


def _result_as_line(result: DownloadResult) -> str:
    if result.download is None:
        return f"{result.target}: {result.status}"
    link = result.download.link
    parts = [f"{len(link.files)} files" if result.download.downloaded else "already present"]
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
