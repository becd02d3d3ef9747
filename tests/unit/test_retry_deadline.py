"""Duration of calls to unresponsive services, computed from timeouts and pauses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from botocore.exceptions import BotoCoreError, EndpointConnectionError, ReadTimeoutError

from chalicelib.adapters.aws import retry_deadline
from chalicelib.adapters.aws.clients import DEFAULT_TIMEOUTS, Clients
from chalicelib.settings import Settings

GATEWAY_SECONDS = 29
NAMES = {"RUN_TABLE": "runs", "DATA_BUCKET": "data", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}


@dataclass
class Time:
    seconds: float = 0.0
    attempts: list[str] = field(default_factory=list)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Time]:
    """Replace the clock by one that timeouts and pauses advance.

    The pauses are the longest that botocore draws.
    """
    time = Time()
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=time.advance))
    monkeypatch.setattr("botocore.retries.standard.random.random", lambda: 1.0)
    monkeypatch.setattr(retry_deadline, "monotonic", lambda: time.seconds)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    yield time


def time_out(client: Any, time: Time) -> None:
    def wait(request: Any, **_: Any) -> None:
        time.attempts.append(request.method)
        time.advance(client.meta.config.read_timeout)
        raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register("before-send", wait)


def test_two_calls_that_time_out_fit_into_a_request(time: Time) -> None:
    clients = Clients.connect(Settings.from_mapping(NAMES))
    time_out(clients.dynamodb, time)
    for _ in range(2):
        with pytest.raises(BotoCoreError):
            clients.dynamodb.get_item(TableName="runs", Key={"pk": {"S": "a"}, "sk": {"S": "b"}})
    assert time.seconds <= GATEWAY_SECONDS
    assert len(time.attempts) == 4, "a stuck connection is worth one more attempt"


def test_the_timeouts_of_the_data_bucket_fit_into_a_request() -> None:
    timeouts = DEFAULT_TIMEOUTS
    assert timeouts.read_seconds < timeouts.last_attempt_seconds < 2 * timeouts.read_seconds
    longest_read = 2 * timeouts.read_seconds + timeouts.longest_pause_seconds
    assert 2 * longest_read <= GATEWAY_SECONDS
    assert timeouts.last_attempt_seconds < timeouts.write_seconds <= GATEWAY_SECONDS


def test_a_call_that_fails_at_once_has_three_attempts(time: Time) -> None:
    clients = Clients.connect(Settings.from_mapping(NAMES))

    def refuse(request: Any, **_: Any) -> None:
        time.attempts.append(request.method)
        raise EndpointConnectionError(endpoint_url=request.url)

    clients.dynamodb.meta.events.register("before-send", refuse)
    with pytest.raises(EndpointConnectionError):
        clients.dynamodb.list_tables()
    assert len(time.attempts) == 3
