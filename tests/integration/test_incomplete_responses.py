"""Incomplete and missing responses of the stores, some of which botocore accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chalicelib.adapters.aws.clients import DEFAULT_TIMEOUTS, Timeouts
from tests.support.api import Api, serving
from tests.support.fault_proxy import STALL, SingleFault, fault_proxy

Store = Callable[[str], object]
PATHS = [
    "/v1/generate/Al2/1/status",
    "/v1/generate/available",
    "/v1/compositions",
    "/v1/generate/Al2/1/0/download",
]


@pytest.fixture(params=["truncate", "shorten", "empty", "bad gateway", STALL])
def faults(request: pytest.FixtureRequest) -> SingleFault:
    return SingleFault(request.param)


@pytest.fixture
def broken(environment: dict[str, str], faults: SingleFault) -> Iterator[Api]:
    s3, dynamodb = environment["AWS_ENDPOINT_URL_S3"], environment["AWS_ENDPOINT_URL_DYNAMODB"]
    with (
        fault_proxy(s3, faults) as s3_proxy,
        fault_proxy(dynamodb, faults) as dynamodb_proxy,
        serving(
            environment
            | {"AWS_ENDPOINT_URL_S3": s3_proxy, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_proxy},
            # tests/unit/test_retry_deadline.py tests the timeouts of production
            Timeouts(read_seconds=0.3) if faults.kind == STALL else DEFAULT_TIMEOUTS,
        ) as api,
    ):
        yield api


@pytest.mark.parametrize("path", PATHS)
def test_incomplete_and_missing_responses_are_503(
    broken: Api, faults: SingleFault, store: Store, path: str
) -> None:
    store("Al2/c/md/lammps/100/1/2000/0/a")
    faults.rate = 0.0
    broken.post("/v1/generate/Al2")
    broken.get(path)
    faults.rate = 1.0
    response = broken.call("GET", path)
    assert (response.status_code, response.headers["Content-Type"]) == (
        503,
        "application/problem+json",
    )
    assert int(response.headers["Retry-After"]) > 0
    faults.rate = 0.0
    broken.get(path)
