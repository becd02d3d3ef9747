"""Download engine: fetches an archive, resumes received data, and verifies its SHA-256."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from dataops_client.errors import ChecksumMismatch, TransferFailed
from dataops_client.models.archives import ArchiveLink
from dataops_client.transfer.config import DEFAULT_CONFIG, TransferConfig
from dataops_client.transfer.object_store import ObjectStoreClient
from dataops_client.transfer.part_file import PartFile
from dataops_client.transfer.presigned_url import RefreshingLink
from dataops_client.transfer.range_transfer import ArchiveChanged, RangeTransfer

_MAX_RESTARTS = 3

Progress = Callable[[int], None]
"""Called with the bytes that were present first, then with each number of bytes received. Numbers
are negative if data had to be discarded."""


class Downloader:
    """Downloads archives from one object store."""

    def __init__(
        self,
        store: ObjectStoreClient,
        config: TransferConfig = DEFAULT_CONFIG,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store, self._config, self._clock = store, config, clock

    def download(
        self,
        link: ArchiveLink,
        refresh: Callable[[], ArchiveLink],
        folder: Path,
        *,
        progress: Progress,
        cancel: threading.Event | None = None,
    ) -> PartFile:
        """Download an archive to a part file in `folder` and verify it.

        Data that an earlier attempt left in `folder` is resumed. Data of a failed attempt is left
        to the next one, unless it is not the data of the archive.

        Args:
            link: The archive and its presigned URL.
            refresh: Returns a link with another URL once the store rejects the URL or it expires.
            folder: Folder of the part file, created if necessary.
            progress: Called with the numbers of bytes present and received.
            cancel: Set by another thread to cancel the download.

        Returns:
            The complete part file, which no other process uses. The caller discards it.

        Raises:
            TransferFailed: All attempts without a new byte failed.
            Cancelled: `cancel` was set.
            ChecksumMismatch: The archive does not have the announced SHA-256; nothing is kept.
        """
        part = PartFile(link, folder, self._config)
        source, cancel = RefreshingLink(link, refresh, self._clock), cancel or threading.Event()
        try:
            resumed_bytes = part.present_bytes
            progress(resumed_bytes)
            try:
                self._complete(source, part, progress, cancel)
            except ChecksumMismatch:
                if not resumed_bytes:
                    raise
                # The resumed data can be damaged, for example after a power loss.
                _reset(part, progress)
                self._complete(source, part, progress, cancel)
            part.finish()
        except ChecksumMismatch:
            part.discard()
            raise
        except BaseException:
            part.release()
            raise
        return part

    def _complete(
        self, source: RefreshingLink, part: PartFile, progress: Progress, cancel: threading.Event
    ) -> None:
        """Fetch what is missing. If the archive changes, fetch all of it by one connection."""
        link = source.get()
        is_large = link.size_bytes >= self._config.multipart_threshold_bytes
        concurrency = self._config.max_concurrency if is_large else 1
        for _ in range(_MAX_RESTARTS):
            try:
                return RangeTransfer(
                    self._store, self._config, source, part, progress, cancel, concurrency
                ).run()
            except ArchiveChanged as change:
                reason, concurrency = change, 1
                _reset(part, progress)
        raise TransferFailed(f"download of {link.filename!r} failed: {reason}")


def _reset(part: PartFile, progress: Progress) -> None:
    progress(-part.present_bytes)
    part.reset()
