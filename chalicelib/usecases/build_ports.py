"""Interfaces (ports) of builds, like those of `ports`."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chalicelib.domain.builds import BuildLease, BuildRequest
from chalicelib.domain.freezes import FreezeTask

BuilderTask = BuildRequest | FreezeTask


class BuildLeases(Protocol):
    """Leases against parallel builds of one archive. Archives are correct without them."""

    def get(self, archive_key: str) -> BuildLease | None: ...

    def acquire(
        self,
        archive_key: str,
        holder: str,
        now: datetime,
        expires_at: datetime,
        *,
        queued_by: str | None = None,
    ) -> bool:
        """Acquire the lease with a single conditional write.

        Succeeds if the lease is free, expired, marked as failed, or held by `holder` or
        `queued_by`. `started_at` is kept if it exists: callers have been waiting since then.
        """

    def renew(self, archive_key: str, holder: str, expires_at: datetime, bytes_done: int) -> bool:
        """Extend the lease. Return False if `holder` does not hold it any more."""

    def release(self, archive_key: str, holder: str) -> None:
        """Delete the lease if `holder` holds it."""

    def mark_failed(self, archive_key: str, holder: str, error: str) -> None:
        """Store the reason of a failed build, which is reported to the next caller."""


class BuildQueue(Protocol):
    """Background work that takes longer than a request may last."""

    def submit(self, task: BuilderTask) -> None:
        """Execute the task at least once, outside the current HTTP request.

        By `usecases.archives.run_build`, or `usecases.freezing.run_freeze`.
        """
