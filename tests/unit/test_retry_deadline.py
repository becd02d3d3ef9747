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
from chalicelib.bootstrap import build_services
from chalicelib.domain.errors import Unavailable
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
    time_out(clients.s3, time)
    with pytest.raises(BotoCoreError):
        clients.s3.list_objects_v2(Bucket="data")
    assert 2 * time.seconds <= GATEWAY_SECONDS
    with pytest.raises(BotoCoreError):
        clients.dynamodb.get_item(TableName="runs", Key={"pk": {"S": "a"}, "sk": {"S": "b"}})
    assert time.seconds <= GATEWAY_SECONDS
    assert len(time.attempts) == 4, "a stuck connection is worth one more attempt"


def test_writes_of_archives_have_the_longer_timeout(time: Time) -> None:
    settings = Settings.from_mapping(NAMES)
    clients = Clients.connect(settings)
    for client in (clients.s3, clients.s3_writes):
        time_out(client, time)
    bucket = build_services(settings, clients).bucket
    with pytest.raises(Unavailable):
        bucket.write_archive("a.zip", iter([b"zip"]), "a.zip")
    assert DEFAULT_TIMEOUTS.write_seconds <= time.seconds <= GATEWAY_SECONDS


def test_a_write_that_times_out_fits_into_a_request(time: Time) -> None:
    clients = Clients.connect(Settings.from_mapping(NAMES))
    time_out(clients.s3_writes, time)
    with pytest.raises(BotoCoreError):
        clients.s3_writes.put_object(Bucket="data", Key="a", Body=b"a")
    assert time.seconds <= GATEWAY_SECONDS


def test_a_call_that_fails_at_once_has_three_attempts(time: Time) -> None:
    clients = Clients.connect(Settings.from_mapping(NAMES))

    def refuse(request: Any, **_: Any) -> None:
        time.attempts.append(request.method)
        raise EndpointConnectionError(endpoint_url=request.url)

    clients.s3.meta.events.register("before-send", refuse)
    with pytest.raises(EndpointConnectionError):
        clients.s3.list_objects_v2(Bucket="data")
    assert len(time.attempts) == 3
