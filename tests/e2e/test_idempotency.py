"""Idempotency keys over HTTP: parallel repetitions and lost responses."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from localdev.child_process import start_child_process
from server.provision import create_table
from tests.conftest import Aws
from tests.support.fault_proxy import SingleFault, fault_proxy


@pytest.fixture(params=["this run's stores", "DynamoDB Local"])
def api_url(
    request: pytest.FixtureRequest,
    aws: Aws,
    aws_environment: dict[str, str],
    bucket: str,
    table: str,
) -> Iterator[str]:
    """Start the API on a bucket with runs 1-9 of Al2."""
    environment = {**os.environ, **aws_environment, "RUN_TABLE": table, "DATA_BUCKET": bucket}
    if request.param == "DynamoDB Local":
        url = request.getfixturevalue("dynamodb_local")
        environment["AWS_ENDPOINT_URL_DYNAMODB"] = url
        create_table(boto3.client("dynamodb", endpoint_url=url), table)
    for id_run in range(1, 10):
        aws.s3.put_object(
            Bucket=bucket, Key=f"Al2/c/md/lammps/100/{id_run}/2000/0/Al2.scf.in", Body=b"input"
        )
    with start_child_process("localdev.api_server", "--port", "0", environment=environment) as url:
        yield url


def post(url: str, key: str, body: Any = None) -> bytes:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    content = b"" if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
        urllib.request.Request(url, data=content, headers=headers, method="POST"), timeout=60
    ) as response:
        content = response.read()
    return bytes(content)


def scheduled(api_url: str) -> list[str]:
    with urllib.request.urlopen(f"{api_url}/v1/generate/available", timeout=60) as response:
        return [run["id_run"] for run in json.load(response).get("Al2", [])]


@pytest.mark.parametrize("body", [None, {"count": 3}])
def test_fifty_parallel_requests_with_one_key_return_one_run(api_url: str, body: Any) -> None:
    with ThreadPoolExecutor(50) as pool:
        responses = list(
            pool.map(lambda _: post(f"{api_url}/v1/generate/Al2", "k", body), range(50))
        )
    assert responses == [responses[0]] * 50
    assert scheduled(api_url) == (["1"] if body is None else ["1", "2", "3"])


def test_a_retry_after_a_lost_response_returns_the_same_run(api_url: str) -> None:
    faults = SingleFault("lose", times=2)
    with fault_proxy(api_url, faults) as url:
        for _ in range(2):
            with pytest.raises((http.client.HTTPException, urllib.error.URLError, ConnectionError)):
                post(f"{url}/v1/generate/Al2", "k")
        response = post(f"{url}/v1/generate/Al2", "k")
    assert json.loads(response) == {"nc": "Al2", "id_run": "1", "status": "SCHEDULED"}
    assert faults.lost == [response, response]
    assert scheduled(api_url) == ["1"]


def test_without_a_key_a_lost_response_uses_up_a_run(api_url: str) -> None:
    """Show the purpose of the key, and that the proxy loses responses of completed requests."""
    with fault_proxy(api_url, SingleFault("lose", times=1)) as url:
        with pytest.raises((http.client.HTTPException, urllib.error.URLError, ConnectionError)):
            post(f"{url}/v1/generate/Al2", "first")
        assert json.loads(post(f"{url}/v1/generate/Al2", "second"))["id_run"] == "2"
