"""Many downloads at once: each ends by itself, and none takes the others with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dataops_client import errors
from dataops_client.models import Manifest

if TYPE_CHECKING:
    from dataops_client.client import DataOpsClient, Download

DownloadStatus = Literal["downloaded", "present", "no files", "failed"]


@dataclass(frozen=True, slots=True, order=True)
class DownloadTarget:
    """A sub-run, or where `sub_run` is None a whole run as one archive."""

    nc: str
    id_run: str
    sub_run: str | None

    def __str__(self) -> str:
        return "/".join(part for part in (self.nc, self.id_run, self.sub_run) if part is not None)


@dataclass(frozen=True, slots=True)
class DownloadResult:
    """How one ended: `download` where its files are on the disk now, `error` where it failed."""

    target: DownloadTarget
    status: DownloadStatus
    download: Download | None = None
    error: errors.DataOpsError | OSError | None = None


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """What a download would do: nothing is built or written for it.

    `present` where files of these names and sizes are there; their content is not compared. `manifest` is None where there are no files.
    """

    target: DownloadTarget
    path: Path
    manifest: Manifest | None
    present: bool


Progress = Callable[[DownloadTarget, int, int], None]
"""Called with how many more bytes of an archive are there, and how many it has; first with what an earlier try left, maybe 0."""


def list_targets(
    client: DataOpsClient, nc: str, id_runs: Sequence[str] | None = None
) -> list[DownloadTarget]:
    """Every scheduled sub-run of these runs of a composition; of all its runs where none is named. NotFound for a run that is not there."""
    if id_runs is not None:
        return [
            DownloadTarget(nc, id_run, sub_run)
            for id_run in id_runs
            for sub_run in client.status(nc, id_run).sub_runs
        ]
    runs = client.available(nc).get(nc, [])
    if not runs:
        raise errors.NotFound(f"composition {nc!r} has no scheduled run")
    return [DownloadTarget(nc, run.id_run, sub_run) for run in runs for sub_run in run.sub_runs]


def download_all(
    client: DataOpsClient,
    wanted: Sequence[DownloadTarget],
    directory: str | os.PathLike[str],
    *,
    jobs: int = 4,
    profile: str = "full",
    force: bool = False,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Generator[DownloadResult, None, None]:
    """Download all of them, `jobs` at once, and give the results in their order. A failure of one is its own; no files are none.

    When `stop` is set, or the generator is closed (contextlib.closing, where the iteration may be given up), those that are under way
    leave what they have to the next try.
    """
    stop = stop or threading.Event()

    def one(each: DownloadTarget) -> DownloadResult:
        report = (lambda count, total: progress(each, count, total)) if progress else None
        try:
            if each.sub_run is None:
                done = client.download_run(
                    each.nc,
                    each.id_run,
                    directory,
                    profile=profile,
                    force=force,
                    progress=report,
                    stop=stop,
                )
            else:
                done = client.download(
                    each.nc,
                    each.id_run,
                    each.sub_run,
                    directory,
                    profile=profile,
                    force=force,
                    progress=report,
                    stop=stop,
                )
        except errors.NotFound as error:
            return DownloadResult(
                each, "failed" if error.code == "sub_run_not_scheduled" else "no files", error=error
            )
        except (errors.DataOpsError, OSError) as error:
            return DownloadResult(each, "failed", error=error)
        return DownloadResult(each, "downloaded" if done.downloaded else "present", done)

    with ThreadPoolExecutor(jobs, thread_name_prefix="download") as pool:
        under_way = [pool.submit(one, each) for each in wanted]
        try:
            for future in under_way:
                while not future.done():
                    wait([future], timeout=0.2)  # wakes for Ctrl-C on every system
                if not future.cancelled():
                    yield future.result()
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def dry_run(
    client: DataOpsClient,
    wanted: Sequence[DownloadTarget],
    directory: str | os.PathLike[str],
    *,
    jobs: int = 4,
    profile: str = "full",
) -> list[DryRunResult]:
    """What `download_all` would do, by the manifests."""

    def one(each: DownloadTarget) -> DryRunResult:
        path = client.local_path(each.nc, each.id_run, each.sub_run, directory)
        try:
            manifest = client.manifest(each.nc, each.id_run, each.sub_run, profile=profile)
        except errors.NotFound:
            return DryRunResult(each, path, None, False)
        present = all(_size(path / file.name) == file.size_bytes for file in manifest.files)
        return DryRunResult(each, path, manifest, present)

    with ThreadPoolExecutor(jobs, thread_name_prefix="manifest") as pool:
        return list(pool.map(one, wanted))


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
