"""What `dataops download` shows: progress while it works, a line for each sub-run, a table at the end; or lines of JSON."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dataops_client import errors
from dataops_client.downloads import DownloadResult, DownloadTarget, DryRunResult
from dataops_client.downloads import Progress as OnProgress
from dataops_client.models import SkippedFile


class DownloadReporter:
    """Results go to `out`, progress and failures to `err`. `named`: the sub-runs were asked for, so that one without files is a failure."""

    def __init__(
        self, out: Console, err: Console, *, as_json: bool, quiet: bool, named: bool
    ) -> None:
        self._out, self._err = out, err
        self._as_json, self._quiet, self._named = as_json, quiet, named
        self._results: list[DownloadResult] = []
        self._began = time.monotonic()

    @contextmanager
    def watching(self, wanted: Sequence[DownloadTarget]) -> Iterator[OnProgress]:
        """Show one bar on a terminal. Its unit is the sub-run (or run), each counted by the part of its archive that is there.

        While the bar is up, lines that go to the same terminal are printed above it.
        """
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[fetched]}"),
            TimeElapsedColumn(),
        )
        shown = sys.stderr.isatty() and not (self._quiet or self._as_json)
        with Progress(
            *columns, console=self._err, transient=True, disable=not shown, redirect_stdout=False
        ) as bar:
            self._bar = DownloadBar(bar, wanted)
            out = self._out
            if shown and sys.stdout.isatty():
                self._out = self._err
            try:
                yield self._bar.progress
            finally:
                self._out = out

    def add(self, result: DownloadResult) -> None:
        self._results.append(result)
        self._bar.end(result.target)
        if self._as_json:
            self._write(json.dumps(_told(result), ensure_ascii=False))
        elif self._is_failure(result):
            self._err.print(
                f"dataops: {result.target}: {result.error}", style="red", soft_wrap=True
            )
        elif not self._quiet:
            self._write(_said(result))

    def forecast(self, dry_run: Sequence[DryRunResult]) -> None:
        if self._as_json:
            for each in dry_run:
                self._write(json.dumps(_foretold(each), ensure_ascii=False))
            return
        table = Table("sub-run", "files", "unpacked", "would be")
        new = [each.manifest.size_bytes for each in dry_run if each.manifest and not each.present]
        for each in dry_run:
            if each.manifest is None:
                table.add_row(str(each.target), "-", "-", "no files")
            else:
                state = "there already, by its sizes" if each.present else "downloaded"
                table.add_row(
                    str(each.target),
                    f"{len(each.manifest.files)}",
                    decimal(each.manifest.size_bytes),
                    state,
                )
        self._out.print(table)
        for each in dry_run:
            if each.manifest and each.manifest.skipped:
                self._write(f"{each.target}: {_skipped(each.manifest.skipped)}")
        self._write(f"{len(new)} to download, {decimal(sum(new))} unpacked")

    def summary(self) -> None:
        """A table, where there is more than a line or two to sum up."""
        if self._as_json or self._quiet or len(self._results) < 3:
            return
        table = Table("outcome", "sub-runs", "files", "archives")
        for outcome in ("downloaded", "present", "no files", "failed"):
            of_it = [result for result in self._results if result.status == outcome]
            links = [result.download.link for result in of_it if result.download]
            if of_it:
                size = decimal(sum(link.size_bytes for link in links))
                table.add_row(
                    outcome, f"{len(of_it)}", f"{sum(len(link.files) for link in links)}", size
                )
        self._out.print(table)
        self._write(f"in {time.monotonic() - self._began:.1f} s")

    def exit_code(self, exit_codes: Mapping[type[BaseException], int]) -> int:
        """The exit code of the first that failed; 0 if none did."""
        failure = next((result.error for result in self._results if self._is_failure(result)), None)
        return next((code for kind, code in exit_codes.items() if isinstance(failure, kind)), 0)

    def _is_failure(self, result: DownloadResult) -> bool:
        return result.status == "failed" or (result.status == "no files" and self._named)

    def _write(self, line: str) -> None:
        self._out.print(line, soft_wrap=True)


class DownloadBar:
    """A task of `bar`: how many downloads have ended, the parts of those under way, and the bytes that came over the network."""

    def __init__(
        self,
        bar: Progress,
        wanted: Sequence[DownloadTarget],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bar, self._count, self._clock = bar, len(wanted), clock
        self._unit = "runs" if wanted and wanted[0].sub_run is None else "sub-runs"
        self._lock = threading.Lock()
        self._arrived: dict[DownloadTarget, int] = {}
        self._parts: dict[DownloadTarget, float] = {}
        self._ended = self._fetched_bytes = 0
        self._began: float | None = None
        self._task = bar.add_task(self._description(), total=self._count, fetched="")

    def progress(self, wanted: DownloadTarget, count: int, total: int) -> None:
        """Count bytes of an archive. The first call is of those that an earlier try left: they did not come over the network now."""
        with self._lock:
            if wanted in self._arrived:
                self._began = self._began or self._clock()
                self._fetched_bytes += max(count, 0)
            self._arrived[wanted] = self._arrived.get(wanted, 0) + count
            self._parts[wanted] = min(self._arrived[wanted] / total, 1.0) if total else 1.0
            self._show()

    def end(self, wanted: DownloadTarget) -> None:
        with self._lock:
            self._ended += 1
            self._parts[wanted] = 1.0
            self._show()

    def _show(self) -> None:
        fetched = ""
        if self._began and (seconds := self._clock() - self._began) > 0:
            fetched = (
                f"{decimal(self._fetched_bytes)}, {decimal(int(self._fetched_bytes / seconds))}/s"
            )
        self._bar.update(
            self._task,
            completed=sum(self._parts.values()),
            description=self._description(),
            fetched=fetched,
        )

    def _description(self) -> str:
        return f"{self._ended} of {self._count} {self._unit}"


def _said(result: DownloadResult) -> str:
    if result.download is None:
        return f"{result.target}: {result.status}"
    link = result.download.link
    said = [f"{len(link.files)} files" if result.download.downloaded else "there already"]
    if link.missing:
        said.append(f"missing {', '.join(link.missing)}")
    if link.skipped:
        said.append(_skipped(link.skipped))
    if result.download.replaced:
        said.append(f"replaced what you changed in {', '.join(result.download.replaced)}")
    return f"{result.download.path}: {', '.join(said)}"


def _skipped(files: Sequence[SkippedFile]) -> str:
    return f"skipped {', '.join(f'{file.name} ({file.reason})' for file in files)}"


def _told(result: DownloadResult) -> dict[str, object]:
    told: dict[str, object] = {**_identity(result.target), "outcome": result.status}
    if result.download:
        link = result.download.link
        told |= {
            "path": str(result.download.path),
            "files": [file.name for file in link.files],
            "missing": list(link.missing),
        }
        told |= {"skipped": _named(link.skipped), "replaced": list(result.download.replaced)}
        told |= {"archive_bytes": link.size_bytes, "seconds": round(result.download.seconds, 3)}
    if result.error:
        code = result.error.code if isinstance(result.error, errors.DataOpsError) else None
        told |= {"error": type(result.error).__name__, "code": code, "message": str(result.error)}
    return told


def _foretold(each: DryRunResult) -> dict[str, object]:
    files, size = (len(each.manifest.files), each.manifest.size_bytes) if each.manifest else (0, 0)
    skipped = _named(each.manifest.skipped) if each.manifest else []
    told = {
        "path": str(each.path),
        "files": files,
        "size_bytes": size,
        "skipped": skipped,
        "present": each.present,
    }
    return {**_identity(each.target), **told}


def _named(files: Sequence[SkippedFile]) -> list[dict[str, str]]:
    return [{"name": file.name, "reason": file.reason} for file in files]


def _identity(wanted: DownloadTarget) -> dict[str, object]:
    return {"nc": wanted.nc, "id_run": wanted.id_run, "sub_run": wanted.sub_run}
