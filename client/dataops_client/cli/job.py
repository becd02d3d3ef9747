"""Command `dataops run`: the whole job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dataops_client.cli import console
from dataops_client.cli.arguments import Nc
from dataops_client.cli.download import (
    AsJsonLines,
    DownloadOptions,
    Jobs,
    Output,
    Profile,
    run_download,
)
from dataops_client.cli.global_options import open_client
from dataops_client.cli.run_status import format_summary
from dataops_client.cli.runs import Count, Key, Timeout
from dataops_client.cli.waiting import wait_for_runs
from dataops_client.downloads import list_targets
from dataops_client.sub_run_ranges import format_ranges


def run(
    context: typer.Context,
    nc: Nc,
    count: Count = 1,
    key: Key = None,
    augment: Annotated[
        bool, typer.Option("--augment", help="Schedule the sub-runs 1-14 as well.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until all jobs are done, then download.")
    ] = False,
    timeout: Timeout = None,
    output: Output = Path(),
    jobs: Jobs = 4,
    profile: Profile = "full",
    as_json: AsJsonLines = False,
) -> None:
    """Schedule runs, wait and download their files.

    One command for generate, augment, status --wait and download. With --key, a repeated
    command continues with the same runs.
    """
    options = DownloadOptions(output, jobs, profile, as_json=as_json)
    with open_client(context) as client:
        scheduled = client.generate(nc, count=count, idempotency_key=key)
        id_runs = [each.id_run for each in scheduled.runs]
        console.print_note(f"scheduled {nc} {format_ranges(id_runs)}")
        if augment:
            for id_run in id_runs:
                client.augment(nc, id_run)
        if wait:
            for status in wait_for_runs(client, nc, id_runs, timeout):
                console.print_note(format_summary(status))
        run_download(client, list_targets(client, nc, id_runs), options, named=False)
