"""Pull of a dataset: resumable, and complete only once `dataops.lock` exists.

DIR/manifest-sha256.txt    written first: the folder belongs to this content
DIR/data/...               each file appears after its SHA-256 was verified
DIR/selection.json
DIR/dataops.lock           written last
DIR/.dataops/              archives in progress; deleted at the end
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dataops_client.datasets.archive_links import ArchiveLinks
from dataops_client.datasets.folder import Activity, find_damage
from dataops_client.datasets.lock import DatasetLock, read_lock, write_atomically
from dataops_client.datasets.manifest import MANIFEST_NAME, Manifest, Run, read_manifest
from dataops_client.errors import TargetNotEmpty
from dataops_client.extraction import extract_some
from dataops_client.html_tables import format_count
from dataops_client.models.archives import ArchiveLink
from dataops_client.transfer.engine import Downloader
from dataops_client.transfer.part_ownership import is_orphaned, new_owner_id

_WORK_NAME = ".dataops"


@dataclass(frozen=True, slots=True, repr=False)
class PulledDataset:
    """Pulled dataset, verified.

    Attributes:
        path: Folder of the dataset; the files are in `path/data`.
        lock: Name, version, content id and advisories.
        files: Number of files.
        restored: Number of files that were missing or changed.
        received_bytes: Size of the received archives.
        offline: True if no request was sent.
    """

    path: Path
    lock: DatasetLock
    files: int
    restored: int = 0
    received_bytes: int = 0
    offline: bool = False

    def __repr__(self) -> str:
        counts = f"{format_count(self.files, 'file')}, {self.restored} written"
        return f"PulledDataset({self.path}, {self.lock.reference}, {counts})"


def check_folder(folder: Path, content_id: str) -> None:
    """Raise TargetNotEmpty if the folder contains other data than those of this content id."""
    if folder.exists() and not folder.is_dir():
        raise TargetNotEmpty(f"{str(folder)!r} exists and is not a folder")
    lock, manifest = read_lock(folder), read_manifest(folder)
    if lock and lock.content_id != content_id:
        found = lock.reference
    elif manifest and manifest.content_id != content_id:
        found = "another dataset"
    elif not manifest and not lock and (folder / "data").exists():
        found = "a folder 'data' that is not from a dataset"
    else:
        return
    raise TargetNotEmpty(f"{str(folder)!r} contains {found}; choose another folder (--output)")


@dataclass(eq=False)
class Pull:
    """Pull of one version to one folder. Set `cancel` to stop it; the same pull continues later."""

    folder: Path
    manifest: Manifest
    links: ArchiveLinks
    downloader: Downloader
    progress: Activity | None
    cancel: threading.Event

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._total_bytes = self._received_bytes = 0

    def run(self, jobs: int) -> tuple[int, int]:
        """Write the files that are missing or changed. The first error stops all downloads.

        Returns:
            Number of files that were written, and received bytes.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / MANIFEST_NAME, self.manifest.content)
        damaged = find_damage(self.folder, self.manifest, self.progress)
        wanted: dict[Run, set[str]] = {}
        for found in damaged:
            _, nc, id_run, name = found.path.relative_to(self.folder).as_posix().split("/", 3)
            wanted.setdefault((nc, id_run), set()).add(name)
        if wanted:
            self._total_bytes = sum(self.links.get(run).size_bytes for run in wanted)
            (self.folder / _WORK_NAME).mkdir(exist_ok=True)
            self._pull_runs(wanted, jobs)
        return len(damaged), self._received_bytes

    def clean(self) -> None:
        """Delete what ended processes left of archives. Other processes continue with theirs."""
        work = self.folder / _WORK_NAME
        for path in work.iterdir() if work.is_dir() else ():
            owner = path.name.removesuffix(".json").removesuffix(".part").rpartition(".")[2]
            if is_orphaned(owner, path):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        with suppress(OSError):  # missing, or used by another process
            work.rmdir()

    def _pull_runs(self, wanted: dict[Run, set[str]], jobs: int) -> None:
        with ThreadPoolExecutor(jobs, thread_name_prefix="pull") as pool:
            futures = [pool.submit(self._pull_run, run, names) for run, names in wanted.items()]
            try:
                pending = set(futures)
                while pending:  # the timeout lets Ctrl-C interrupt the wait on every system
                    done, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
                    for future in done:
                        future.result()
            except BaseException:
                self.cancel.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _pull_run(self, run: Run, names: Iterable[str]) -> None:
        link = self.links.get(run)

        def refresh() -> ArchiveLink:
            nonlocal link
            link = self.links.get(run, link)
            return link

        work = self.folder / _WORK_NAME
        part = self.downloader.download(
            link, refresh, work, progress=self._count, cancel=self.cancel
        )
        place = work / new_owner_id()
        try:
            place.mkdir()
            extract_some(part.path, self.manifest.runs[run], set(names), place)
            target = self.folder.joinpath("data", *run)
            for name in names:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).replace(target / name)
        finally:
            shutil.rmtree(place, ignore_errors=True)
            part.discard()

    def _count(self, count: int) -> None:
        with self._lock:
            self._received_bytes += count
            if self.progress:
                self.progress("downloading", self._received_bytes, self._total_bytes)
