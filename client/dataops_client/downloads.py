"""Many downloads at once: each ends by itself, and none takes the others with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from . import errors
from .models import Manifest

if TYPE_CHECKING:
    from .client import DataOpsClient, Download

Outcome = Literal["downloaded", "present", "no files", "failed"]


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """A sub-run, or where `sub_run` is None a whole run as one archive."""

    nc: str
    id_run: str
    sub_run: str | None

    def __str__(self) -> str:
        return "/".join(part for part in (self.nc, self.id_run, self.sub_run) if part is not None)


@dataclass(frozen=True, slots=True)
class Result:
    """How one ended: `download` where its files are on the disk now, `error` where it failed."""

    wanted: Wanted
    outcome: Outcome
    download: Download | None = None
    error: errors.DataOpsError | OSError | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a download would do: nothing is built or written for it.

    `present` where files of these names and sizes are there; their content is not compared. `manifest` is None where there are no files.
    """

    wanted: Wanted
    path: Path
    manifest: Manifest | None
    present: bool


Progress = Callable[[Wanted, int, int], None]
"""Called with how many more bytes of an archive are there, and how many it has; first with what an earlier try left, maybe 0."""


def scheduled(client: DataOpsClient, nc: str, id_runs: Sequence[str] | None = None) -> list[Wanted]:
    """Every scheduled sub-run of these runs of a composition; of all its runs where none is named. NotFound for a run that is not there."""
    if id_runs is not None:
        return [
            Wanted(nc, id_run, sub_run)
            for id_run in id_runs
            for sub_run in client.status(nc, id_run).sub_runs
        ]
    runs = client.available(nc).get(nc, [])
    if not runs:
        raise errors.NotFound(f"composition {nc!r} has no scheduled run")
    return [Wanted(nc, run.id_run, sub_run) for run in runs for sub_run in run.sub_runs]


def download_all(
    client: DataOpsClient,
    wanted: Sequence[Wanted],
    directory: str | os.PathLike[str],
    *,
    jobs: int = 4,
    profile: str = "full",
    force: bool = False,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Generator[Result, None, None]:
    """Download all of them, `jobs` at once, and give the results in their order. A failure of one is its own; no files are none.

    When `stop` is set, or the generator is closed (contextlib.closing, where the iteration may be given up), those that are under way
    leave what they have to the next try.
    """
    stop = stop or threading.Event()

    def one(each: Wanted) -> Result:
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
            return Result(
                each, "failed" if error.code == "sub_run_not_scheduled" else "no files", error=error
            )
        except (errors.DataOpsError, OSError) as error:
            return Result(each, "failed", error=error)
        return Result(each, "downloaded" if done.fetched else "present", done)

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


def forecasts(
    client: DataOpsClient,
    wanted: Sequence[Wanted],
    directory: str | os.PathLike[str],
    *,
    jobs: int = 4,
    profile: str = "full",
) -> list[Forecast]:
    """What `download_all` would do, by the manifests."""

    def one(each: Wanted) -> Forecast:
        path = client.place(each.nc, each.id_run, each.sub_run, directory)
        try:
            manifest = client.manifest(each.nc, each.id_run, each.sub_run, profile=profile)
        except errors.NotFound:
            return Forecast(each, path, None, False)
        present = all(_size(path / file.name) == file.size_bytes for file in manifest.files)
        return Forecast(each, path, manifest, present)

    with ThreadPoolExecutor(jobs, thread_name_prefix="manifest") as pool:
        return list(pool.map(one, wanted))


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
