"""The API as a process of its own, over the stores of this run."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from localdev.deployment import LocalDeployment, start_deployment_on
from localdev.paths import ROOT
from tests.conftest import Aws, remove_bucket

SampleStack = Callable[..., AbstractContextManager[LocalDeployment]]


@pytest.fixture(scope="session")
def sample_stack(aws: Aws, aws_environment: dict[str, str]) -> SampleStack:
    """Start the API with the sample data in a bucket and table of its own."""

    @contextmanager
    def made(job_run_time_seconds: float = 1) -> Iterator[LocalDeployment]:
        table, bucket = (f"dataops-test-{uuid.uuid4().hex}" for _ in range(2))
        stores = aws_environment | {"RUN_TABLE": table, "DATA_BUCKET": bucket}
        try:
            with start_deployment_on(
                stores, ROOT / "data", job_run_time_seconds=job_run_time_seconds
            ) as running:
                yield running
        finally:
            remove_bucket(aws, bucket)
            aws.dynamodb.delete_table(TableName=table)

    return made
