"""The build lease of a running build, renewed by a heartbeat."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from chalicelib.domain.errors import DataOpsError, Unavailable

from .build_ports import BuildLeases
from .parallel_calls import run_later, start
from .ports import Clock

LEASE = timedelta(seconds=30)
"""Lease duration. After a crash, other callers wait at most this long."""
_HEARTBEAT_SECONDS = 2.0
"""Interval of renewals, which also store the progress. Builds that take less have none."""


class LeaseLost(Exception):
    """Another builder holds the lease, and completes the archive."""


class HeldLease:
    """A lease that this process holds, or is about to acquire.

    The builder sets `bytes_done`, the size of the files that it has packed.

    `check` waits until it is acquired; then it costs nothing and reports a loss that the heartbeat
    noticed. `confirm` must precede each write that callers can see: it renews the lease itself if
    the last renewal is older than LEASE / 3, for example because the process was suspended.
    """

    def __init__(
        self, archive_key: str, leases: BuildLeases, clock: Clock, queued_by: str | None
    ) -> None:
        self.holder = uuid.uuid4().hex
        self.bytes_done = 0
        self._archive_key = archive_key
        self._leases = leases
        self._clock = clock
        self._renewed_at = now = clock.now()
        self._lost = False
        self._acquired = start(
            lambda: leases.acquire(archive_key, self.holder, now, now + LEASE, queued_by=queued_by)
        )

    def was_acquired(self) -> bool:
        """Return True if the lease was free."""
        return self._acquired.result()

    def check(self) -> None:
        """Raise LeaseLost if the lease was not acquired, or is known to be lost."""
        if self._lost or not self.was_acquired():
            raise LeaseLost(f"another builder holds the lease of {self._archive_key!r}")

    def confirm(self) -> None:
        """Raise LeaseLost if the lease is lost; renew it if necessary."""
        self.check()
        if self._clock.now() >= self._renewed_at + LEASE / 3:
            self.renew()

    def renew(self) -> None:
        """Renew the lease. Raise LeaseLost if another builder holds it."""
        self.check()
        now = self._clock.now()
        self._lost = not self._leases.renew(
            self._archive_key, self.holder, now + LEASE, self.bytes_done
        )
        self.check()
        self._renewed_at = now


@contextmanager
def hold_lease(
    archive_key: str,
    *,
    leases: BuildLeases,
    clock: Clock,
    queued_by: str | None = None,
    heartbeat_seconds: float = _HEARTBEAT_SECONDS,
) -> Iterator[HeldLease]:
    """Hold the build lease of an archive, and renew it in the background.

    It is acquired while the caller reads what it builds from. The caller must `confirm` it before
    it writes.

    On success the lease is released without waiting for the release: callers find the archive
    before they look at the lease, which expires if the release is lost. On an error the lease is
    marked as failed with the reason.

    Raises:
        LeaseLost: Another builder holds the lease. Errors of the caller are ignored then.
    """
    lease = HeldLease(archive_key, leases, clock, queued_by)
    try:
        with _heartbeat(lease, heartbeat_seconds):
            yield lease
    except BaseException as error:
        if not lease.was_acquired():
            raise LeaseLost(f"another builder holds the lease of {archive_key!r}") from error
        reason = str(error) if isinstance(error, DataOpsError) else type(error).__name__
        leases.mark_failed(archive_key, lease.holder, reason)
        raise
    run_later(lambda: leases.release(archive_key, lease.holder))


@contextmanager
def _heartbeat(lease: HeldLease, interval_seconds: float) -> Iterator[None]:
    stopped = threading.Event()

    def renew() -> None:
        while not stopped.wait(interval_seconds):
            try:
                lease.renew()
            except LeaseLost:
                return
            except Unavailable:  # the next renewal may succeed before the lease expires
                continue

    thread = threading.Thread(target=renew, name="lease-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
