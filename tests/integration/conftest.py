"""The app over the stores of this run, with a small composition in the bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.api import Api, serving


@pytest.fixture
def environment(aws_environment: dict[str, str], table: str, bucket: str) -> dict[str, str]:
    return {
        "RUN_TABLE": table,
        "DATA_BUCKET": bucket,
        "JOB_RUN_TIME_SECONDS": "300",
        **aws_environment,
    }


@pytest.fixture
def api(environment: dict[str, str]) -> Iterator[Api]:
    with serving(environment) as api:
        yield api


@pytest.fixture
def store(aws: Any, bucket: str) -> Any:
    """Return a function that stores a file in the bucket, like `aws s3 sync`."""

    def put(key: str, content: bytes = b"content") -> None:
        aws.s3.put_object(Bucket=bucket, Key=key, Body=content)

    return put
