"""Methods of `DataOpsClient` that download archives."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dataops_client.errors import (
    Cancelled,
    ChecksumMismatch,
    DataOpsError,
    TransferFailed,
)
from dataops_client.existing_files import FileHashes
from dataops_client.extraction import check_selection, extract, matches_folder
from dataops_client.identifiers import Id, build_resource_path
from dataops_client.link_operations import BuildCallback, LinkOperations
from dataops_client.models.archives import ArchiveLink
from dataops_client.models.downloads import Download
from dataops_client.transfer.engine import Downloader
from dataops_client.verify import list_changed_files

Progress = Callable[[int, int], None]
"""Called with a number of bytes and the size of the archive: first with the bytes that an earlier
attempt left, maybe 0, then with the bytes received since the last call."""


class ArchiveOperations(LinkOperations):
    """Operations on archives of sub-runs and runs."""

    _downloader: Downloader

    def download(
        self,
        nc: str,
        id_run: Id,
        sub_run: Id | None,
        directory: str | os.PathLike[str],
        *,
        profile: str = "full",
        include: Sequence[str] = (),
        sub_runs: Id | Iterable[Id] = (),
        force: bool = False,
        progress: Progress | None = None,
        building: BuildCallback | None = None,
        cancel: threading.Event | None = None,
    ) -> Download:
        """Download a sub-run to `directory/<nc>/<id_run>/<sub_run>/`.

        The archive is verified and extracted completely or not at all. An interrupted download is
        resumed. Nothing is downloaded if the folder already has the files that the API announces.
        A selection of files does not replace a folder that has others, unless `force` is set.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_run: Number of the sub-run, 0 to 14, or None for the whole run as one archive.
            directory: Folder of all downloads.
            profile: `full`, or `essential` for the six files that training requires.
            include: Globs over file names, such as `*.vec`; all files by default.
            sub_runs: Sub-runs of a whole run; all by default.
            force: Download files that are already present, and replace those of other selections.
            progress: Called with received bytes and the size of the archive.
            building: Called with the progress while the API builds the archive.
            cancel: Set by another thread to cancel the download.

        Returns:
            The extracted files.

        Raises:
            NotFound: The sub-run is not scheduled or has no files.
            TransferFailed: The download failed; it can be resumed.
            Cancelled: `cancel` was set; the download can be resumed.
            InvalidArchive: The archive is damaged or unsafe.
            TargetNotEmpty: The folder contains other files.

        Example:
            >>> client.download("Zr49Cu49Al2", 21, 0, "files").path
            PosixPath('files/Zr49Cu49Al2/21/0')
            >>> client.download("Zr49Cu49Al2", 21, 3, "vectors", include=["*.vec"])
            Download(vectors/Zr49Cu49Al2/21/3, 1 file, 1.1 MB)
        """
        began = time.monotonic()
        target = self.local_path(nc, id_run, sub_run, directory)
        selection: dict[str, Any] = {"profile": profile, "include": include, "sub_runs": sub_runs}
        get_link = partial(
            self.link, nc, id_run, sub_run, **selection, building=building, cancel=cancel
        )
        is_selection = profile != "full" or bool(include) or bool(sub_runs)
        with FileHashes(target) as hashes:
            link = get_link()
            if not force and matches_folder(
                target, link.files, hashes.get, allow_others=is_selection
            ):
                return Download(target, link, False, time.monotonic() - began)

            if is_selection and not force:
                check_selection(target, link.files)

            def report(count: int) -> None:
                if progress:
                    progress(count, link.size_bytes)

            fetch = partial(
                self._downloader.download, folder=target.parent, progress=report, cancel=cancel
            )
            try:
                part = fetch(link, get_link)
            except Cancelled:
                raise
            except (ChecksumMismatch, TransferFailed) as error:
                link = _rebuild_archive(get_link, error)
                part = fetch(link, get_link)
            try:
                replaced = list_changed_files(target, hashes.get)
                extract(part.path, link.files, target)
            finally:
                part.discard()
        return Download(target, link, True, time.monotonic() - began, replaced)

    def download_run(
        self,
        nc: str,
        id_run: Id,
        directory: str | os.PathLike[str],
        *,
        profile: str = "full",
        include: Sequence[str] = (),
        sub_runs: Id | Iterable[Id] = (),
        force: bool = False,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> Download:
        """Download a run as one archive to `directory/<nc>/<id_run>/`, with a folder per sub-run.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            directory: Folder of all downloads.
            profile: `full`, or `essential` for the six files that training requires.
            include: Globs over file names, such as `*.vec`; all files by default.
            sub_runs: Sub-runs to download; all scheduled ones by default.
            force: Download files that are already present, and replace those of other selections.
            progress: Called with received bytes and the size of the archive.
            cancel: Set by another thread to cancel the download.

        Returns:
            The extracted files.

        Raises:
            NotFound: The run is not scheduled or has no files.
            TransferFailed: The download failed; it can be resumed.
            TargetNotEmpty: The folder contains other files.

        Example:
            >>> client.download_run("Zr49Cu49Al2", 21, "files", sub_runs=[0, 3]).path
            PosixPath('files/Zr49Cu49Al2/21')
        """
        options: dict[str, Any] = {"profile": profile, "include": include, "sub_runs": sub_runs}
        options |= {"force": force, "progress": progress, "cancel": cancel}
        return self.download(nc, id_run, None, directory, **options)

    def local_path(
        self, nc: str, id_run: Id, sub_run: Id | None, directory: str | os.PathLike[str]
    ) -> Path:
        """Return the folder that a sub-run, or a whole run, is extracted to.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_run: Number of the sub-run, or None for the whole run.
            directory: Folder of all downloads.

        Returns:
            The path, which need not exist.

        Raises:
            InvalidRequest: An identifier contains other characters than letters and digits.

        Example:
            >>> client.local_path("Zr49Cu49Al2", 21, 0, "files")
            PosixPath('files/Zr49Cu49Al2/21/0')
        """
        return Path(directory, *build_resource_path(nc, id_run, sub_run).split("/"))


def _rebuild_archive(get_link: Callable[..., ArchiveLink], error: DataOpsError) -> ArchiveLink:
    """Make the API rebuild a damaged archive. Raise `error` if the stored archive is intact."""
    try:
        link = get_link(verify=True)
    except DataOpsError as failure:
        raise error from failure
    if link.cached:
        raise error
    return link
