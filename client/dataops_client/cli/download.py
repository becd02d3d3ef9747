"""Command `dataops download`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from dataops_client import downloads
from dataops_client.cli import console
from dataops_client.cli.arguments import parse_sub_runs
from dataops_client.cli.exit_codes import EXIT_INTERRUPTED
from dataops_client.cli.global_options import open_client
from dataops_client.cli.output import DownloadReporter
from dataops_client.cli.targets import select_targets
from dataops_client.client import DataOpsClient
from dataops_client.downloads import DownloadTarget
from dataops_client.html_tables import format_count, format_size
from dataops_client.sub_run_ranges import parse_ranges

MAX_BYTES_WITHOUT_QUESTION = 10_000_000_000

Output = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="DIR", help="Folder of <nc>/<run>/<sub-run>/."),
]
Jobs = Annotated[
    int,
    typer.Option(
        "-j", "--jobs", metavar="N", min=1, max=32, help="Number of concurrent downloads."
    ),
]
AsJsonLines = Annotated[bool, typer.Option("--json", help="Print one JSON object per result.")]
Profile = Annotated[
    str,
    typer.Option(metavar="NAME", help="full, or essential: the six files that training requires."),
]


@dataclass(frozen=True, slots=True)
class DownloadOptions:
    """Options of a download."""

    output: Path
    jobs: int = 4
    profile: str = "full"
    include: Sequence[str] = ()
    force: bool = False
    as_json: bool = False
    quiet: bool = False


def download(
    context: typer.Context,
    filters: dict[str, Any],
    nc: Annotated[
        str | None,
        typer.Argument(
            metavar="NC", help="Composition; not needed with filters.", show_default=False
        ),
    ] = None,
    runs: Annotated[
        str | None,
        typer.Argument(
            metavar="RUNS",
            help="Run, or several: 21,22; all scheduled runs by default.",
            show_default=False,
        ),
    ] = None,
    sub_runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SUB_RUNS",
            help="Sub-runs, such as 0-5,8; all scheduled ones by default.",
            show_default=False,
        ),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Files to download, such as '*.vec'; repeatable."),
    ] = None,
    profile: Profile = "full",
    as_one_archive: Annotated[
        bool, typer.Option("--whole", help="One archive per run instead of one per sub-run.")
    ] = False,
    output: Output = Path(),
    jobs: Jobs = 4,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be downloaded, and its size.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that are already present.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Do not ask before more than 10 GB.")
    ] = False,
    as_json: AsJsonLines = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print errors only.")] = False,
    _all: Annotated[bool, typer.Option("--all", hidden=True)] = False,
) -> None:
    """Download, verify and extract the files of sub-runs.

    They are written to DIR/<nc>/<run>/<sub-run>/. Files that are already present are not
    downloaded. To resume an interrupted download, repeat the command. A download does not wait
    for the executor's DONE. Files that were changed since an earlier download are restored and
    listed. The filters are those of `dataops find`.
    """
    if _all:
        console.print_warning("--all is deprecated: all sub-runs are the default")
    if sub_runs and as_one_archive:
        raise typer.BadParameter("sub-runs cannot be given together with --whole")
    options = DownloadOptions(output, jobs, profile, include or (), force, as_json, quiet)
    id_runs = parse_ranges(runs) if runs else None
    numbers = parse_sub_runs(sub_runs) if sub_runs else None
    with open_client(context) as client:
        targets = select_targets(client, nc, id_runs, numbers, filters)
        if as_one_archive:
            names = dict.fromkeys((target.nc, target.id_run) for target in targets)
            targets = [DownloadTarget(*name, None) for name in names]
        if dry_run:
            _print_dry_run(client, targets, options)
            return
        if not yes:
            _confirm_size(client, targets, options)
        run_download(client, targets, options, named=bool(numbers))


def run_download(
    client: DataOpsClient,
    targets: Sequence[DownloadTarget],
    options: DownloadOptions,
    *,
    named: bool,
) -> None:
    """Download targets and print the results. Exit with the code of the first failure.

    With `named`, a sub-run without files is a failure.
    """
    reporter = DownloadReporter(as_json=options.as_json, quiet=options.quiet, named=named)
    settings: dict[str, Any] = {
        "jobs": options.jobs,
        "profile": options.profile,
        "include": options.include,
        "force": options.force,
    }
    try:
        with (
            reporter.show_progress(targets) as bar,
            closing(
                downloads.download_all(
                    client,
                    targets,
                    options.output,
                    progress=bar.update if bar else None,
                    building=bar.show_build if bar else None,
                    **settings,
                )
            ) as downloading,
        ):
            for result in downloading:
                reporter.add(result)
    except KeyboardInterrupt:
        console.print_error("interrupted; repeat the command to resume the download")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    reporter.print_summary()
    if reporter.exit_code:
        raise typer.Exit(reporter.exit_code)


def _print_dry_run(
    client: DataOpsClient, targets: Sequence[DownloadTarget], options: DownloadOptions
) -> None:
    results = downloads.dry_run(
        client,
        targets,
        options.output,
        jobs=options.jobs,
        profile=options.profile,
        include=options.include,
    )
    reporter = DownloadReporter(as_json=options.as_json, quiet=options.quiet, named=False)
    reporter.print_dry_run(results)


def _confirm_size(
    client: DataOpsClient, targets: Sequence[DownloadTarget], options: DownloadOptions
) -> None:
    """Ask on a terminal before a large download. Exit if the response is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    runs = [DownloadTarget(nc, id_run, None) for nc, id_run, _ in targets]
    found = downloads.dry_run(
        client,
        list(dict.fromkeys(runs)),
        options.output,
        profile=options.profile,
        include=options.include,
    )
    size_bytes = sum(
        file.size_bytes
        for result in found
        for file in (result.manifest.files if result.manifest else ())
        if _contains(targets, result.target, file.name)
    )
    if size_bytes > MAX_BYTES_WITHOUT_QUESTION:
        question = (
            f"Download {format_size(size_bytes)} (unpacked) of {format_count(len(found), 'run')}?"
        )
        typer.confirm(question, abort=True, err=True)


def _contains(targets: Sequence[DownloadTarget], run: DownloadTarget, name: str) -> bool:
    """Return True if a file of a run, whose name begins with the sub-run, is downloaded."""
    return run in targets or run._replace(sub_run=name.partition("/")[0]) in targets
