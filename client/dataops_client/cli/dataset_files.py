"""Commands `dataops dataset` that write and verify the files of datasets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dataops_client.cli import console
from dataops_client.cli.activity import show_activity
from dataops_client.cli.arguments import AsJson
from dataops_client.cli.dataset_arguments import (
    Quiet,
    VersionOrLatest,
    build_advisories,
    print_advisories,
)
from dataops_client.cli.download import Jobs
from dataops_client.cli.exit_codes import EXIT_ADVISORY, EXIT_FAILURE, EXIT_INTERRUPTED
from dataops_client.cli.global_options import open_client
from dataops_client.cli.rows import print_json
from dataops_client.cli.run_status import format_time
from dataops_client.client import DataOpsClient
from dataops_client.datasets.folder import Activity, DatasetVerification, verify_dataset
from dataops_client.datasets.lock import DatasetLock
from dataops_client.datasets.pull import PulledDataset
from dataops_client.datasets.reference import parse_reference
from dataops_client.errors import Conflict, NotFound
from dataops_client.html_tables import format_count, format_size

Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="DIR",
        help="Folder of the dataset; NAME by default.",
        show_default=False,
    ),
]


def pull(
    context: typer.Context,
    dataset: VersionOrLatest,
    output: Output = None,
    jobs: Jobs = 4,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Download a version, and verify each of its files.

    The files are written to DIR/data/<nc>/<run>/<sub-run>/. Repeat the command to
    resume an interrupted pull, or to restore files that are missing or changed.
    DIR/dataops.lock is written last. No request is sent if DIR already contains
    the named version.
    """
    folder = output or Path(parse_reference(dataset).name)
    with _open(context, quiet=quiet or as_json) as (client, activity):
        pulled = client.pull_dataset(dataset, folder, jobs=jobs, progress=activity)
    _print_pulled(pulled, as_json=as_json, quiet=quiet)


def bag(
    context: typer.Context,
    dataset: VersionOrLatest,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of the bag.", show_default=False)
    ],
    jobs: Jobs = 4,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write a complete BagIt bag.

    It contains the files, and Croissant and DataCite metadata: what a repository such
    as Zenodo requires. DIR can also be a folder of `dataops dataset pull`.
    """
    with _open(context, quiet=quiet or as_json) as (client, activity):
        pulled = client.bag_dataset(dataset, folder, jobs=jobs, progress=activity)
    _print_pulled(pulled, as_json=as_json, quiet=quiet)


def verify(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a pulled dataset.")
    ] = Path(),
    offline: Annotated[
        bool, typer.Option("--offline", help="Send no request: known advisories only.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Verify a pulled dataset, and report its advisories.

    The files are compared with the manifest, and the manifest with the content id.
    Missing, changed and extra files are listed on standard error: exit code 1.
    With advisories, the exit code is 6. They are stored in dataops.lock, so that
    `dataops export` passes them on.
    """
    with show_activity(quiet=quiet or as_json) as activity:
        found = verify_dataset(folder, progress=activity)
    lock, deleted = found.lock, None
    if not offline:
        with open_client(context) as client:
            lock, deleted = _update_advisories(client, found)
    if as_json:
        print_json(_build_document(found, lock, deleted))
    else:
        for difference in found.differences:
            console.print_note(f"{difference.kind}: {difference.path}")
        print_advisories(lock.reference, lock.advisories)
        if deleted:
            console.print_warning(f"{lock.reference} was deleted: {deleted}")
        if not quiet:
            state = "MODIFIED" if found.differences else "OK"
            files = format_count(found.files, "file")
            print(f"{folder}: {lock.reference}, {files}, {state}, content id {lock.content_id}")
    if found.differences:
        raise typer.Exit(EXIT_FAILURE)
    if lock.advisories or deleted:
        raise typer.Exit(EXIT_ADVISORY)


@contextmanager
def _open(
    context: typer.Context, *, quiet: bool
) -> Iterator[tuple[DataOpsClient, Activity | None]]:
    """Open the client, and show progress. Exit with a hint if the block is interrupted."""
    try:
        with open_client(context) as client, show_activity(quiet=quiet) as activity:
            yield client, activity
    except KeyboardInterrupt:
        console.print_error("interrupted; repeat the command to resume the pull")
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _update_advisories(
    client: DataOpsClient, found: DatasetVerification
) -> tuple[DatasetLock, str | None]:
    """Return the lock with the present advisories, and why the version was deleted, if it was."""
    lock = found.lock
    try:
        version = client.dataset(lock.reference)
    except NotFound as error:
        if error.code == "dataset_deleted":
            return lock, str(error)
        raise NotFound(
            f"{client.url} has no dataset {lock.reference}, which was pulled from {lock.api}; "
            "use its URL (--url), or --offline"
        ) from None
    if version.content_id != lock.content_id:
        raise Conflict(
            f"{lock.reference} of {client.url} has another content id than the one that was pulled "
            f"from {lock.api}; use its URL (--url), or --offline"
        )
    if version.advisories != lock.advisories:
        lock = lock.with_advisories(version.advisories)
        with suppress(PermissionError):  # a folder that is shared by many users
            lock.write(found.folder)
    return lock, None


def _build_document(
    found: DatasetVerification, lock: DatasetLock, deleted: str | None
) -> dict[str, Any]:
    return {
        "folder": str(found.folder),
        "name": lock.name,
        "version": lock.version,
        "content_id": lock.content_id,
        "files": found.files,
        "differences": [{"kind": each.kind, "path": str(each.path)} for each in found.differences],
        "advisories": build_advisories(lock.advisories),
        "deleted": deleted,
    }


def _print_pulled(pulled: PulledDataset, *, as_json: bool, quiet: bool) -> None:
    lock = pulled.lock
    if as_json:
        document = asdict(pulled) | {"path": str(pulled.path)}
        document["lock"] |= {
            "pulled_at": format_time(lock.pulled_at),
            "advisories": build_advisories(lock.advisories),
        }
        print_json(document)
        return
    if not quiet:
        parts = [format_count(pulled.files, "file")]
        if pulled.restored:
            parts.append(
                f"{pulled.restored} written, {format_size(pulled.received_bytes)} received"
            )
        else:
            parts.append("already present" + (", no request was sent" if pulled.offline else ""))
        print(f"{pulled.path}: {lock.reference}, {', '.join(parts)}")
        console.print_note(f"content id {lock.content_id}")
    print_advisories(lock.reference, lock.advisories)
