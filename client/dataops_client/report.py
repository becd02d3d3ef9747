"""What `dataops download` shows: progress while it works, a line for each sub-run, a table at the end; or lines of JSON."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from .downloads import Forecast, Result, Wanted
from .downloads import Progress as OnProgress


class Report:
    """Results go to `out`, progress and failures to `err`. `named`: the sub-runs were asked for, so that one without files is a failure."""

    def __init__(self, out: Console, err: Console, *, as_json: bool, quiet: bool, named: bool) -> None:
        self._out, self._err = out, err
        self._as_json, self._quiet, self._named = as_json, quiet, named
        self._results: list[Result] = []
        self._began = time.monotonic()

    @contextmanager
    def watching(self, count: int) -> Iterator[OnProgress]:
        """One bar over all of them, where there is a terminal: bytes, and how many have ended."""
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        shown = sys.stderr.isatty() and not (self._quiet or self._as_json)
        sizes: dict[Wanted, int] = {}
        lock = threading.Lock()
        with Progress(*columns, console=self._err, transient=True, disable=not shown) as bar:
            task = bar.add_task(f"0 of {count}", total=None)

            def progress(wanted: Wanted, arrived: int, total: int) -> None:
                with lock:
                    sizes[wanted] = total
                    bar.update(task, advance=arrived, total=sum(sizes.values()), description=f"{len(self._results)} of {count}")

            yield progress

    def add(self, result: Result) -> None:
        self._results.append(result)
        if self._as_json:
            self._write(json.dumps(_told(result), ensure_ascii=False))
        elif self._is_failure(result):
            self._err.print(f"dataops: {result.wanted}: {result.error}", style="red", highlight=False, markup=False, soft_wrap=True)
        elif not self._quiet:
            self._write(_said(result))

    def forecast(self, forecasts: Sequence[Forecast]) -> None:
        if self._as_json:
            for each in forecasts:
                self._write(json.dumps(_foretold(each), ensure_ascii=False))
            return
        table = Table("sub-run", "files", "unpacked", "would be")
        new = [each.manifest.size_bytes for each in forecasts if each.manifest and not each.present]
        for each in forecasts:
            if each.manifest is None:
                table.add_row(str(each.wanted), "-", "-", "no files")
            else:
                state = "there already, by its sizes" if each.present else "downloaded"
                table.add_row(str(each.wanted), f"{len(each.manifest.files)}", decimal(each.manifest.size_bytes), state)
        self._out.print(table)
        self._write(f"{len(new)} to download, {decimal(sum(new))} unpacked")

    def summary(self) -> None:
        """A table, where there is more than a line or two to sum up."""
        if self._as_json or self._quiet or len(self._results) < 3:
            return
        table = Table("outcome", "sub-runs", "files", "archives")
        for outcome in ("downloaded", "present", "no files", "failed"):
            of_it = [result for result in self._results if result.outcome == outcome]
            links = [result.download.link for result in of_it if result.download]
            if of_it:
                size = decimal(sum(link.size_bytes for link in links))
                table.add_row(outcome, f"{len(of_it)}", f"{sum(len(link.files) for link in links)}", size)
        self._out.print(table)
        self._write(f"in {time.monotonic() - self._began:.1f} s")

    def worst(self, exit_codes: Mapping[type[BaseException], int]) -> int:
        """The exit code of the first that failed; 0 if none did."""
        failure = next((result.error for result in self._results if self._is_failure(result)), None)
        return next((code for kind, code in exit_codes.items() if isinstance(failure, kind)), 0)

    def _is_failure(self, result: Result) -> bool:
        return result.outcome == "failed" or (result.outcome == "no files" and self._named)

    def _write(self, line: str) -> None:
        self._out.print(line, markup=False, highlight=False, soft_wrap=True)


def _said(result: Result) -> str:
    if result.download is None:
        return f"{result.wanted}: {result.outcome}"
    link = result.download.link
    said = f"{len(link.files)} files" if result.download.fetched else "there already"
    return f"{result.download.path}: {said}" + (f", missing {', '.join(link.missing)}" if link.missing else "")


def _told(result: Result) -> dict[str, object]:
    told: dict[str, object] = {**_identity(result.wanted), "outcome": result.outcome}
    if result.download:
        link = result.download.link
        told |= {"path": str(result.download.path), "files": [file.name for file in link.files], "missing": list(link.missing)}
        told |= {"archive_bytes": link.size_bytes, "seconds": round(result.download.seconds, 3)}
    if result.error:
        told |= {"error": type(result.error).__name__, "message": str(result.error)}
    return told


def _foretold(each: Forecast) -> dict[str, object]:
    files, size = (len(each.manifest.files), each.manifest.size_bytes) if each.manifest else (0, 0)
    return {**_identity(each.wanted), "path": str(each.path), "files": files, "size_bytes": size, "present": each.present}


def _identity(wanted: Wanted) -> dict[str, object]:
    return {"nc": wanted.nc, "id_run": wanted.id_run, "sub_run": wanted.sub_run}
