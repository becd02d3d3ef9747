"""Retry policy of requests to the API and to the object store, built on `urllib3.Retry`."""

from __future__ import annotations

import urllib3
from urllib3.exceptions import InvalidHeader

RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504})
_MIN_DELAY_SECONDS = 0.25
_MAX_RETRY_AFTER_SECONDS = 60.0


class RetryPolicy(urllib3.Retry):
    """Attempts, retryable statuses, backoff and `Retry-After` of a request.

    Callers drive it with `is_retry`, `increment` and `delay_seconds`. urllib3 cannot run the
    retries itself: an attempt includes reading the body, which is limited in size (API) or resumed
    (object store). A POST is only retried if `allowed_methods` includes it, that is with an
    idempotency key.
    """

    RETRY_AFTER_STATUS_CODES = frozenset({409})  # an idempotency key that is in use

    def delay_seconds(self, retry_after: str | None = None) -> float:
        """Return the time to wait before the next attempt, given its `Retry-After` header."""
        return retry_after_seconds(retry_after, max(self.get_backoff_time(), _MIN_DELAY_SECONDS))


DEFAULT_RETRY = RetryPolicy(
    total=5,
    backoff_factor=0.25,
    backoff_jitter=0.25,
    backoff_max=20.0,
    status_forcelist=RETRYABLE_STATUSES,
    allowed_methods=frozenset({"GET"}),
)


def retry_after_seconds(header: str | None, default: float) -> float:
    """Return the delay of a `Retry-After` header (seconds or a date), limited to 0.25-60 s.

    Return `default` if the header is missing or invalid.
    """
    try:
        seconds = default if header is None else DEFAULT_RETRY.parse_retry_after(header)
    except (InvalidHeader, ValueError, OverflowError):
        seconds = default
    return min(max(seconds, _MIN_DELAY_SECONDS), _MAX_RETRY_AFTER_SECONDS)
