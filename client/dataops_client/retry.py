"""What is tried again, and when."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan

ATTEMPTS = 6
MIN_RETRY_AFTER_SECONDS = 0.25
"""The shortest wait that a `Retry-After` header leads to, be it 0, negative or nonsense."""
_MAX_DELAY_SECONDS = 20.0
_MAX_RETRY_AFTER_SECONDS = 60.0
RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504})
"""Statuses that may be gone at the next try."""


def backoff_delays() -> Iterator[float]:
    """Seconds to wait before each further try: growing, and different for every caller."""
    for attempt in range(ATTEMPTS - 1):
        yield random.uniform(0.5, 1.0) * min(0.25 * 2**attempt, _MAX_DELAY_SECONDS)  # noqa: S311 - spreads callers, guards nothing


def retry_after_seconds(header: str | None, default: float) -> float:
    """Return the seconds that a `Retry-After` header (seconds or a date) asks for, within reason; `default` without a header."""
    if header is None:
        return default
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError, OverflowError):
            seconds = default
    return min(
        max(default if isnan(seconds) else seconds, MIN_RETRY_AFTER_SECONDS),
        _MAX_RETRY_AFTER_SECONDS,
    )
