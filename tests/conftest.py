"""Fixtures for all tests.

The stores, which are those of AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_DYNAMODB or the embedded
emulator.

Every test gets its own table and bucket, so that tests run side by side, on shared stores too.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from localdev import stores
from localdev.aws_environment import (
    EMULATOR_CREDENTIALS,
    create_dynamodb_client,
    create_s3_client,
)
from localdev.child_process import start_child_process
from localdev.stores import MissingProgram
from server.provision import create_bucket, create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_GIVEN = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
_EXTERNAL = bool(_GIVEN.get("AWS_ENDPOINT_URL_S3") and _GIVEN.get("AWS_ENDPOINT_URL_DYNAMODB"))

# Without explicit endpoints, no test may reach an AWS account of the user: drop its credentials.
for _name in _GIVEN if not _EXTERNAL else ():
    del os.environ[_name]
os.environ.update(
    {name: value for name, value in EMULATOR_CREDENTIALS.items() if name not in os.environ}
)


@dataclass(frozen=True, slots=True)
class Aws:
    """Clients of the stores, to prepare data and check results."""

    s3: S3Client
    dynamodb: DynamoDBClient


@pytest.fixture(scope="session")
def aws_environment() -> Iterator[dict[str, str]]:
    """Return the environment variables of the stores: endpoints, credentials, region."""
    if _EXTERNAL:
        yield {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        return
    with start_child_process("localdev.moto_server", environment=dict(os.environ)) as url:
        yield {**EMULATOR_CREDENTIALS, "AWS_ENDPOINT_URL_S3": url, "AWS_ENDPOINT_URL_DYNAMODB": url}


@pytest.fixture(scope="session")
def aws(aws_environment: dict[str, str]) -> Aws:
    return Aws(create_s3_client(aws_environment), create_dynamodb_client(aws_environment))


@pytest.fixture
def bucket(aws: Aws) -> Iterator[str]:
    """Create an empty data bucket and return its name."""
    name = f"dataops-test-{uuid.uuid4().hex}"
    create_bucket(aws.s3, name)
    yield name
    remove_bucket(aws, name)


def remove_bucket(aws: Aws, name: str) -> None:
    for page in aws.s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for stored in page.get("Contents", []):
            aws.s3.delete_object(Bucket=name, Key=stored["Key"])
    aws.s3.delete_bucket(Bucket=name)


@pytest.fixture
def table(aws: Aws) -> Iterator[str]:
    """Create an empty run table and return its name."""
    name = f"dataops-test-{uuid.uuid4().hex}"
    create_table(aws.dynamodb, name)
    yield name
    aws.dynamodb.delete_table(TableName=name)


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """Start Amazon's DynamoDB Local, in memory, and return its URL."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(stores.dynamodb_local())
        except MissingProgram as missing:
            pytest.skip(str(missing))


_MARKERS = {
    "aws_environment": pytest.mark.stores,
    "dynamodb_local": pytest.mark.stores,
    "dev_package": pytest.mark.package,
    "prod_package": pytest.mark.package,
    "browser": pytest.mark.browser,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the expensive fixtures that they use."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if marker := _MARKERS.get(fixture):
                item.add_marker(marker)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was skipped, and how to install what is missing."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"skipped {count}: {reason}")


def pytest_report_header() -> str:
    stores_used = (
        "those of AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL_DYNAMODB"
        if _EXTERNAL
        else "the embedded emulator"
    )
    return f"stores: {stores_used}; Python {sys.version.split()[0]}"
