"""Progress bar of `dataops download`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dataops_client.downloads import DownloadTarget
from dataops_client.html_tables import format_size
from dataops_client.models.archives import BuildProgress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class DownloadBar:
    """Task of a rich progress bar that counts finished downloads and received bytes.

    Downloads in progress count by the part of their archive that is present.
    """

    def __init__(
        self,
        bar: Progress,
        targets: Sequence[DownloadTarget],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bar, self._count, self._clock = bar, len(targets), clock
        self._unit = "runs" if targets and targets[0].sub_run is None else "sub-runs"
        self._lock = threading.Lock()
        self._present_bytes: dict[DownloadTarget, int] = {}
        self._fractions: dict[DownloadTarget, float] = {}
        self._builds: dict[DownloadTarget, BuildProgress] = {}
        self._finished = self._received_bytes = 0
        self._began: float | None = None
        self._task = bar.add_task(self._describe(), total=self._count, received="")

    def update(self, target: DownloadTarget, count: int, total: int) -> None:
        """Count bytes of an archive. The first call counts the bytes of earlier attempts."""
        with self._lock:
            self._builds.pop(target, None)
            if target in self._present_bytes:
                self._began = self._began or self._clock()
                self._received_bytes += max(count, 0)
            present = self._present_bytes.get(target, 0) + count
            self._present_bytes[target] = present
            self._fractions[target] = min(present / total, 1.0) if total else 1.0
            self._refresh()

    def show_build(self, target: DownloadTarget, progress: BuildProgress) -> None:
        """Show that the API builds the archive of a target, until its bytes are received."""
        with self._lock:
            self._builds[target] = progress
            self._refresh()

    def print_line(self, line: str, style: str | None = None) -> None:
        """Print a line above the bar."""
        self._bar.console.print(line, style=style, soft_wrap=True)

    def finish(self, target: DownloadTarget) -> None:
        with self._lock:
            self._builds.pop(target, None)
            self._finished += 1
            self._fractions[target] = 1.0
            self._refresh()

    def _refresh(self) -> None:
        received = ""
        if self._began and (seconds := self._clock() - self._began) > 0:
            speed = format_size(int(self._received_bytes / seconds))
            received = f"{format_size(self._received_bytes)}, {speed}/s"
        elif self._builds:
            done = sum(build.bytes_done or 0 for build in self._builds.values())
            total = sum(build.bytes_total or 0 for build in self._builds.values())
            received = str(BuildProgress(done, total))
        self._bar.update(
            self._task,
            completed=sum(self._fractions.values()),
            description=self._describe(),
            received=received,
        )

    def _describe(self) -> str:
        return f"{self._finished} of {self._count} {self._unit}"


@contextmanager
def show_bar(console: Console, targets: Sequence[DownloadTarget]) -> Iterator[DownloadBar]:
    """Show a bar of these downloads while the context is open, then remove it."""
    # Imported when a bar is shown: commands of scripts have none, and it takes 15 ms.
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[received]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        yield DownloadBar(bar, targets)
