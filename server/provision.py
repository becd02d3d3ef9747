"""Makes the run table and the data bucket, and loads data: the one way that `make run`, Compose and the tests use.

    python -m server.provision --table NAME --bucket NAME [--data DIR] [--prefix PREFIX]

What is there already stays: it may be run again at any time.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

ARCHIVE_DAYS = 30
_COMPOSITION = re.compile(r"([A-Z][a-z]?[0-9]{0,3}){1,8}(-SOAPS)?", re.ASCII)
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=16,
    signature_version="s3v4",
)


def create_table(dynamodb: DynamoDBClient, table: str) -> None:
    """The run table, unless it is there; returns once it can be written to."""
    try:
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise
    dynamodb.get_waiter("table_exists").wait(
        TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def create_bucket(s3: S3Client, bucket: str) -> None:
    """The data bucket, unless it is there, with rules that remove old archives and uploads that nobody finished."""
    region = s3.meta.region_name
    try:
        if region == "us-east-1":  # which does not take its own name
            s3.create_bucket(Bucket=bucket)
        else:
            s3.create_bucket(
                Bucket=bucket,
                CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item]
            )
    except ClientError as error:
        if error.response["Error"]["Code"] not in (
            "BucketAlreadyOwnedByYou",
            "BucketAlreadyExists",
        ):
            raise
    try:
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": "archives",
                        "Status": "Enabled",
                        "Filter": {"Prefix": "archives/"},
                        "Expiration": {"Days": ARCHIVE_DAYS},
                    },
                    {
                        "ID": "uploads",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    },
                ]
            },
        )
    except ClientError as error:
        print(
            f"bucket {bucket!r}: no lifecycle rules, the store answered {error.response['Error']['Code']}"
        )


def load(s3: S3Client, bucket: str, data: Path, prefix: str = "") -> tuple[int, int]:
    """Upload `dataset.json`, if there is one, and the files of the composition folders in `data`.

    Return the number of files uploaded, and of those that were there already.
    """
    stored = {
        entry["Key"]: (entry["Size"], entry["ETag"])
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for entry in page.get("Contents", [])
    }

    def upload(path: Path) -> bool:
        key, content = prefix + path.relative_to(data).as_posix(), path.read_bytes()
        # An ETag that is not the MD5 (a store need not use it) only costs an upload.
        if stored.get(key) == (
            len(content),
            f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"',
        ):
            return False
        s3.put_object(Bucket=bucket, Key=key, Body=content)
        return True

    with ThreadPoolExecutor(max_workers=8) as pool:
        description = [path for path in [data / "dataset.json"] if path.is_file()]
        results = list(pool.map(upload, [*description, *sorted(data_files(data))]))
    return results.count(True), results.count(False)


def data_files(data: Path) -> Iterator[Path]:
    """The files that belong into the bucket: those below `<nc>/` and `<nc>-SOAPS/`."""
    for folder in data.iterdir():
        if folder.is_dir() and _COMPOSITION.fullmatch(folder.name):
            yield from (path for path in folder.rglob("*") if path.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", default=os.environ.get("RUN_TABLE"), help="default: RUN_TABLE")
    parser.add_argument(
        "--bucket", default=os.environ.get("DATA_BUCKET"), help="default: DATA_BUCKET"
    )
    parser.add_argument("--data", type=Path, help="a folder laid out as bucket keys, to be loaded")
    parser.add_argument(
        "--prefix", default=os.environ.get("DATA_PREFIX", ""), help="default: DATA_PREFIX"
    )
    arguments = parser.parse_args()
    if not arguments.table or not arguments.bucket:
        parser.error("--table and --bucket (or RUN_TABLE and DATA_BUCKET) are needed")
    create_table(boto3.client("dynamodb", config=_CONFIG), arguments.table)
    s3 = boto3.client("s3", config=_CONFIG)
    create_bucket(s3, arguments.bucket)
    print(f"run table {arguments.table!r} and data bucket {arguments.bucket!r} are there")
    if arguments.data:
        uploaded, kept = load(s3, arguments.bucket, arguments.data, arguments.prefix)
        print(f"loaded {arguments.data}: {uploaded} files uploaded, {kept} there already")


if __name__ == "__main__":
    main()
