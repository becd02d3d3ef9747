"""Retry policy of the client."""

from __future__ import annotations

import pytest
from dataops_client.retry import DEFAULT_RETRY, retry_after_seconds
from urllib3.exceptions import MaxRetryError, ProtocolError


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.25),
        ("86400", 60.0),
        ("Mon, 1 Jan 2024 00:00:00 GMT", 0.25),
        ("Mon, 1 Jan 2024 0:0:0 +99999999999999999999", 0.25),
        (None, 1.5),
        ("soon", 1.5),
        ("nan", 1.5),
        ("-4", 1.5),
    ],
)
def test_retry_after_is_limited_to_a_reasonable_range(header: str | None, seconds: float) -> None:
    assert retry_after_seconds(header, 1.5) == seconds


def test_delays_grow_up_to_the_last_of_six_attempts() -> None:
    policy, delays = DEFAULT_RETRY, []
    for _ in range(5):
        policy = policy.increment("GET")
        delays.append(policy.delay_seconds())
    assert delays == sorted(delays)
    assert 7.5 <= sum(delays) <= 9.0
    with pytest.raises(MaxRetryError):
        policy.increment("GET")


@pytest.mark.parametrize(
    ("method", "status", "retry_after", "is_retried"),
    [
        ("GET", 503, False, True),
        ("GET", 404, True, False),
        ("GET", 409, False, False),
        ("GET", 409, True, True),
        ("POST", 503, True, False),
    ],
)
def test_only_retryable_statuses_of_safe_requests_are_retried(
    method: str, status: int, retry_after: bool, is_retried: bool
) -> None:
    assert bool(DEFAULT_RETRY.is_retry(method, status, retry_after)) is is_retried


def test_a_post_is_retried_after_broken_connections_only_with_a_key() -> None:
    error = ProtocolError("the connection broke off")
    with pytest.raises(ProtocolError):
        DEFAULT_RETRY.increment("POST", "/", error=error)
    assert DEFAULT_RETRY.new(allowed_methods=None).increment("POST", "/", error=error)
