"""The service on this machine: the embedded emulator with table, bucket and data, and the API before it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

from .lifeline import child
from .provision import create_bucket, create_table, load

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True, slots=True)
class Stack:
    """Where it answers, the environment that the API runs in, and how many files were loaded."""

    api_url: str
    aws_url: str
    environment: dict[str, str]
    files: int


@contextmanager
def stack(data: Path, *, port: int = 0, job_run_time_seconds: float = 300, log: Path | None = None) -> Iterator[Stack]:
    """Everything up, and down again at the end; nothing outlives this process. The API logs to standard error, or to `log`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with child("tools.emulator", environment=inherited) as aws_url:
        environment = {
            **_CREDENTIALS,
            "AWS_ENDPOINT_URL": aws_url,
            "RUN_TABLE": "dataops-runs",
            "DATA_BUCKET": "dataops-data",
            "JOB_RUN_TIME_SECONDS": f"{job_run_time_seconds:g}",
            **_descriptor(data),
        }
        arguments = ("--port", str(port), "--end-with-parent")
        with ThreadPoolExecutor(1, thread_name_prefix="provision") as pool:
            loading = pool.submit(_provision, environment, data)  # while the API starts, which asks for nothing before its first request
            with child("tools.run_local", *arguments, environment=inherited | environment, log=log) as api_url:
                yield Stack(api_url, aws_url, environment, loading.result())


def _descriptor(data: Path) -> dict[str, str]:
    """What the SOAP vectors in `data` were computed with, where a file beside them says so."""
    told = data / "soap-descriptor.txt"
    return {"SOAP_DESCRIPTOR": told.read_text().strip()} if told.is_file() and not os.environ.get("SOAP_DESCRIPTOR") else {}


def _provision(environment: dict[str, str], data: Path) -> int:
    session = boto3.Session("test", "test", region_name=environment["AWS_DEFAULT_REGION"])
    endpoint, config = environment["AWS_ENDPOINT_URL"], Config(max_pool_connections=16)
    create_table(session.client("dynamodb", endpoint_url=endpoint, config=config), environment["RUN_TABLE"])
    s3 = session.client("s3", endpoint_url=endpoint, config=config)
    create_bucket(s3, environment["DATA_BUCKET"])
    uploaded, kept = load(s3, environment["DATA_BUCKET"], data)
    return uploaded + kept
