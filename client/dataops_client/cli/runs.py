"""Commands that schedule runs and show their status."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from dataops_client.cli import console
from dataops_client.cli.arguments import Nc, RunNumber
from dataops_client.cli.run_status import (
    build_status_table,
    format_executor_line,
    format_outcome_line,
    format_status_json,
)
from dataops_client.client import DataOpsClient


def generate(context: typer.Context, nc: Nc) -> None:
    """Schedule the next available run of a composition and print its number.

    No calculation is run: the simulated executor releases files that already exist.
    """
    with DataOpsClient(context.obj) as client:
        print(client.generate(nc).id_run)


def augment(
    context: typer.Context,
    nc: Nc,
    run: RunNumber,
    sub_runs: Annotated[
        list[str] | None, typer.Argument(help="Numbers of sub-runs, 1 to 14; all by default.")
    ] = None,
) -> None:
    """Schedule the deformed sub-runs of a run: all of 1-14, or the given ones."""
    with DataOpsClient(context.obj) as client:
        print(client.augment(nc, run, sub_runs or None).status)


def status(
    context: typer.Context,
    nc: Nc,
    run: RunNumber,
    wait: Annotated[bool, typer.Option(help="Wait until all jobs are done.")] = False,
    timeout: Annotated[float | None, typer.Option(help="Limit of --wait in seconds.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print the outcome of each sub-run, derived from its files.

    RUNNING and DONE are reported by the simulated executor, which runs no calculation: RUNNING for
    JOB_RUN_TIME_SECONDS after scheduling, then DONE. Outcomes are those of files that already
    exist.
    """
    with DataOpsClient(context.obj) as client:
        found = client.wait(nc, run, timeout) if wait else client.status(nc, run)
    if as_json:
        print(format_status_json(nc, found))
        return
    console.build_table_console().print(build_status_table(found))
    print(f"{format_executor_line(found)}\n{format_outcome_line(found)}")


def compositions(context: typer.Context) -> None:
    """List the nominal compositions that have data."""
    with DataOpsClient(context.obj) as client:
        for nc in client.compositions():
            print(nc)


def list_runs(
    context: typer.Context,
    nc: Annotated[str | None, typer.Argument(help="Composition; all by default.")] = None,
) -> None:
    """List the scheduled runs."""
    table = Table("composition", "run", "sub-runs", "scheduled")
    with DataOpsClient(context.obj) as client:
        for name, runs in client.available(nc).items():
            for run in runs:
                scheduled = f"{run.run_scheduled_at:%Y-%m-%d %H:%M:%S}"
                table.add_row(name, run.id_run, ", ".join(run.sub_runs), scheduled)
    console.out.print(table)
