"""Downloads through API and client against the baseline: first, repeated, and a whole run. Verified and extracted, each time."""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import httpx
from botocore.config import Config
from dataops_client import DataOpsClient

from localdev.child_process import child
from localdev.stores import CREDENTIALS
from server.provision import create_bucket, create_table, load

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ROUNDS = 8
_WHOLE_ROUNDS = 2
_TABLE, _BUCKET = "bench-runs", "bench-data"


@dataclass(frozen=True, slots=True)
class Row:
    """Seconds, and as a part of the baseline's seconds for the same files."""

    name: str
    seconds: float
    baseline_seconds: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.baseline_seconds


@dataclass(frozen=True, slots=True)
class Service:
    """The API, the environment that it runs in, and the store behind it."""

    api_url: str
    environment: dict[str, str]
    s3: S3Client
    bucket: str = _BUCKET

    def forget_archives(self, of: str = "") -> None:
        """Make that nothing is cached: archives without a record are none."""
        for page in self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=_BUCKET, Prefix=f"archives/{of}"
        ):
            for stored in page.get("Contents", []):
                self.s3.delete_object(Bucket=_BUCKET, Key=stored["Key"])


@contextmanager
def service(data: Path, s3_url: str, dynamodb_url: str) -> Iterator[Service]:
    """The API over these stores, with `data` loaded."""
    session = boto3.Session(
        CREDENTIALS["AWS_ACCESS_KEY_ID"],
        CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )
    s3 = session.client(
        "s3",
        endpoint_url=s3_url,
        config=Config(max_pool_connections=16, s3={"addressing_style": "path"}),
    )
    create_bucket(s3, _BUCKET)
    create_table(session.client("dynamodb", endpoint_url=dynamodb_url), _TABLE)
    load(s3, _BUCKET, data)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **CREDENTIALS,
        "AWS_ENDPOINT_URL_S3": s3_url,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
        "RUN_TABLE": _TABLE,
        "DATA_BUCKET": _BUCKET,
    }
    log = Path(".local/bench.log")
    log.parent.mkdir(exist_ok=True)
    with child("localdev.api_server", "--port", "0", environment=environment, log=log) as url:
        yield Service(url, environment, s3)


def measure(
    service: Service, baseline_url: str, nc: str, id_run: str, work: Path, store: str
) -> list[Row]:
    """Rounds take turns between ours and the baseline, so that what else the machine does meets both alike; the best of each counts."""
    times: dict[str, list[float]] = {
        name: [] for name in ("fifteen", "fresh", "baseline", "first", "repeated", "from parts")
    }
    with (
        DataOpsClient(service.api_url, timeout_seconds=300) as client,
        httpx.Client(timeout=120) as http,
    ):

        def baseline(sub_run: str) -> None:
            _baseline(http, baseline_url, nc, id_run, sub_run, work)

        def timed(name: str, action: Callable[[], object]) -> None:
            began = time.perf_counter()
            action()
            times[name].append(time.perf_counter() - began)

        if not client.available(nc).get(nc):
            client.generate(nc)
            client.augment(nc, id_run)
        sub_runs = client.status(nc, id_run).sub_runs
        whole = partial(client.download_run, nc, id_run, work / "run", force=True)
        for _ in range(_WHOLE_ROUNDS):
            service.forget_archives()
            timed("fifteen", lambda: list(map(baseline, sub_runs)))
            timed("fresh", whole)
        for sub_run in sub_runs[:_ROUNDS]:
            ours = partial(client.download, nc, id_run, sub_run, work / "ours", force=True)
            timed("baseline", partial(baseline, sub_run))
            timed("first", ours)
            timed("repeated", ours)
        for sub_run in sub_runs:
            client.link(nc, id_run, sub_run)
        for _ in range(_WHOLE_ROUNDS):
            service.forget_archives(f"{nc}/{id_run}/run/")
            timed("from parts", whole)
    best = {name: min(seconds) for name, seconds in times.items()}
    return [
        Row(f"{store}: first download of a sub-run", best["first"], best["baseline"]),
        Row(f"{store}: repeated download of a sub-run", best["repeated"], best["baseline"]),
        Row(f"{store}: whole run, nothing cached", best["fresh"], best["fifteen"]),
        Row(f"{store}: whole run, its sub-runs cached", best["from parts"], best["fifteen"]),
    ]


def _baseline(http: httpx.Client, url: str, nc: str, id_run: str, sub_run: str, work: Path) -> None:
    """What a program does with the prototype: save the ZIP, extract it."""
    folder = work / "baseline" / sub_run
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = folder / "archive.zip"
    with (
        http.stream("GET", f"{url}/v1/generate/{nc}/{id_run}/{sub_run}/download") as answer,
        archive.open("wb") as file,
    ):
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            file.write(piece)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
