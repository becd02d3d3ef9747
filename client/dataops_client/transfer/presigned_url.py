"""The URL of an archive while it is fetched: replaced before it expires, and where the storage refuses it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

from dataops_client.errors import TransferFailed
from dataops_client.models import ArchiveLink

_EARLY_SECONDS = 15.0
"""How long before a URL expires another one is asked for."""
_LEAST_SECONDS_BETWEEN_RENEWALS = 1.0


class RefreshingLink:
    """The link as it is now; of several workers that find it refused, one asks `renew` for another."""

    def __init__(self, link: ArchiveLink, renew: Callable[[], ArchiveLink]) -> None:
        self._link, self._renew = link, renew
        self._lock = threading.Lock()
        self._since = monotonic()

    def current(self) -> ArchiveLink:
        """The link, renewed early where it is about to expire; by its lifetime, for our clock may go wrong."""
        link = self._link
        age = monotonic() - self._since
        if age > max(
            link.lifetime_seconds - _EARLY_SECONDS,
            link.lifetime_seconds / 2,
            _LEAST_SECONDS_BETWEEN_RENEWALS,
        ):
            self.replace(link)
        return self._link

    def replace(self, refused: ArchiveLink) -> None:
        """Ask for another in place of `refused`, unless that was done. TransferFailed where the archive is another one now."""
        with self._lock:
            if self._link is not refused:
                return
            fresh = self._renew()
            if (fresh.archive_key, fresh.size_bytes, fresh.sha256) != (
                refused.archive_key,
                refused.size_bytes,
                refused.sha256,
            ):
                raise TransferFailed(
                    f"{refused.filename!r} changed while it was downloaded: start again"
                )
            self._link, self._since = fresh, monotonic()
