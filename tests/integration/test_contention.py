"""Many callers at once, over HTTP.

On the emulator with its requests serialised, and on Amazon's DynamoDB Local.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config

from chalicelib.adapters.aws.idempotency_store import DynamoIdempotencyStore
from chalicelib.adapters.aws.run_repository import DynamoRunRepository
from chalicelib.adapters.local.clock import SystemClock
from chalicelib.domain.composition import NominalComposition
from chalicelib.usecases.free_run_finder import FreeRunFinder
from chalicelib.usecases.scheduling import schedule_runs
from localdev.child_process import start_child_process
from server.provision import create_table
from tests.conftest import Aws
from tests.support.fakes import FakeDataBucket

CALLERS = 64


@pytest.fixture(params=["this run's stores", "DynamoDB Local"])
def api_url(
    request: pytest.FixtureRequest,
    aws: Aws,
    aws_environment: dict[str, str],
    bucket: str,
    table: str,
) -> Iterator[str]:
    """Start the API on a bucket with runs 1-64 of Al2."""
    environment = {**os.environ, **aws_environment, "RUN_TABLE": table, "DATA_BUCKET": bucket}
    if request.param == "DynamoDB Local":
        url = request.getfixturevalue("dynamodb_local")
        environment["AWS_ENDPOINT_URL_DYNAMODB"] = url
        create_table(boto3.client("dynamodb", endpoint_url=url), table)
    for id_run in range(1, CALLERS + 1):
        aws.s3.put_object(
            Bucket=bucket, Key=f"Al2/c/md/lammps/100/{id_run}/2000/0/Al2.scf.in", Body=b"input"
        )
    with start_child_process("localdev.api_server", "--port", "0", environment=environment) as url:
        yield url


def call(method: str, url: str, body: Any = None) -> Any:
    content = json.dumps(body).encode() if body is not None else b""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(
        url, data=content if method == "POST" else None, headers=headers, method=method
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.load(response)


def test_parallel_callers_get_different_runs_without_gaps(api_url: str) -> None:
    with ThreadPoolExecutor(CALLERS) as pool:
        responses = list(
            pool.map(lambda _: call("POST", f"{api_url}/v1/generate/Al2"), range(CALLERS))
        )
    assert sorted(int(response["id_run"]) for response in responses) == list(range(1, CALLERS + 1))
    listed = call("GET", f"{api_url}/v1/generate/available")["Al2"]
    assert [run["id_run"] for run in listed] == [str(id_run) for id_run in range(1, CALLERS + 1)]


def test_parallel_augmentations_of_one_run_lose_no_sub_run(api_url: str) -> None:
    call("POST", f"{api_url}/v1/generate/Al2")
    wanted = [str(1 + number % 14) for number in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS) as pool:
        list(
            pool.map(
                lambda sub_run: call(
                    "POST", f"{api_url}/v1/generate/Al2/1/augment", {"sub_runs": [sub_run]}
                ),
                wanted,
            )
        )
    [run] = call("GET", f"{api_url}/v1/generate/available?nc=Al2")["Al2"]
    assert run["sub_runs"] == [str(sub_run) for sub_run in range(15)]


def test_64_processes_schedule_in_at_most_300_writes(dynamodb_local: str, table: str) -> None:
    """Give each caller its own services, as on Lambda, on a fake bucket.

    Only calls of the table are counted.
    """
    client = boto3.client(
        "dynamodb", endpoint_url=dynamodb_local, config=Config(max_pool_connections=CALLERS)
    )
    create_table(client, table)
    calls = Counter[str]()
    client.meta.events.register(
        "before-send", lambda request, **_: calls.update([request.headers["X-Amz-Target"].decode()])
    )
    bucket, nc = FakeDataBucket(), NominalComposition("Al2")
    for id_run in range(1, 2 * CALLERS):
        bucket.put(f"Al2/c/md/lammps/100/{id_run}/2000/0/Al2.scf.in", b"")

    def schedule(number: int) -> int:
        runs, records, clock = (
            DynamoRunRepository(client, table),
            DynamoIdempotencyStore(client, table),
            SystemClock(),
        )
        free_runs = FreeRunFinder(runs, bucket, clock)
        [run] = schedule_runs(
            nc,
            None,
            idempotency_key=f"k{number}",
            runs=runs,
            free_runs=free_runs,
            records=records,
            clock=clock,
        )
        return run.id_run

    with ThreadPoolExecutor(CALLERS) as pool:
        scheduled = list(pool.map(schedule, range(CALLERS)))
    assert sorted(scheduled) == list(range(1, CALLERS + 1))
    writes = sum(
        number
        for name, number in calls.items()
        if name.endswith(("PutItem", "UpdateItem", "DeleteItem"))
    )
    assert writes <= 300
