"""Concurrent downloads. Failures are reported per target and do not stop other downloads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dataops_client import errors
from dataops_client.client import DataOpsClient
from dataops_client.identifiers import Id, normalize_id, normalize_ids
from dataops_client.models.archives import BuildProgress, Manifest
from dataops_client.models.downloads import Download

DownloadStatus = Literal["downloaded", "present", "no files", "failed"]


class DownloadTarget(NamedTuple):
    """Sub-run to download, or a whole run as one archive if `sub_run` is None."""

    nc: str
    id_run: str
    sub_run: str | None

    def __str__(self) -> str:
        return "/".join(part for part in self if part is not None)


@dataclass(frozen=True, slots=True)
class DownloadResult:
    """Result for one target.

    `download` is set if the files are on disk (`downloaded`, `present`), `error` otherwise.
    """

    target: DownloadTarget
    status: DownloadStatus
    download: Download | None = None
    error: errors.DataOpsError | OSError | None = None


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """Content that a download of one target would have.

    `present` is True if files of these names and sizes exist; their content is not compared.
    `manifest` is None if the target has no files.
    """

    target: DownloadTarget
    path: Path
    manifest: Manifest | None
    present: bool


TargetProgress = Callable[[DownloadTarget, int, int], None]
"""Called with a target, a number of bytes and the size of its archive, as `Progress`."""
TargetBuildCallback = Callable[[DownloadTarget, BuildProgress], None]


def list_targets(
    client: DataOpsClient,
    nc: str,
    id_runs: Id | Iterable[Id] | None = None,
    *,
    outcomes: str | Iterable[str] = (),
    labels_complete: bool = False,
) -> list[DownloadTarget]:
    """Return the scheduled sub-runs of runs.

    Args:
        client: Client of the API.
        nc: Nominal composition.
        id_runs: Number of a run, or several; all scheduled runs of the composition by default.
        outcomes: Outcomes to select, such as `DONE`; any by default.
        labels_complete: Select the sub-runs in which every bond has a strength.

    Returns:
        The targets, by run and sub-run.

    Raises:
        NotFound: A run is not scheduled, or the composition has no scheduled run.

    Example:
        >>> list_targets(client, "Zr49Cu49Al2", 21, outcomes="DONE")[0]
        DownloadTarget(nc='Zr49Cu49Al2', id_run='21', sub_run='0')
    """
    allowed = {outcomes} if isinstance(outcomes, str) else set(outcomes)
    if id_runs is None and (allowed or labels_complete):
        id_runs = [target.id_run for target in _list_scheduled(client, nc)]
        id_runs = list(dict.fromkeys(id_runs))
    if id_runs is None:
        return _list_scheduled(client, nc)
    found = []
    for id_run in normalize_ids(id_runs):
        status = client.status(nc, id_run)
        for sub_run in status.sub_runs:
            outcome = status.sub_run_outcomes.get(sub_run)
            if allowed and (outcome is None or outcome.outcome not in allowed):
                continue
            if labels_complete and not (outcome and outcome.labels_complete):
                continue
            found.append(DownloadTarget(nc, id_run, sub_run))
    return found


def _list_scheduled(client: DataOpsClient, nc: str) -> list[DownloadTarget]:
    runs = client.available(nc).get(nc, [])
    if not runs:
        raise errors.NotFound(f"composition {nc!r} has no scheduled run; `dataops list` lists all")
    return [DownloadTarget(nc, run.id_run, sub_run) for run in runs for sub_run in run.sub_runs]


def download_all(
    client: DataOpsClient,
    targets: Iterable[tuple[str, Id, Id | None]],
    directory: str | os.PathLike[str],
    *,
    jobs: int = 4,
    profile: str = "full",
    include: Sequence[str] = (),
    force: bool = False,
    progress: TargetProgress | None = None,
    building: TargetBuildCallback | None = None,
    cancel: threading.Event | None = None,
) -> Generator[DownloadResult, None, None]:
    """Download targets concurrently.

    Close the generator (`contextlib.closing`) if the iteration may end early. Downloads in progress
    then stop and leave their data to the next attempt, as if `cancel` was set.

    Args:
        client: Client of the API.
        targets: Targets to download.
        directory: Folder of all downloads.
        jobs: Largest number of downloads at the same time.
        profile: `full`, or `essential` for the six files that training requires.
        include: Globs over file names, such as `*.vec`; all files by default.
        force: Download files that are already present.
        progress: Called with received bytes.
        building: Called while the API builds the archive of a target.
        cancel: Set by another thread to cancel all downloads.

    Yields:
        The results, in the order of the targets. A target without files is not a failure.

    Raises:
        InvalidRequest: A target is not a composition with numbers of a run and a sub-run.

    Example:
        >>> targets = list_targets(client, "Zr49Cu49Al2")
        >>> for result in download_all(client, targets, "files"):
        ...     print(result.target, result.status)
    """
    cancel = cancel or threading.Event()
    options: dict[str, Any] = {"profile": profile, "include": include, "force": force}

    def download(target: DownloadTarget) -> DownloadResult:
        callbacks: dict[str, Any] = {
            "progress": partial(progress, target) if progress else None,
            "building": partial(building, target) if building else None,
        }
        try:
            nc, id_run, sub_run = target
            done = client.download(
                nc, id_run, sub_run, directory, cancel=cancel, **callbacks, **options
            )
        except errors.NotFound as error:
            unscheduled = error.code == "sub_run_not_scheduled"
            return DownloadResult(target, "failed" if unscheduled else "no files", error=error)
        except (errors.DataOpsError, OSError) as error:
            return DownloadResult(target, "failed", error=error)
        return DownloadResult(target, "downloaded" if done.downloaded else "present", done)

    with ThreadPoolExecutor(jobs, thread_name_prefix="download") as pool:
        futures = [pool.submit(download, target) for target in _normalize_targets(targets)]
        try:
            for future in futures:
                while not future.done():
                    wait([future], timeout=0.2)  # returns for Ctrl-C on every system
                if not future.cancelled():
                    yield future.result()
        finally:
            cancel.set()
            pool.shutdown(wait=False, cancel_futures=True)


def dry_run(
    client: DataOpsClient,
    targets: Iterable[tuple[str, Id, Id | None]],
    directory: str | os.PathLike[str],
    *,
    jobs: int = 4,
    profile: str = "full",
    include: Sequence[str] = (),
) -> list[DryRunResult]:
    """Return what `download_all` would download. Nothing is built or written.

    Args:
        client: Client of the API.
        targets: Targets of the download.
        directory: Folder of all downloads.
        jobs: Largest number of requests at the same time.
        profile: `full`, or `essential` for the six files that training requires.
        include: Globs over file names, such as `*.vec`; all files by default.

    Returns:
        The results, in the order of the targets.

    Raises:
        AccessDenied: The token is missing or invalid.

    Example:
        >>> sum(found.manifest.size_bytes for found in dry_run(client, targets, "files"))
        22734821
    """

    def preview(target: DownloadTarget) -> DryRunResult:
        path = client.local_path(*target, directory)
        try:
            manifest = client.manifest(*target, profile=profile, include=include)
        except errors.NotFound:
            return DryRunResult(target, path, None, False)
        present = all(_size_of(path / file.name) == file.size_bytes for file in manifest.files)
        return DryRunResult(target, path, manifest, present)

    with ThreadPoolExecutor(jobs, thread_name_prefix="manifest") as pool:
        return list(pool.map(preview, _normalize_targets(targets)))


def _normalize_targets(targets: Iterable[tuple[str, Id, Id | None]]) -> list[DownloadTarget]:
    """Return targets with their numbers as texts."""
    return [
        DownloadTarget(nc, normalize_id(run), None if sub_run is None else normalize_id(sub_run))
        for nc, run, sub_run in targets
    ]


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
