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

import boto3
import httpx
from botocore.config import Config
from dataops_client import DataOpsClient

from tools.lifeline import child
from tools.provision import create_bucket, create_table, load

from .stores import CREDENTIALS

_ROUNDS = 5
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
    api_url: str
    environment: dict[str, str]


@contextmanager
def service(data: Path, s3_url: str, dynamodb_url: str) -> Iterator[Service]:
    """The API over these stores, with `data` loaded."""
    session = boto3.Session(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
    s3 = session.client("s3", endpoint_url=s3_url, config=Config(max_pool_connections=16, s3={"addressing_style": "path"}))
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
    with child("tools.run_local", "--port", "0", "--end-with-parent", environment=environment, log=log) as url:
        yield Service(url, environment)


def measure(  # noqa: PLR0917 - one measurement, as long as it is
    service: Service, baseline_url: str, nc: str, id_run: str, work: Path, store: str
) -> list[Row]:
    """Rounds take turns between ours and the baseline, so that what else the machine does meets both alike; the best of each counts."""
    with DataOpsClient(service.api_url) as client, httpx.Client(timeout=120) as http:
        if not client.available(nc).get(nc):
            client.generate(nc)
            client.augment(nc, id_run)
        sub_runs = client.status(nc, id_run).sub_runs
        first, repeated, baseline = [], [], []
        for sub_run in sub_runs[:_ROUNDS]:
            ask_baseline = partial(_baseline, http, baseline_url, nc, id_run, sub_run, work)
            ask_ours = partial(client.download, nc, id_run, sub_run, work / "ours", force=True)
            baseline.append(_timed(ask_baseline))
            first.append(_timed(ask_ours))
            repeated.append(_timed(ask_ours))
        fifteen = sum(_timed(partial(_baseline, http, baseline_url, nc, id_run, sub_run, work)) for sub_run in sub_runs)
        # The essential profile has archives of its own: nothing of it is there yet.
        fresh = _timed(lambda: client.download_run(nc, id_run, work / "run", force=True, profile="essential"))
        for sub_run in sub_runs:
            client.link(nc, id_run, sub_run)
        from_parts = _timed(lambda: client.download_run(nc, id_run, work / "run", force=True))
    return [
        Row(f"{store}: first download of a sub-run", min(first), min(baseline)),
        Row(f"{store}: repeated download of a sub-run", min(repeated), min(baseline)),
        Row(f"{store}: whole run, nothing cached", fresh, fifteen),
        Row(f"{store}: whole run, its sub-runs cached", from_parts, fifteen),
    ]


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _baseline(http: httpx.Client, url: str, nc: str, id_run: str, sub_run: str, work: Path) -> None:  # noqa: PLR0917
    """What a program does with the prototype: save the ZIP, extract it."""
    folder = work / "baseline" / sub_run
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = folder / "archive.zip"
    with http.stream("GET", f"{url}/v1/generate/{nc}/{id_run}/{sub_run}/download") as answer, archive.open("wb") as file:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            file.write(piece)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
