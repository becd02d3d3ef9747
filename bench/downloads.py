"""Downloads with API and client compared with the baseline: first, repeated and whole run.

Every download is verified and extracted.
"""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from dataops_client import DataOpsClient

from localdev.aws_environment import EMULATOR_CREDENTIALS, create_s3_client, environment_without_aws
from localdev.deployment import start_deployment_on

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ROUNDS = 8
_WHOLE_ROUNDS = 2
_TABLE, _BUCKET = "bench-runs", "bench-data"


@dataclass(frozen=True, slots=True)
class Row:
    """Time of a download, and of the baseline for the same files."""

    name: str
    seconds: float
    baseline_seconds: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.baseline_seconds


@dataclass(frozen=True, slots=True)
class Service:
    """A running API, its environment, and its object store."""

    api_url: str
    environment: dict[str, str]
    s3: S3Client
    bucket: str = _BUCKET

    def delete_archives(self, prefix: str = "") -> None:
        """Delete the cached archives below `prefix`, and their records."""
        for page in self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=_BUCKET, Prefix=f"archives/{prefix}"
        ):
            for stored in page.get("Contents", []):
                self.s3.delete_object(Bucket=_BUCKET, Key=stored["Key"])


@contextmanager
def start_service(data: Path, s3_url: str, dynamodb_url: str) -> Iterator[Service]:
    """Start the API on the stores, and load `data`."""
    stores = {
        **EMULATOR_CREDENTIALS,
        "AWS_ENDPOINT_URL_S3": s3_url,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
        "RUN_TABLE": _TABLE,
        "DATA_BUCKET": _BUCKET,
    }
    log = Path(".local/bench.log")
    log.parent.mkdir(exist_ok=True)
    with start_deployment_on(stores, data, log=log) as deployment:
        environment = environment_without_aws() | deployment.environment
        yield Service(deployment.api_url, environment, create_s3_client(stores))


def measure(
    service: Service, baseline_url: str, nc: str, id_run: str, work: Path, store: str
) -> list[Row]:
    """Return the best time of several rounds for each kind of download.

    Rounds of the service and of the baseline alternate, so that other load on the machine affects
    both.
    """
    times: dict[str, list[float]] = {
        name: []
        for name in (
            "baseline whole run",
            "whole run",
            "baseline",
            "first",
            "repeated",
            "cached sub-runs",
        )
    }
    with (
        DataOpsClient(service.api_url, timeout_seconds=300) as client,
        httpx.Client(timeout=120) as http,
    ):

        def baseline(sub_run: str) -> None:
            _download_from_baseline(http, baseline_url, nc, id_run, sub_run, work)

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
            service.delete_archives()
            timed("baseline whole run", lambda: list(map(baseline, sub_runs)))
            timed("whole run", whole)
        for sub_run in sub_runs[:_ROUNDS]:
            ours = partial(client.download, nc, id_run, sub_run, work / "ours", force=True)
            timed("baseline", partial(baseline, sub_run))
            timed("first", ours)
            timed("repeated", ours)
        for sub_run in sub_runs:
            client.link(nc, id_run, sub_run)
        for _ in range(_WHOLE_ROUNDS):
            service.delete_archives(f"{nc}/{id_run}/run/")
            timed("cached sub-runs", whole)
    best = {name: min(seconds) for name, seconds in times.items()}
    baseline_run = best["baseline whole run"]
    return [
        Row(f"{store}: first download of a sub-run", best["first"], best["baseline"]),
        Row(f"{store}: repeated download of a sub-run", best["repeated"], best["baseline"]),
        Row(f"{store}: whole run, nothing cached", best["whole run"], baseline_run),
        Row(f"{store}: whole run, its sub-runs cached", best["cached sub-runs"], baseline_run),
    ]


def _download_from_baseline(
    http: httpx.Client, url: str, nc: str, id_run: str, sub_run: str, work: Path
) -> None:
    """Save the ZIP archive of the prototype and extract it, as its users do."""
    folder = work / "baseline" / sub_run
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = folder / "archive.zip"
    with (
        http.stream("GET", f"{url}/v1/generate/{nc}/{id_run}/{sub_run}/download") as response,
        archive.open("wb") as file,
    ):
        response.raise_for_status()
        for chunk in response.iter_bytes():
            file.write(chunk)
    with zipfile.ZipFile(archive) as zip_file:
        zip_file.extractall(folder)
