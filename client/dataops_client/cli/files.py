"""Commands that download and verify files."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from dataops_client import downloads
from dataops_client.cli import console
from dataops_client.cli.arguments import Nc
from dataops_client.cli.exit_codes import EXIT_FAILURE, EXIT_INTERRUPTED
from dataops_client.cli.output import DownloadReporter
from dataops_client.client import DataOpsClient
from dataops_client.downloads import DownloadTarget, list_targets
from dataops_client.errors import to_printable
from dataops_client.verify import verify as verify_folders


def download(
    context: typer.Context,
    nc: Nc,
    runs: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUNS]", help="Run, or several such as 21,22; all scheduled runs by default."
        ),
    ] = None,
    sub_runs: Annotated[
        list[str] | None,
        typer.Argument(help="Sub-runs; by default 0 of the given runs, or all without a run."),
    ] = None,
    all_sub_runs: Annotated[
        bool, typer.Option("--all", help="All scheduled sub-runs, one archive per sub-run.")
    ] = False,
    as_one_archive: Annotated[
        bool, typer.Option("--whole", help="All scheduled sub-runs, one archive per run.")
    ] = False,
    profile: Annotated[
        str, typer.Option(help="full, or essential: the six files that training requires.")
    ] = "full",
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of <nc>/<run>/<sub-run>/.")
    ] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Download files that are already present.")
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, max=32, help="Number of concurrent downloads.")
    ] = 4,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be downloaded, and its unpacked size."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per result.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Download sub-runs, verify them, and extract them to OUTPUT/<nc>/<run>/<sub-run>/.

    Files that are already present are not downloaded. To resume an interrupted download, repeat the
    command. A download does not wait for the executor's DONE. Files that were changed since an
    earlier download are restored and listed.
    """
    with DataOpsClient(context.obj) as client:
        id_runs = runs.split(",") if runs else None
        targets = _select_targets(client, nc, id_runs, sub_runs, all_sub_runs, as_one_archive)
        named = bool(runs) and not all_sub_runs
        reporter = DownloadReporter(
            console.out, console.err, as_json=as_json, quiet=quiet, named=named
        )
        if dry_run:
            results = downloads.dry_run(client, targets, output, jobs=jobs, profile=profile)
            reporter.print_dry_run(results)
            return
        options: dict[str, Any] = {"jobs": jobs, "profile": profile, "force": force}
        try:
            with (
                reporter.show_progress(targets) as progress,
                closing(
                    downloads.download_all(client, targets, output, progress=progress, **options)
                ) as downloading,
            ):
                for result in downloading:
                    reporter.add(result)
        except KeyboardInterrupt:
            console.err.print(
                "dataops: interrupted; repeat the command to resume the download", style="red"
            )
            raise typer.Exit(EXIT_INTERRUPTED) from None
    reporter.print_summary()
    if reporter.exit_code:
        raise typer.Exit(reporter.exit_code)


def _select_targets(
    client: DataOpsClient,
    nc: str,
    runs: list[str] | None,
    sub_runs: list[str] | None,
    all_sub_runs: bool,
    as_one_archive: bool,
) -> list[DownloadTarget]:
    if sub_runs and (all_sub_runs or as_one_archive or len(runs or ()) > 1):
        raise typer.BadParameter(
            "sub-runs can only be given for one run, without --all and --whole"
        )
    if as_one_archive:
        return sorted(
            {DownloadTarget(nc, target.id_run, None) for target in list_targets(client, nc, runs)},
            key=lambda target: int(target.id_run),
        )
    if runs is None or all_sub_runs:
        return list_targets(client, nc, runs)
    return [DownloadTarget(nc, run, sub_run) for run in runs for sub_run in sub_runs or ["0"]]


def verify(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that archives were extracted to.")
    ] = Path(),
) -> None:
    """Verify extracted files by size and SHA-256, without the API.

    Missing, changed and extra files are listed.
    """
    failed = False
    for result in verify_folders(directory):
        for difference in result.differences:
            print(to_printable(f"{difference.kind}: {difference.path}"))
        state = "MODIFIED" if result.differences else "OK"
        print(to_printable(f"{result.folder}: {result.files} files {state}"))
        failed |= bool(result.differences)
    if failed:
        raise typer.Exit(EXIT_FAILURE)
