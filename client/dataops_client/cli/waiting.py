"""Waiting for runs, with a live line on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import typer

from dataops_client.cli import console
from dataops_client.cli.exit_codes import EXIT_TIME_LIMIT
from dataops_client.client import DataOpsClient
from dataops_client.errors import TimedOut
from dataops_client.models.runs import RunStatus


def wait_for_runs(
    client: DataOpsClient, nc: str, id_runs: Sequence[str], timeout_seconds: float | None
) -> list[RunStatus]:
    """Wait until all runs are done. Exit with EXIT_TIME_LIMIT after `timeout_seconds`."""
    began, state = time.monotonic(), ""

    def show(status: RunStatus) -> None:
        nonlocal state
        state = status.state
        number = id_runs.index(status.id_run) + 1 if status.id_run in id_runs else 1
        count = f" ({number} of {len(id_runs)})" if len(id_runs) > 1 else ""
        show_line(f"run {status.id_run}{count} {status.state}; files: {status.summary}")

    with show_live_line(f"waiting for run {id_runs[0]}") as show_line:
        found = []
        for id_run in id_runs:
            remaining = timeout_seconds
            if remaining is not None:
                remaining = max(remaining - (time.monotonic() - began), 0.0)
            try:
                found.append(client.wait(nc, id_run, remaining, progress=show))
            except TimedOut:
                break
    if len(found) < len(id_runs):
        console.print_error(
            f"time limit exceeded: run {id_runs[len(found)]} of {nc} is {state} after "
            f"{timeout_seconds:g} s (--timeout)"
        )
        raise typer.Exit(EXIT_TIME_LIMIT)
    return found


@contextmanager
def show_live_line(text: str) -> Iterator[Callable[[str], None]]:
    """Show a line with the elapsed time while the context is open, and yield what changes it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    # Imported on a terminal only: it takes 40 ms.
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415

    line = TextColumn(
        "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")
    )
    columns = (SpinnerColumn(), TimeElapsedColumn(), line)
    with Progress(*columns, console=console.get_progress_console(), transient=True) as progress:
        task = progress.add_task(text, total=None)
        yield lambda text: progress.update(task, description=text)
