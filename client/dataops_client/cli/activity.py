"""Progress bar of activities that report a phrase, what is done, and the total."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dataops_client.cli import console
from dataops_client.datasets.folder import Activity
from dataops_client.html_tables import format_size


@contextmanager
def show_activity(*, quiet: bool) -> Iterator[Activity | None]:
    """Show a bar on a terminal while the context is open, and yield what updates it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
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
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console.get_progress_console(), transient=True) as bar:
        task = bar.add_task("requesting", total=None, amount="")

        def update(phrase: str, done: int, total: int) -> None:
            is_size = phrase == "downloading"
            amount = (
                f"{format_size(done)} of {format_size(total)}" if is_size else f"{done}/{total}"
            )
            bar.update(task, description=phrase, completed=done, total=total, amount=amount)

        yield update
