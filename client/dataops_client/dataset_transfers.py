"""Methods of `DataOpsClient` that pull datasets and write bags."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

from dataops_client.dataset_operations import DatasetOperations
from dataops_client.datasets.archive_links import ArchiveLinks, parse_archive
from dataops_client.datasets.bag import DOCUMENTS, write_bag
from dataops_client.datasets.folder import Activity, verify_dataset
from dataops_client.datasets.lock import SELECTION_NAME, DatasetLock, read_lock, write_atomically
from dataops_client.datasets.manifest import Run, parse_manifest
from dataops_client.datasets.pull import Pull, PulledDataset, check_folder
from dataops_client.datasets.reference import parse_reference
from dataops_client.errors import UnexpectedResponse
from dataops_client.models.archives import ArchiveLink
from dataops_client.models.datasets import DatasetVersion
from dataops_client.models.fields import get_field
from dataops_client.transfer.engine import Downloader

_MAX_PAGES = 10_000


class DatasetTransfers(DatasetOperations):
    """Operations that write the files of datasets."""

    _downloader: Downloader

    def pull_dataset(
        self,
        reference: str,
        directory: str | os.PathLike[str],
        *,
        jobs: int = 4,
        progress: Activity | None = None,
        cancel: threading.Event | None = None,
    ) -> PulledDataset:
        """Download a version of a dataset to `directory/data/<nc>/<id_run>/<sub_run>/`.

        Each file is verified by the manifest, and the manifest by the content id. An interrupted
        pull is resumed, and files that are missing or changed are restored. `dataops.lock` is
        written last: a folder without it is not complete. If the folder already contains the named
        version, complete and unchanged, no request is sent.

        Args:
            reference: `NAME@VERSION`, or `NAME` for the latest version.
            directory: Folder of the dataset.
            jobs: Largest number of archives that are downloaded at the same time.
            progress: Called with a phrase, what is done, and the total: files while they are
                checked, bytes while archives are downloaded.
            cancel: Set by another thread to cancel the pull.

        Returns:
            The pulled dataset.

        Raises:
            NotFound: The version does not exist, or was deleted.
            TargetNotEmpty: The folder contains another dataset or other data.
            TransferFailed: A download failed; the pull can be resumed.
            Cancelled: `cancel` was set; the pull can be resumed.
            ChecksumMismatch: A file is not the one of the manifest.
            InvalidArchive: An archive is damaged or unsafe.

        Example:
            >>> client.pull_dataset("cuzr@1.2.0", "cuzr")
            PulledDataset(cuzr, cuzr@1.2.0, 403 files, 403 written)
        """
        folder, wanted = Path(directory), parse_reference(reference)
        lock = read_lock(folder)
        if lock and lock.reference == str(wanted):
            found = verify_dataset(folder, progress=progress)
            if found.is_complete:
                return PulledDataset(folder, lock, found.files, offline=True)
        version = self.dataset(str(wanted))
        check_folder(folder, version.content_id)
        manifest = parse_manifest(
            self.dataset_document(version.reference, "manifest"), version.content_id
        )
        selection = self.dataset_document(version.reference, "selection")
        links = ArchiveLinks(lambda: self._list_archives(version))
        pull = Pull(
            folder, manifest, links, self._downloader, progress, cancel or threading.Event()
        )
        restored, received_bytes = pull.run(jobs)
        write_atomically(folder / SELECTION_NAME, selection)
        pull.clean()
        lock = DatasetLock.of(version, self._api.url)
        lock.write(folder)
        return PulledDataset(folder, lock, len(manifest.hashes), restored, received_bytes)

    def bag_dataset(
        self,
        reference: str,
        directory: str | os.PathLike[str],
        *,
        jobs: int = 4,
        progress: Activity | None = None,
        cancel: threading.Event | None = None,
    ) -> PulledDataset:
        """Pull a version, and add what makes its folder a complete BagIt 1.0 bag.

        The bag contains Croissant and DataCite metadata and the dataset card, and can be uploaded
        to a repository such as Zenodo.

        Args:
            reference: `NAME@VERSION`, or `NAME` for the latest version.
            directory: Folder of the bag.
            jobs: Largest number of archives that are downloaded at the same time.
            progress: Called as by `pull_dataset`.
            cancel: Set by another thread to cancel the pull.

        Returns:
            The pulled dataset.

        Raises:
            NotFound: The version does not exist, or was deleted.
            TargetNotEmpty: The folder contains another dataset or other data.
            TransferFailed: A download failed; repeat the call to resume.

        Example:
            >>> client.bag_dataset("cuzr@1.2.0", "bag").path
            PosixPath('bag')
        """
        pulled = self.pull_dataset(
            reference, directory, jobs=jobs, progress=progress, cancel=cancel
        )
        exact = pulled.lock.reference
        documents = {
            name: self.dataset_document(exact, document) for name, document in DOCUMENTS.items()
        }
        write_bag(pulled.path, self.dataset(exact), documents)
        return pulled

    def _list_archives(self, version: DatasetVersion) -> Mapping[Run, ArchiveLink]:
        path = f"{parse_reference(version.reference).path}/download"
        query: dict[str, str] | None = {"limit": "1000"}
        links: dict[Run, ArchiveLink] = {}
        for _ in range(_MAX_PAGES):
            response = self._api.get(path, query)
            date = response.get_date()
            for body in get_field(response.json(), "archives", list):
                run, link = parse_archive(body, date)
                links[run] = link
            query = response.get_next_query()
            if query is None:
                return links
        raise UnexpectedResponse(f"the list of archives has no end; {_MAX_PAGES} pages were read")
