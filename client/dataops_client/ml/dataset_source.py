"""Pulled datasets as sources of a table: their identity, and the metadata of their sub-runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dataops_client.datasets.lock import LOCK_NAME, SELECTION_NAME, DatasetLock, read_lock
from dataops_client.datasets.manifest import MANIFEST_NAME, Manifest, read_manifest
from dataops_client.ml.download_metadata import DownloadMetadata, read_download_metadata
from dataops_client.ml.errors import MalformedFile, MissingFile


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """Pulled dataset.

    Attributes:
        folder: Folder of `dataops.lock`.
        lock: Name, version, content id and known advisories.
        manifest: SHA-256 of its files by path.
        metadata: Metadata of the sub-runs by `<nc>/<id_run>/<sub_run>`.
    """

    folder: Path
    lock: DatasetLock
    manifest: Manifest
    metadata: Mapping[str, DownloadMetadata]

    def check_file(self, path: str, sha256: str) -> None:
        """Raise MalformedFile unless the file `data/...` is the one of the dataset."""
        if self.manifest.hashes.get(path) != sha256:
            raise MalformedFile(
                self.folder / path,
                f"this is not a file of {self.lock.reference}; "
                f"`dataops dataset verify {self.folder}` lists such files",
            )


def find_dataset(directory: Path) -> DatasetSource | None:
    """Return the dataset that was pulled to a folder, given the folder or its `data`.

    Raises:
        InvalidArchive: `dataops.lock` or the manifest cannot be read.
        MissingFile: The dataset has no manifest.
    """
    folders = (directory, directory.parent) if directory.name == "data" else (directory,)
    for folder in folders:
        if (folder / LOCK_NAME).is_file():
            return _read_dataset(folder, (folder / LOCK_NAME).stat().st_mtime_ns)
    return None


def read_metadata(sub_run: Path) -> DownloadMetadata:
    """Read the metadata of a sub-run, of a pulled dataset or of a download."""
    nc = sub_run.resolve().parent.parent
    source = find_dataset(nc.parent) if nc.parent.name == "data" else None
    name = sub_run.resolve().relative_to(nc.parent).as_posix()
    return (source and source.metadata.get(name)) or read_download_metadata(sub_run)


@lru_cache(maxsize=4)
def _read_dataset(folder: Path, _changed_at: int) -> DatasetSource:
    lock = read_lock(folder)
    manifest = read_manifest(folder, lock.content_id) if lock else None
    if lock is None or manifest is None:
        raise MissingFile(f"{folder} has no {MANIFEST_NAME}; repeat `dataops dataset pull`")
    return DatasetSource(folder, lock, manifest, _read_selection(folder, manifest))


def _read_selection(folder: Path, manifest: Manifest) -> dict[str, DownloadMetadata]:
    path = folder / SELECTION_NAME
    files: dict[str, set[str]] = {}
    for name in manifest.hashes:
        _, nc, id_run, sub_run, file = name.split("/", 4)
        files.setdefault(f"{nc}/{id_run}/{sub_run}", set()).add(file)
    try:
        selection = json.loads(path.read_bytes())
        missing = {
            f"{each['nc']}/{each['id_run']}/{each['sub_run']}": each.get("missing", ())
            for each in selection["sub_runs"]
        }
        values: dict[str, Any] = {
            "profile": str(selection.get("profile", "full")),
            "synthetic": selection.get("synthetic") is True,
            "license": selection.get("license"),
            "citation": selection.get("citation"),
            "soap_descriptor": selection.get("soap_descriptor"),
        }
        return {
            name: DownloadMetadata(
                files=frozenset(found), missing=frozenset(missing.get(name, ())), **values
            )
            for name, found in files.items()
        }
    except FileNotFoundError:
        raise MissingFile(f"file {path} does not exist; repeat `dataops dataset pull`") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedFile(path, f"this is not the selection of a dataset: {error!r}") from None
