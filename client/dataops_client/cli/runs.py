"""Commands that schedule runs and show their status."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from dataops_client.cli.arguments import AsJson, Nc, parse_sub_runs
from dataops_client.cli.global_options import open_client
from dataops_client.cli.rows import print_json
from dataops_client.cli.run_status import print_status
from dataops_client.cli.waiting import wait_for_runs
from dataops_client.sub_run_ranges import parse_ranges

Count = Annotated[int, typer.Option("--count", min=1, help="Number of runs: all or none.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        help="Idempotency key: a repeated command with the same key, within 24 hours, prints the "
        "same runs.",
        show_default=False,
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help="Limit of --wait; exit code 5 once it is exceeded.",
        show_default=False,
    ),
]


def generate(
    context: typer.Context, nc: Nc, count: Count = 1, key: Key = None, as_json: AsJson = False
) -> None:
    """Schedule the next runs of a composition.

    Their numbers are printed. No calculation is run: the simulated executor releases files that
    exist already.
    """
    with open_client(context) as client:
        scheduled = client.generate(nc, count=count, idempotency_key=key)
    if as_json:
        print_json([asdict(run) for run in scheduled.runs])
        return
    for run in scheduled.runs:
        print(run.id_run)


def augment(
    context: typer.Context,
    nc: Nc,
    runs: Annotated[
        str, typer.Argument(metavar="RUNS", help="Run, or several: 21,22.", show_default=False)
    ],
    sub_runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SUB_RUNS",
            help="Sub-runs, such as 1-6,8; 1-14 by default.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Schedule the deformed sub-runs of runs.

    Repeating the command changes nothing.
    """
    numbers = parse_sub_runs(sub_runs, first=1) if sub_runs else None
    id_runs = parse_ranges(runs)
    with open_client(context) as client:
        found = [client.augment(nc, id_run, numbers) for id_run in id_runs]
    if as_json:
        print_json([asdict(run) for run in found])
        return
    for run in found:
        print(run.status if len(found) == 1 else f"{run.id_run}: {run.status}")


def status(
    context: typer.Context,
    nc: Nc,
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Runs, such as 21 or 21,22.", show_default=False),
    ],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all jobs are done.")] = False,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Print the outcome of each sub-run.

    Outcomes are derived from the files. RUNNING and DONE are reported by the simulated
    executor, which runs no calculation: RUNNING for JOB_RUN_TIME_SECONDS after scheduling, then
    DONE.
    """
    id_runs = parse_ranges(*runs)
    with open_client(context) as client:
        if wait:
            found = wait_for_runs(client, nc, id_runs, timeout)
        else:
            found = [client.status(nc, id_run) for id_run in id_runs]
    print_status(nc, found, as_json=as_json)
