"""How long a call may be tried again: a request has 29 s, and a stuck call must not take them all.

An error that comes at once (a throttled request, a reset connection) is worth three attempts; a service that keeps silent until the
time-out, with 5 s for each attempt, two: 5 s, a pause of 1 s at most, 5 s, and a pause of 2 s at most that botocore makes before it would
try again, are 13 s. So a request can meet two such calls, the one that matters and the one that tidies up after it.

NoAnswerInTime  the service was asked for long enough
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
    fmt = "no answer in {seconds:.0f} s"


def limit_retry_time(session: Session, last_attempt_seconds: float = LAST_ATTEMPT_SECONDS) -> None:
    """Raise RetryDeadlineExceeded for attempts that start later than this after the first one of their call."""

    def check_deadline(*, request: Any = None, **_: Any) -> None:
        started: float = request.context.setdefault(_STARTED, monotonic())
        elapsed_seconds = monotonic() - started
        if elapsed_seconds >= last_attempt_seconds:
            raise RetryDeadlineExceeded(seconds=elapsed_seconds)

    session.register("request-created", check_deadline)
