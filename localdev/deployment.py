"""The service on this machine: table, bucket and data in the embedded emulator, or in other stores, and the API before it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

from server.provision import create_bucket, create_table, data_files, load

from .child_process import child

_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """Where the API answers, the environment that it runs in, and how many files were loaded."""

    api_url: str
    environment: dict[str, str]
    files: int


def list_compositions(data: Path) -> list[str]:
    """Return the compositions that the folder contains. SystemExit if there are none."""
    if not data.is_dir():
        sys.exit(f"DATA_DIR={str(data)!r} is not a folder")
    found = {path.relative_to(data).parts[0] for path in data_files(data)}
    compositions = sorted(name for name in found if not name.endswith("-SOAPS"))
    if not compositions:
        sys.exit(
            f"DATA_DIR={str(data)!r} holds no composition: expected folders such as Zr49Cu49Al2/c/md/lammps/100/21/2000/0"
        )
    return compositions


@contextmanager
def stack(
    data: Path, *, port: int = 0, job_run_time_seconds: float = 300, log: Path | None = None
) -> Iterator[Stack]:
    """Everything up, and down again at the end; nothing outlives this process. The API logs to standard error, or to `log`."""
    with child("localdev.moto_server", environment=_inherited()) as url:
        stores = {
            **_CREDENTIALS,
            "AWS_ENDPOINT_URL": url,
            "RUN_TABLE": "dataops-runs",
            "DATA_BUCKET": "dataops-data",
        }
        with stack_over(
            stores, data, port=port, job_run_time_seconds=job_run_time_seconds, log=log
        ) as running:
            yield running


@contextmanager
def stack_over(
    stores: Mapping[str, str],
    data: Path,
    *,
    port: int = 0,
    job_run_time_seconds: float = 300,
    log: Path | None = None,
) -> Iterator[Stack]:
    """The same over stores that are there, as the environment variables say that lead to them, to a table and to a bucket."""
    environment = {**stores, "JOB_RUN_TIME_SECONDS": f"{job_run_time_seconds:g}"}
    arguments = ("--port", str(port))
    with ThreadPoolExecutor(1, thread_name_prefix="provision") as pool:
        loading = pool.submit(
            _provision, environment, data
        )  # while the API starts, which asks for nothing before its first request
        with child(
            "localdev.api_server", *arguments, environment=_inherited() | environment, log=log
        ) as api_url:
            yield Stack(api_url, environment, loading.result())


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def _provision(environment: Mapping[str, str], data: Path) -> int:
    session = boto3.Session(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        environment.get("AWS_SESSION_TOKEN"),
        region_name=environment["AWS_DEFAULT_REGION"],
    )

    def endpoint(service: str) -> str:
        return environment.get(f"AWS_ENDPOINT_URL_{service}") or environment["AWS_ENDPOINT_URL"]

    config = Config(
        max_pool_connections=16, signature_version="s3v4", s3={"addressing_style": "path"}
    )
    create_table(
        session.client("dynamodb", endpoint_url=endpoint("DYNAMODB"), config=config),
        environment["RUN_TABLE"],
    )
    s3 = session.client("s3", endpoint_url=endpoint("S3"), config=config)
    create_bucket(s3, environment["DATA_BUCKET"])
    uploaded, kept = load(s3, environment["DATA_BUCKET"], data)
    return uploaded + kept
