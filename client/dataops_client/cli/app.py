"""The command `dataops`."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dataops_client import DataOpsClient, InsecureConnection, __version__, downloads, errors
from dataops_client.cli.output import DownloadReporter
from dataops_client.cli.run_status import executor_line, outcome_line, status_json, status_table
from dataops_client.cli.training import export, plot
from dataops_client.downloads import DownloadTarget, download_all, list_targets
from dataops_client.ml.errors import MlError
from dataops_client.verify import verify as verify_tree

EXIT_CODES: dict[type[BaseException], int] = {
    errors.InvalidRequest: 2,
    errors.NotFound: 3,
    errors.Conflict: 4,
    errors.AccessDenied: 5,
    errors.Unavailable: 6,
    errors.TransferFailed: 7,
    errors.InvalidArchive: 8,
    errors.TargetNotEmpty: 9,
    errors.UnexpectedResponse: 10,
    MlError: 12,
    errors.DataOpsError: 1,
    OSError: 11,
}
"""By kind of failure; the first that fits."""
EXIT_INTERRUPTED = 130
EXIT_VERIFY_FAILED = 13
"""Of `verify`, where files are not what they were."""

_HELP = """Schedule runs of atomistic simulations and download their files.

No calculation is run. The simulated executor of the API reports RUNNING for a time after scheduling (JOB_RUN_TIME_SECONDS), then DONE, and
releases files that exist already. A download does not wait for DONE.
"""
app = typer.Typer(no_args_is_help=True, add_completion=False, help=_HELP)
_plain = {
    "markup": False,
    "highlight": False,
    "emoji": False,
}  # what a server sends is shown as it is
_out, _err = Console(**_plain), Console(stderr=True, **_plain)  # type: ignore[arg-type]

Nc = Annotated[str, typer.Argument(help="Nominal composition, such as Zr49Cu49Al2")]
RunNumber = Annotated[str, typer.Argument(metavar="RUN", help="Number of the run")]


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"dataops-client {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Option(envvar="DATAOPS_URL", help="Address of the API")
    ] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit", is_eager=True, callback=_show_version
        ),
    ] = False,
) -> None:
    """Exit codes: 2 invalid, 3 not found, 4 conflict, 5 denied, 6 unavailable, 7 transfer, 8 refused, 9 folder, 10 not the API,
    11 system, 12 data, 13 verify, 130 interrupted."""
    context.obj = url


@app.command()
def generate(context: typer.Context, nc: Nc) -> None:
    """Schedule the next available run of a composition, and print its number.

    No calculation is run: the simulated executor releases files that exist already.
    """
    with DataOpsClient(context.obj) as client:
        print(client.generate(nc).id_run)


@app.command()
def augment(
    context: typer.Context,
    nc: Nc,
    run: RunNumber,
    sub_runs: Annotated[
        list[str] | None, typer.Argument(help="Numbers of sub-runs, 1 to 14; all by default")
    ] = None,
) -> None:
    """Schedule the deformed sub-runs of a run: all of 1-14, or those named."""
    with DataOpsClient(context.obj) as client:
        print(client.augment(nc, run, sub_runs or None).status)


@app.command()
def status(
    context: typer.Context,
    nc: Nc,
    run: RunNumber,
    wait: Annotated[bool, typer.Option(help="Ask until everything is done")] = False,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which --wait gives up")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON")] = False,
) -> None:
    """Print a row for each sub-run: what its files show of its calculations.

    RUNNING and DONE are of the simulated executor, which runs no calculation: RUNNING for JOB_RUN_TIME_SECONDS after scheduling, then DONE.
    Outcomes are those of files that exist already.
    """
    with DataOpsClient(context.obj) as client:
        found = client.wait(nc, run, timeout) if wait else client.status(nc, run)
    if as_json:
        print(status_json(nc, found))
        return
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
    Console(width=width, **_plain).print(status_table(found))  # type: ignore[arg-type]
    print(f"{executor_line(found)}\n{outcome_line(found)}")


@app.command()
def compositions(context: typer.Context) -> None:
    """List the nominal compositions that there is data of."""
    with DataOpsClient(context.obj) as client:
        for nc in client.compositions():
            print(nc)


@app.command("list")
def list_runs(
    context: typer.Context,
    nc: Annotated[str | None, typer.Argument(help="Only of this composition")] = None,
) -> None:
    """List the scheduled runs."""
    table = Table("composition", "run", "sub-runs", "scheduled")
    with DataOpsClient(context.obj) as client:
        for name, runs in client.available(nc).items():
            for run in runs:
                table.add_row(
                    name,
                    run.id_run,
                    ", ".join(run.sub_runs),
                    f"{run.run_scheduled_at:%Y-%m-%d %H:%M:%S}",
                )
    _out.print(table)


@app.command()
def download(
    context: typer.Context,
    nc: Nc,
    runs: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUNS]", help="Run, or several: 21,22; every scheduled one by default"
        ),
    ] = None,
    sub_runs: Annotated[
        list[str] | None,
        typer.Argument(help="Sub-runs; by default 0, or all where no run is named"),
    ] = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Every sub-run that is scheduled, each with an archive of its own"
        ),
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="The same, with one archive for each run")
    ] = False,
    profile: Annotated[
        str, typer.Option(help="full, or essential: the six files that training needs")
    ] = "full",
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for <nc>/<run>/<sub-run>/")
    ] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Download again what is there already")
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=32, help="How many at once")] = 4,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only tell what would be downloaded, and how large it is unpacked"
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Tell each result as a line of JSON")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Tell nothing but errors")] = False,
) -> None:
    """Download sub-runs: verified, and extracted to OUTPUT/<nc>/<run>/<sub-run>/.

    What is there already is not downloaded again, and what an interrupted download left is continued: give the same command again. A
    download does not wait for the executor's DONE. Files that were changed since an earlier download are replaced, and named.
    """
    with DataOpsClient(context.obj) as client:
        wanted = _wanted(
            client, nc, runs.split(",") if runs else None, sub_runs, every=every, whole=whole
        )
        report = DownloadReporter(
            _out, _err, as_json=as_json, quiet=quiet, named=bool(runs) and not every
        )
        if dry_run:
            report.forecast(downloads.dry_run(client, wanted, output, jobs=jobs, profile=profile))
            return
        options = {"jobs": jobs, "profile": profile, "force": force}
        try:
            with (
                report.watching(wanted) as progress,
                closing(
                    download_all(client, wanted, output, progress=progress, **options)  # type: ignore[arg-type]
                ) as results,
            ):
                for result in results:
                    report.add(result)
        except KeyboardInterrupt:
            _err.print("dataops: interrupted; the same command goes on from here", style="red")
            raise typer.Exit(EXIT_INTERRUPTED) from None
    report.summary()
    if failure := report.exit_code(EXIT_CODES):
        raise typer.Exit(failure)


def _wanted(
    client: DataOpsClient,
    nc: str,
    runs: list[str] | None,
    sub_runs: list[str] | None,
    *,
    every: bool,
    whole: bool,
) -> list[DownloadTarget]:
    if sub_runs and (every or whole or len(runs or ()) > 1):
        raise typer.BadParameter("sub-runs are named for one run, and without --all and --whole")
    if whole:
        return sorted(
            {DownloadTarget(nc, found.id_run, None) for found in list_targets(client, nc, runs)},
            key=lambda found: int(found.id_run),
        )
    if runs is None or every:
        return list_targets(client, nc, runs)
    return [DownloadTarget(nc, run, sub_run) for run in runs for sub_run in sub_runs or ["0"]]


@app.command()
def verify(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that archives were extracted to")
    ] = Path(),
) -> None:
    """Check extracted files by size and SHA-256, without the API: what is missing, changed or not from an archive."""
    wrong = 0
    for checked in verify_tree(directory):
        for difference in checked.differences:
            wrong += 1
            print(errors.printable(f"{difference.kind}: {difference.path}"))
        state = "all right" if not checked.differences else "NOT as they were"
        print(errors.printable(f"{checked.folder}: {checked.files} files, {state}"))
    if wrong:
        raise typer.Exit(EXIT_VERIFY_FAILED)


app.command("export")(export)
app.command("plot")(plot)


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    _err.print(f"dataops: warning: {message}", style="yellow", soft_wrap=True)


def main() -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("once", InsecureConnection)
            warnings.showwarning = _warn
            app()
    except (errors.DataOpsError, OSError) as error:
        _err.print(f"dataops: {error}", style="red", soft_wrap=True)
        sys.exit(next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind)))
