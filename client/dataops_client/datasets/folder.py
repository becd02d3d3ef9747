"""Verification of pulled datasets, without the API."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dataops_client.datasets.lock import DatasetLock, read_lock
from dataops_client.datasets.manifest import MANIFEST_NAME, Manifest, read_manifest
from dataops_client.errors import ChecksumMismatch, InvalidArchive, NotFound
from dataops_client.existing_files import hash_file, list_files
from dataops_client.html_tables import format_count
from dataops_client.verify import Difference

_THREADS = min(4, os.cpu_count() or 1)

Activity = Callable[[str, int, int], None]
"""Called with a phrase such as `checking files`, what is done, and the total."""


@dataclass(frozen=True, slots=True, repr=False)
class DatasetVerification:
    """Result for a pulled dataset: its lock, its number of files, and the differences."""

    folder: Path
    lock: DatasetLock
    files: int
    differences: tuple[Difference, ...]

    @property
    def is_complete(self) -> bool:
        """True if no file is missing or changed."""
        return all(found.kind == "extra" for found in self.differences)

    def __repr__(self) -> str:
        counts = format_count(self.files, "file"), format_count(len(self.differences), "difference")
        return f"DatasetVerification({self.folder}, {self.lock.reference}, {', '.join(counts)})"


def verify_dataset(
    directory: str | os.PathLike[str], *, progress: Activity | None = None
) -> DatasetVerification:
    """Verify a pulled dataset by its manifest and its content id. No request is sent.

    Args:
        directory: Folder that the dataset was pulled to.
        progress: Called with the number of verified files.

    Returns:
        The lock of the folder, and its missing, changed and extra files.

    Raises:
        NotFound: The folder contains no pulled dataset.
        InvalidArchive: `dataops.lock` cannot be read.

    Example:
        >>> verify_dataset("cuzr").differences
        ()
    """
    folder = Path(directory)
    lock = read_lock(folder)
    if lock is None:
        raise NotFound(
            f"{str(folder)!r} is not a complete dataset: it has no dataops.lock; "
            f"`dataops dataset pull NAME -o {folder}` completes it"
        )
    try:
        manifest = read_manifest(folder, lock.content_id)
    except (ChecksumMismatch, InvalidArchive):
        return DatasetVerification(
            folder, lock, 0, (Difference(folder / MANIFEST_NAME, "changed"),)
        )
    if manifest is None:
        return DatasetVerification(
            folder, lock, 0, (Difference(folder / MANIFEST_NAME, "missing"),)
        )
    differences = find_damage(folder, manifest, progress)
    present = {f"data/{name}" for name in list_files(folder / "data")}
    extra = sorted(present - manifest.hashes.keys())
    differences += [Difference(folder / path, "extra") for path in extra]
    return DatasetVerification(folder, lock, len(manifest.hashes), tuple(differences))


def find_damage(
    folder: Path, manifest: Manifest, progress: Activity | None = None
) -> list[Difference]:
    """Return the files of a manifest that are missing or changed."""
    found: list[Difference] = []
    total = len(manifest.hashes)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="hash") as pool:
        kinds = pool.map(
            lambda each: _check_file(folder / each[0], each[1]), manifest.hashes.items()
        )
        for done, (path, kind) in enumerate(zip(manifest.hashes, kinds, strict=True), start=1):
            if kind:
                found.append(Difference(folder / path, kind))
            if progress:
                progress("checking files", done, total)
    return found


def _check_file(path: Path, sha256: str) -> Literal["missing", "changed"] | None:
    if not path.is_file():
        return "missing"
    return None if hash_file(path) == sha256 else "changed"
