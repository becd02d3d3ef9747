"""Environment variables that select the stores, and boto3 clients built from them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

EMULATOR_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}
_CONFIG = Config(max_pool_connections=32, signature_version="s3v4", s3={"addressing_style": "path"})


def environment_without_aws() -> dict[str, str]:
    """Return the environment of this process without AWS credentials and settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def create_s3_client(environment: Mapping[str, str]) -> S3Client:
    """Return an S3 client for the store that `environment` selects."""
    url = environment.get("AWS_ENDPOINT_URL_S3") or environment["AWS_ENDPOINT_URL"]
    return _create_session(environment).client("s3", endpoint_url=url, config=_CONFIG)


def create_dynamodb_client(environment: Mapping[str, str]) -> DynamoDBClient:
    """Return a DynamoDB client for the store that `environment` selects."""
    url = environment.get("AWS_ENDPOINT_URL_DYNAMODB") or environment["AWS_ENDPOINT_URL"]
    return _create_session(environment).client("dynamodb", endpoint_url=url, config=_CONFIG)


def _create_session(environment: Mapping[str, str]) -> boto3.Session:
    return boto3.Session(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        environment.get("AWS_SESSION_TOKEN"),
        region_name=environment["AWS_DEFAULT_REGION"],
    )
