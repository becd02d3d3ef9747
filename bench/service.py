"""The stores of the benchmark, the API on them, and the data that it reads."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.store import S3Store

from chalicelib.adapters.aws.run_repository import DynamoRunRepository
from localdev.aws_environment import (
    EMULATOR_CREDENTIALS,
    create_dynamodb_client,
    create_s3_client,
    environment_without_aws,
)
from localdev.child_process import list_descendants, start_child_process
from localdev.paths import ROOT
from localdev.stores import dynamodb_local, seaweedfs, wait_until_ready
from server.provision import create_bucket, create_table, load_data

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

TABLE, BUCKET = "bench-runs", "bench-data"
PARTITION = "RUN"
"""Partition key of the runs."""
_LOG = ROOT / ".local" / "bench.log"


@dataclass(frozen=True)
class Stores:
    """Running stores, with clients for them."""

    s3_url: str
    dynamodb_url: str
    s3: S3Client = field(init=False)
    dynamodb: DynamoDBClient = field(init=False)
    objects: S3Store = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "s3", create_s3_client(self.environment))
        object.__setattr__(self, "dynamodb", create_dynamodb_client(self.environment))
        object.__setattr__(self, "objects", open_store(self.s3_url))

    @property
    def environment(self) -> dict[str, str]:
        return {
            **EMULATOR_CREDENTIALS,
            "AWS_ENDPOINT_URL_S3": self.s3_url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb_url,
            "S3_PUBLIC_ENDPOINT": self.s3_url,
            "RUN_TABLE": TABLE,
            "DATA_BUCKET": BUCKET,
        }

    @property
    def urls(self) -> tuple[str, str]:
        return self.s3_url, self.dynamodb_url

    @property
    def runs(self) -> DynamoRunRepository:
        return DynamoRunRepository(self.dynamodb, TABLE)

    def write_objects(self, contents: dict[str, bytes]) -> None:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda item: obstore.put(self.objects, *item), contents.items()))

    def list_keys(self, prefix: str) -> list[str]:
        return [entry["path"] for page in obstore.list(self.objects, prefix) for entry in page]

    def delete(self, prefix: str) -> None:
        if keys := self.list_keys(prefix):
            obstore.delete(self.objects, keys)

    def delete_archives(self, prefix: str = "") -> None:
        """Delete the cached archives below `prefix`, and their records."""
        self.delete(f"archives/{prefix}")


@dataclass(frozen=True, slots=True)
class Service:
    """A running API."""

    url: str
    process_id: int

    def get(self, path: str, method: str = "GET") -> bytes:
        """Return the content of a response; repeat the request while an archive is built."""
        target = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=300)
        try:
            while True:
                connection.request(method, path)
                response = connection.getresponse()
                content = response.read()
                if response.status != 202:
                    break
                time.sleep(0.05)
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {content!r}")
        return content

    def post(self, path: str) -> bytes:
        return self.get(path, "POST")


def open_store(url: str) -> S3Store:
    """Return an obstore client of the bucket."""
    return S3Store(
        BUCKET,
        endpoint=url,
        access_key_id=EMULATOR_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        secret_access_key=EMULATOR_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region=EMULATOR_CREDENTIALS["AWS_DEFAULT_REGION"],
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


@contextmanager
def start_stores(data: Path) -> Iterator[Stores]:
    """Start SeaweedFS and DynamoDB Local, and load `data`."""
    with seaweedfs(EMULATOR_CREDENTIALS) as s3_url, dynamodb_local() as dynamodb_url:
        wait_until_ready(s3_url, dynamodb_url, EMULATOR_CREDENTIALS)
        stores = Stores(s3_url, dynamodb_url)
        create_table(stores.dynamodb, TABLE)
        create_bucket(stores.s3, BUCKET)
        load_data(stores.s3, BUCKET, data)
        yield stores


@contextmanager
def start_service(stores: Stores, **settings: str) -> Iterator[Service]:
    """Start the API on the stores, with further environment variables."""
    _LOG.parent.mkdir(exist_ok=True)
    before = set(list_descendants(os.getpid()))
    environment = environment_without_aws() | stores.environment | settings
    with start_child_process(
        "localdev.api_server", "--port", "0", environment=environment, log=_LOG
    ) as url:
        service = Service(url, min(set(list_descendants(os.getpid())) - before))
        service.get("/v1/generate/available?limit=1")
        yield service


@contextmanager
def start_proxied(stores: Stores) -> Iterator[Stores]:
    """Start a proxy before each store, and yield the stores behind them."""
    inherited = environment_without_aws()
    with (
        start_child_process("bench.store_proxy", stores.s3_url, environment=inherited) as s3_url,
        start_child_process(
            "bench.store_proxy", stores.dynamodb_url, environment=inherited
        ) as dynamodb_url,
    ):
        yield Stores(s3_url, dynamodb_url)


def timed(action: Callable[..., object], *arguments: object) -> float:
    """Return the duration of a call in seconds."""
    began = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - began
