"""Limit of the total time of one AWS call, with its retries.

API Gateway ends a request after 29 s, so a hanging call must not use all of it. Fast failures (a
throttled request, a reset connection) are attempted three times. Timeouts are attempted twice: 5
s, backoff (at most 1 s), 5 s, and the backoff before the third attempt (at most 2 s) are 13 s. A
request can contain two such calls: the failed one and the one that cleans up.

RetryDeadlineExceeded  the service did not respond in time
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError

if TYPE_CHECKING:
    from botocore.session import Session

LAST_ATTEMPT_SECONDS = 6.0
_STARTED = "dataops_started"


class RetryDeadlineExceeded(BotoCoreError):
    """The service did not respond in time."""

    fmt = "no response within {seconds:.0f} s"


def limit_retry_time(session: Session, last_attempt_seconds: float = LAST_ATTEMPT_SECONDS) -> None:
    """Raise RetryDeadlineExceeded instead of starting an attempt this long after the first."""

    def check_deadline(*, request: Any = None, **_: Any) -> None:
        started: float = request.context.setdefault(_STARTED, monotonic())
        elapsed_seconds = monotonic() - started
        if elapsed_seconds >= last_attempt_seconds:
            raise RetryDeadlineExceeded(seconds=elapsed_seconds)

    session.register("request-created", check_deadline)
