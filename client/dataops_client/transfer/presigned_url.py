"""Presigned URLs that are replaced before they expire or when the store rejects them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from dataops_client.errors import TransferFailed
from dataops_client.models.archives import ArchiveLink

_EXPIRY_MARGIN_SECONDS = 15.0
_MIN_REFRESH_INTERVAL_SECONDS = 1.0


class RefreshingLink:
    """Current link to an archive, shared by the workers of a download.

    Ages are measured by a monotonic clock against the lifetime that the API reported, because the
    local wall clock may be wrong.
    """

    def __init__(
        self,
        link: ArchiveLink,
        refresh: Callable[[], ArchiveLink],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._link, self._refresh, self._clock = link, refresh, clock
        self._lock = threading.Lock()
        self._received_at = clock()

    def get(self) -> ArchiveLink:
        """Return the link, requesting another one if its URL is about to expire."""
        link = self._link
        max_age = max(
            link.lifetime_seconds - _EXPIRY_MARGIN_SECONDS,
            link.lifetime_seconds / 2,
            _MIN_REFRESH_INTERVAL_SECONDS,
        )
        if self._clock() - self._received_at > max_age:
            self.replace(link)
        return self._link

    def replace(self, rejected: ArchiveLink) -> None:
        """Request a link in place of `rejected`, unless another worker has already done so.

        Raises:
            TransferFailed: The API now links to an archive with different content.
        """
        with self._lock:
            if self._link is not rejected:
                return
            link = self._refresh()
            if (link.archive_key, link.size_bytes, link.sha256) != (
                rejected.archive_key,
                rejected.size_bytes,
                rejected.sha256,
            ):
                raise TransferFailed(
                    f"{rejected.filename!r} changed during the download; start the download again"
                )
            self._link, self._received_at = link, self._clock()
