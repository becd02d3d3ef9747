"""Submission of background work under a lease."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from chalicelib.domain.errors import Unavailable

from .build_lease import LEASE
from .build_ports import BuilderTask, BuildLeases, BuildQueue
from .metrics import METRICS, Metric
from .ports import Clock


def submit_once(
    lease_key: str,
    create_task: Callable[[str], BuilderTask],
    description: str,
    *,
    leases: BuildLeases,
    queue: BuildQueue,
    clock: Clock,
) -> None:
    """Submit the task of a lease unless it is queued or in progress.

    The lease is acquired when the task is queued; `create_task` receives its holder.

    Unavailable reports a failure once, before the task is tried again.
    """
    now = clock.now()
    lease = leases.get(lease_key)
    if lease and lease.error is not None:
        leases.release(lease_key, lease.holder)
        raise Unavailable(f"{description} failed: {lease.error}; repeat the request to retry")
    if lease and lease.expires_at > now:
        return
    holder = uuid.uuid4().hex
    if leases.acquire(lease_key, holder, now, now + LEASE):
        try:
            queue.submit(create_task(holder))
            METRICS.add(Metric.BUILDS_QUEUED)
        except BaseException:
            leases.release(lease_key, holder)
            raise
