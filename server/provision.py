"""Creation of the run table and the data bucket, and upload of data.

    python -m server.provision --table NAME --bucket NAME [--data DIR] [--prefix PREFIX]

Existing tables, buckets and files are kept, so the command can be repeated. `make run`, Compose and
the tests use it.
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

from chalicelib.adapters.aws.stored_archives import ARCHIVE_LIFETIME
from chalicelib.domain.composition import FORMULA_PATTERN

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=16,
    signature_version="s3v4",
)


def create_table(dynamodb: DynamoDBClient, table: str) -> None:
    """Create the run table if it does not exist, and wait until it is active."""
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
    """Create the data bucket if it does not exist, and set its lifecycle rules.

    The rules delete old archives and abort incomplete uploads. A store without lifecycle rules
    causes a warning on standard output only.
    """
    region = s3.meta.region_name
    try:
        if region == "us-east-1":  # S3 rejects us-east-1 as a LocationConstraint
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
                        "Expiration": {"Days": ARCHIVE_LIFETIME.days},
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
        code = error.response["Error"]["Code"]
        print(f"bucket {bucket!r}: the store rejected the lifecycle rules: {code}")


def load_data(s3: S3Client, bucket: str, data: Path, prefix: str = "") -> tuple[int, int]:
    """Upload `dataset.json`, if it exists, and the files of the composition folders in `data`.

    Return the number of uploaded files, and of files that were already stored.
    """
    stored = {
        entry["Key"]: (entry["Size"], entry["ETag"])
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for entry in page.get("Contents", [])
    }

    def upload(path: Path) -> bool:
        key, content = prefix + path.relative_to(data).as_posix(), path.read_bytes()
        # A store may use another ETag than the MD5; the file is then uploaded again.
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
    """Yield the files that belong in the bucket: those below `<nc>/` and `<nc>-SOAPS/`."""
    for folder in data.iterdir():
        nc = folder.name.removesuffix("-SOAPS")
        if folder.is_dir() and re.fullmatch(FORMULA_PATTERN, nc, re.ASCII):
            yield from (path for path in folder.rglob("*") if path.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", default=os.environ.get("RUN_TABLE"), help="default: RUN_TABLE")
    parser.add_argument(
        "--bucket", default=os.environ.get("DATA_BUCKET"), help="default: DATA_BUCKET"
    )
    parser.add_argument("--data", type=Path, help="folder to upload, laid out like the bucket keys")
    parser.add_argument(
        "--prefix", default=os.environ.get("DATA_PREFIX", ""), help="default: DATA_PREFIX"
    )
    arguments = parser.parse_args()
    if not arguments.table or not arguments.bucket:
        parser.error("--table and --bucket (or RUN_TABLE and DATA_BUCKET) are required")
    create_table(boto3.client("dynamodb", config=_CONFIG), arguments.table)
    s3 = boto3.client("s3", config=_CONFIG)
    create_bucket(s3, arguments.bucket)
    print(f"run table {arguments.table!r} and data bucket {arguments.bucket!r} exist")
    if arguments.data:
        uploaded, kept = load_data(s3, arguments.bucket, arguments.data, arguments.prefix)
        print(f"loaded {arguments.data}: {uploaded} files uploaded, {kept} already stored")


if __name__ == "__main__":
    main()
