"""How long a call lasts whose service keeps silent, by the time-outs and pauses that it has: no test here waits for any of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from botocore.exceptions import BotoCoreError, EndpointConnectionError, ReadTimeoutError

from chalicelib.adapters.aws import retry_deadline as patience
from chalicelib.adapters.aws.clients import Clients
from chalicelib.adapters.aws.data_bucket import S3DataBucket
from chalicelib.bootstrap import build_services
from chalicelib.settings import Settings

GATEWAY_SECONDS = 29
NAMES = {"RUN_TABLE": "runs", "DATA_BUCKET": "data", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}


@dataclass
class Time:
    seconds: float = 0.0
    attempts: list[str] = field(default_factory=list)

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Time]:
    """The time that time-outs and pauses take; the pauses are the longest that botocore draws."""
    time = Time()
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=time.pass_by))
    monkeypatch.setattr("botocore.retries.standard.random.random", lambda: 1.0)
    monkeypatch.setattr(patience, "monotonic", lambda: time.seconds)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    yield time


def silent(client: Any, time: Time) -> None:
    def keep_silent(request: Any, **_: Any) -> None:
        time.attempts.append(request.method)
        time.pass_by(client.meta.config.read_timeout)
        raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register("before-send", keep_silent)


def test_two_calls_that_get_no_answer_fit_into_a_request(time: Time) -> None:
    clients = Clients.connect(Settings.from_mapping(NAMES))
    silent(clients.dynamodb, time)
    silent(clients.s3, time)
    with pytest.raises(BotoCoreError):
        clients.s3.list_objects_v2(Bucket="data")
    assert 2 * time.seconds <= GATEWAY_SECONDS
    with pytest.raises(BotoCoreError):
        clients.dynamodb.get_item(TableName="runs", Key={"pk": {"S": "a"}, "sk": {"S": "b"}})
    assert time.seconds <= GATEWAY_SECONDS
    assert len(time.attempts) == 4, "a stuck connection is worth one more attempt"


def test_archives_are_written_with_the_patience_of_writes() -> None:
    made = build_services(Settings.from_mapping(NAMES)).bucket
    assert isinstance(made, S3DataBucket)
    clients: list[Any] = [made._client, made._write_client]
    assert [client.meta.config.read_timeout for client in clients] == [5, 20]


def test_a_write_that_gets_no_answer_fits_into_a_request(time: Time) -> None:
    clients = Clients.connect(Settings.from_mapping(NAMES))
    silent(clients.s3_writes, time)
    with pytest.raises(BotoCoreError):
        clients.s3_writes.put_object(Bucket="data", Key="a", Body=b"a")
    assert time.seconds <= GATEWAY_SECONDS


def test_a_call_that_is_refused_at_once_has_three_attempts(time: Time) -> None:
    clients = Clients.connect(Settings.from_mapping(NAMES))

    def refuse(request: Any, **_: Any) -> None:
        time.attempts.append(request.method)
        raise EndpointConnectionError(endpoint_url=request.url)

    clients.s3.meta.events.register("before-send", refuse)
    with pytest.raises(EndpointConnectionError):
        clients.s3.list_objects_v2(Bucket="data")
    assert len(time.attempts) == 3
