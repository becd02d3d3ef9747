"""Methods of `DataOpsClient` that link to and download archives."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dataops_client.api import Api, InsecureConnection, build_resource_path
from dataops_client.connections import is_loopback
from dataops_client.errors import (
    Cancelled,
    ChecksumMismatch,
    DataOpsError,
    TimedOut,
    TransferFailed,
)
from dataops_client.existing_files import FileHashes
from dataops_client.extraction import extract, matches_folder
from dataops_client.models.archives import ArchiveLink, Manifest
from dataops_client.models.fields import decode
from dataops_client.retry import retry_after_seconds
from dataops_client.run_operations import POLL_SECONDS, sleep_unless_cancelled
from dataops_client.transfer.engine import Downloader
from dataops_client.verify import list_changed_files

Progress = Callable[[int, int], None]
"""Called with a number of bytes and the size of the archive: first with the bytes that an earlier
attempt left, maybe 0, then with the bytes received since the last call."""


@dataclass(frozen=True, slots=True)
class Download:
    """Extracted archive of a sub-run or a run.

    Attributes:
        path: Folder of the files.
        link: Link to the archive, with the list of its files.
        downloaded: False if the files were already present.
        seconds: Duration.
        replaced: Files that had been changed since an earlier download and were restored.
    """

    path: Path
    link: ArchiveLink
    downloaded: bool
    seconds: float
    replaced: tuple[str, ...] = ()


class ArchiveOperations:
    """Operations on archives of sub-runs and runs."""

    _api: Api
    _downloader: Downloader

    def manifest(
        self, nc: str, id_run: str, sub_run: str | None = None, *, profile: str = "full"
    ) -> Manifest:
        """Return the content of an archive without building it.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_run: Number of the sub-run; the whole run by default.
            profile: `full`, or `essential` for the six files that training requires.

        Raises:
            NotFound: The sub-run is not scheduled or has no files.
        """
        path = f"/v1/generate/{build_resource_path(nc, id_run, sub_run)}/manifest"
        return decode(Manifest, self._api.get(path, {"profile": profile}).json())

    def link(
        self,
        nc: str,
        id_run: str,
        sub_run: str | None = None,
        *,
        profile: str = "full",
        verify: bool = False,
        timeout_seconds: float = 900,
        cancel: threading.Event | None = None,
    ) -> ArchiveLink:
        """Return a presigned link to an archive, and wait while the API builds it.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_run: Number of the sub-run; the whole run by default.
            profile: `full`, or `essential` for the six files that training requires.
            verify: Make the API read a stored archive and rebuild it if it is damaged. `cached`
                of the link is False if it was rebuilt.
            timeout_seconds: Longest time to wait for the build.
            cancel: Set by another thread to cancel the wait.

        Raises:
            NotFound: The sub-run is not scheduled or has no files.
            TimedOut: The archive was not built within `timeout_seconds`.
            Cancelled: `cancel` was set.
        """
        resource = build_resource_path(nc, id_run, sub_run)
        path = f"/v1/generate/{resource}/download"
        query = {"profile": profile} | ({"verify": "true"} if verify else {})
        deadline = time.monotonic() + timeout_seconds
        while (response := self._api.get(path, query)).status == 202:
            delay = retry_after_seconds(response.headers.get("Retry-After"), POLL_SECONDS)
            if time.monotonic() + delay > deadline:
                raise TimedOut(
                    f"the archive of {resource} was not built within {timeout_seconds:g} s"
                )
            sleep_unless_cancelled(delay, cancel)
        link = ArchiveLink.from_json(response.json(), response.get_date())
        if (
            self._api.url.startswith("https:")
            and link.download_url.startswith("http:")
            and not is_loopback(link.download_url)
        ):
            warnings.warn(
                f"{self._api.url} returns unencrypted links; others can read the files",
                InsecureConnection,
                stacklevel=2,
            )
        return link

    def download(
        self,
        nc: str,
        id_run: str,
        sub_run: str | None,
        directory: str | os.PathLike[str],
        *,
        profile: str = "full",
        force: bool = False,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> Download:
        """Download a sub-run to `directory/<nc>/<id_run>/<sub_run>/`.

        The archive is verified and extracted completely or not at all. An interrupted download is
        resumed. Nothing is downloaded if the folder already has the files that the API announces.

        Args:
            nc: Nominal composition.
            id_run: Number of the run.
            sub_run: Number of the sub-run, 0 to 14, or None for the whole run as one archive.
            directory: Folder of all downloads.
            profile: `full`, or `essential` for the six files that training requires.
            force: Download files that are already present.
            progress: Called with received bytes and the size of the archive.
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
            >>> client.download("Zr49Cu49Al2", "21", "0", "files").path
            PosixPath('files/Zr49Cu49Al2/21/0')
        """
        began = time.monotonic()
        target = self.local_path(nc, id_run, sub_run, directory)
        get_link = partial(self.link, nc, id_run, sub_run, profile=profile, cancel=cancel)
        with FileHashes(target) as hashes:
            link = get_link()
            if not force and matches_folder(target, link.files, hashes.get):
                return Download(target, link, False, time.monotonic() - began)

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
        id_run: str,
        directory: str | os.PathLike[str],
        *,
        profile: str = "full",
        force: bool = False,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> Download:
        """Download a run as one archive to `directory/<nc>/<id_run>/`, with a folder per sub-run.

        Args, results and errors are those of `download`.
        """
        return self.download(
            nc,
            id_run,
            None,
            directory,
            profile=profile,
            force=force,
            progress=progress,
            cancel=cancel,
        )

    def local_path(
        self, nc: str, id_run: str, sub_run: str | None, directory: str | os.PathLike[str]
    ) -> Path:
        """Return the folder that a sub-run, or a whole run, is extracted to."""
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
