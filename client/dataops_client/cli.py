"""The command `dataops`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.table import Table

from . import DataOpsClient, Download, __version__, errors
from .ml.commands import export, plot
from .ml.errors import MlError

EXIT_CODES: dict[type[BaseException], int] = {
    errors.InvalidRequest: 2,
    errors.NotFound: 3,
    errors.Conflict: 4,
    errors.AccessDenied: 5,
    errors.Unavailable: 6,
    errors.TransferFailed: 7,
    errors.ArchiveRefused: 8,
    errors.FolderOccupied: 9,
    errors.UnexpectedAnswer: 10,
    MlError: 12,
    errors.DataOpsError: 1,
    OSError: 11,
}
"""By kind of failure; the first that fits. 130: interrupted."""

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Schedule runs of atomistic simulations and download their files.")
_out, _err = Console(), Console(stderr=True)

Nc = Annotated[str, typer.Argument(help="Nominal composition, such as Zr49Cu49Al2")]
RunNumber = Annotated[str, typer.Argument(metavar="RUN", help="Number of the run")]


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"dataops-client {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    url: Annotated[str | None, typer.Option(envvar="DATAOPS_URL", help="Address of the API")] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Exit codes: 2 invalid, 3 not found, 4 conflict, 5 denied, 6 unavailable, 7 transfer, 8 refused, 9 folder, 11 system, 12 data."""
    context.obj = url


@app.command()
def generate(context: typer.Context, nc: Nc) -> None:
    """Schedule the next available run of a composition, and print its number."""
    with DataOpsClient(context.obj) as client:
        print(client.generate(nc).id_run)


@app.command()
def augment(context: typer.Context, nc: Nc, run: RunNumber, sub_runs: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Schedule the deformed sub-runs of a run: all of 1-14, or those named."""
    with DataOpsClient(context.obj) as client:
        print(client.augment(nc, run, sub_runs or None).status)


@app.command()
def status(
    context: typer.Context,
    nc: Nc,
    run: RunNumber,
    wait: Annotated[bool, typer.Option(help="Ask until everything is done")] = False,
    timeout: Annotated[float | None, typer.Option(help="Seconds after which --wait gives up")] = None,
) -> None:
    """Tell how a run and its sub-runs stand."""
    with DataOpsClient(context.obj) as client:
        answer = client.wait(nc, run, timeout) if wait else client.status(nc, run)
    _out.print(f"run {answer.run_status}, sub-runs {answer.sub_runs_status or 'not augmented'} ({', '.join(answer.sub_runs)})")


@app.command("list")
def list_runs(context: typer.Context, nc: Annotated[str | None, typer.Argument(help="Only of this composition")] = None) -> None:
    """List the scheduled runs."""
    table = Table("composition", "run", "sub-runs", "scheduled")
    with DataOpsClient(context.obj) as client:
        for name, runs in client.available(nc).items():
            for run in runs:
                table.add_row(name, run.id_run, ", ".join(run.sub_runs), f"{run.run_scheduled_at:%Y-%m-%d %H:%M:%S}")
    _out.print(table)


@app.command()
def download(
    context: typer.Context,
    nc: Nc,
    run: RunNumber,
    sub_runs: Annotated[list[str] | None, typer.Argument(help="Sub-runs; 0 by default")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every sub-run that is scheduled and has files, each with an archive")] = False,
    whole: Annotated[bool, typer.Option("--whole", help="The same, as one archive")] = False,
    profile: Annotated[str, typer.Option(help="full, or essential: the four files that training needs")] = "full",
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for <nc>/<run>/<sub-run>/")] = Path(),
    force: Annotated[bool, typer.Option(help="Download again what is there already")] = False,
) -> None:
    """Download sub-runs: verified, and extracted to OUTPUT/<nc>/<run>/<sub-run>/."""
    with DataOpsClient(context.obj) as client, _progress() as bar:
        if whole:
            task = bar.add_task(f"{nc}/{run}", total=None)
            done = client.download_run(nc, run, output, profile=profile, force=force, progress=partial(_advance, bar, task))
            print(_said(done))
            return
        for sub_run in client.status(nc, run).sub_runs if every else sub_runs or ["0"]:
            task = bar.add_task(f"{nc}/{run}/{sub_run}", total=None)
            try:
                progress = partial(_advance, bar, task)
                done = client.download(nc, run, sub_run, output, profile=profile, force=force, progress=progress)
            except errors.NotFound:
                if not every:
                    raise
                print(f"{nc}/{run}/{sub_run}: no files")
                continue
            print(_said(done))


def _said(done: Download) -> str:
    said = f"{len(done.link.files)} files" if done.fetched else "there already"
    return f"{done.path}: {said}" + (f", missing {', '.join(done.link.missing)}" if done.link.missing else "")


def _advance(bar: Progress, task: TaskID, count: int, total: int) -> None:
    bar.update(task, advance=count, total=total)


app.command("export")(export)
app.command("plot")(plot)


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=_err, transient=True, disable=not sys.stderr.isatty()) as bar:
        yield bar


def main() -> None:
    try:
        app()
    except (errors.DataOpsError, OSError) as error:
        _err.print(f"dataops: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind)))
