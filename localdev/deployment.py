"""Local deployments: the API as a child process, on the embedded emulator or on other stores."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.provision import create_bucket, create_table, data_files, load_data

from .aws_environment import (
    EMULATOR_CREDENTIALS,
    create_dynamodb_client,
    create_s3_client,
    environment_without_aws,
)
from .child_process import start_child_process


@dataclass(frozen=True, slots=True)
class LocalDeployment:
    """Address of a running API, the variables that it was started with, and the number of files."""

    api_url: str
    environment: dict[str, str]
    files: int


def list_compositions(data: Path) -> list[str]:
    """Return the compositions that the folder contains. SystemExit if it contains none."""
    if not data.is_dir():
        sys.exit(f"DATA_DIR={str(data)!r} is not a folder")
    names = {path.relative_to(data).parts[0] for path in data_files(data)}
    compositions = sorted(name for name in names if not name.endswith("-SOAPS"))
    if not compositions:
        sys.exit(
            f"DATA_DIR={str(data)!r} contains no compositions; "
            "expected folders such as Zr49Cu49Al2/c/md/lammps/100/21/2000/0"
        )
    return compositions


@contextmanager
def start_local_deployment(
    data: Path, *, port: int = 0, job_run_time_seconds: float = 300, log: Path | None = None
) -> Iterator[LocalDeployment]:
    """Start the embedded emulator with `data`, and the API on it. Both end with the context.

    The API logs to standard error, or to the file `log`.
    """
    with start_child_process("localdev.moto_server", environment=environment_without_aws()) as url:
        stores = {
            **EMULATOR_CREDENTIALS,
            "AWS_ENDPOINT_URL": url,
            "RUN_TABLE": "dataops-runs",
            "DATA_BUCKET": "dataops-data",
        }
        with start_deployment_on(
            stores, data, port=port, job_run_time_seconds=job_run_time_seconds, log=log
        ) as deployment:
            yield deployment


@contextmanager
def start_deployment_on(
    stores: Mapping[str, str],
    data: Path,
    *,
    port: int = 0,
    job_run_time_seconds: float = 300,
    log: Path | None = None,
) -> Iterator[LocalDeployment]:
    """Start the API on running stores, and load `data` into them.

    `stores` are environment variables: endpoints, credentials, RUN_TABLE and DATA_BUCKET.
    """
    environment = {**stores, "JOB_RUN_TIME_SECONDS": f"{job_run_time_seconds:g}"}
    with ThreadPoolExecutor(1, thread_name_prefix="provision") as pool:
        # Concurrently: the API does not use the stores before its first request.
        loading = pool.submit(_provision, environment, data)
        with start_child_process(
            "localdev.api_server",
            "--port",
            str(port),
            environment=environment_without_aws() | environment,
            log=log,
        ) as api_url:
            yield LocalDeployment(api_url, environment, loading.result())


def _provision(environment: Mapping[str, str], data: Path) -> int:
    create_table(create_dynamodb_client(environment), environment["RUN_TABLE"])
    s3 = create_s3_client(environment)
    create_bucket(s3, environment["DATA_BUCKET"])
    return sum(load_data(s3, environment["DATA_BUCKET"], data))
