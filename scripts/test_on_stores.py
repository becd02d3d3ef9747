"""`make test-backends`: the integration and end-to-end tests on the stores that people run, one after the other.

    python -m scripts.test_on_stores [--only NAME]... [-- PYTEST ARGUMENTS]

    seaweedfs    SeaweedFS `weed mini`, which checks every signature, and Amazon's DynamoDB Local
    ministack    S3 and DynamoDB of ministack
    localstack   LocalStack 4.14 through Compose, with presigned URLs checked (COMPOSE names the command; default: docker-compose)

Each is started on free ports of the loopback interface, and stopped. A backend whose programs are not here fails, unless --skip-missing.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localdev.paths import ROOT

BACKENDS = ROOT / ".venv-backends"
_DYNAMODB_LOCAL = ROOT / ".local" / "dynamodb-local"
_TESTS = ("tests/contract", "tests/integration", "tests/e2e")
_STARTING_SECONDS = 180
_COUNTS = re.compile(r"(\d+) (passed|failed|skipped|errors?|xfailed)")

Environment = dict[str, str]


class MissingProgram(Exception):
    """A backend cannot be started here; the message says what it wants."""


@dataclass(frozen=True, slots=True)
class Result:
    backend: str
    stores: str
    outcome: str
    seconds: float
    good: bool


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=_BACKENDS,
        help="this backend, and others given in the same way",
    )
    parser.add_argument(
        "--skip-missing",
        action="store_true",
        help="a backend that cannot be started here is no failure",
    )
    parser.add_argument(
        "pytest", nargs="*", help="arguments for pytest instead of the folders of tests"
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results = [
        _run(name, arguments.pytest, skip_missing=arguments.skip_missing)
        for name in arguments.only or _BACKENDS
    ]
    print(f"\n{'backend':<12}{'stores':<58}{'result':<40}{'seconds':>8}")
    for result in results:
        print(f"{result.backend:<12}{result.stores:<58}{result.outcome:<40}{result.seconds:>8.0f}")
    sys.exit(not all(result.good for result in results))


def _run(name: str, chosen: list[str], *, skip_missing: bool) -> Result:
    stores, started = _BACKENDS[name]
    began = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="dataops-") as folder,
            started(Path(folder)) as environment,
        ):
            print(f"== {name}: {stores}", flush=True)
            outcome, good = _tested(environment, chosen)
    except MissingProgram as missing:
        outcome, good = f"not run: {missing}", skip_missing
    return Result(name, stores, outcome, time.monotonic() - began, good)


def _tested(environment: Environment, chosen: list[str]) -> tuple[str, bool]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "auto",
        "--dist",
        "worksteal",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-m", "not self_contained", *(chosen or _TESTS)]
    last = ""
    with subprocess.Popen(
        command, cwd=ROOT, env=inherited | environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line if _COUNTS.search(line) and " in " in line else last
    return ", ".join(
        f"{count} {word}" for count, word in _COUNTS.findall(last)
    ) or "no test ran", process.returncode == 0


@contextmanager
def seaweedfs(folder: Path) -> Iterator[Environment]:
    weed = _needed(BACKENDS / "bin" / "weed", "make backends")
    key, secret = "dataops", secrets.token_hex(16)
    ports = _free_ports(5)
    command = [
        str(weed),
        "mini",
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-webdav=false",
        "-admin.ui=false",
    ]
    flags = ("-master.port", "-volume.port", "-filer.port", "-s3.port", "-admin.port")
    command += [f"{flag}={port}" for flag, port in zip(flags, ports, strict=True)]
    command += [
        "-s3.domainName=localhost",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-idleTimeout=2",
    ]
    credentials = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    with (
        _process(command, folder, credentials | {"TMPDIR": str(folder)}),
        _dynamodb_local(folder) as dynamodb,
    ):
        yield _ready(f"http://127.0.0.1:{ports[3]}", dynamodb, credentials)


@contextmanager
def ministack(folder: Path) -> Iterator[Environment]:
    program = _needed(BACKENDS / "bin" / "ministack", "make backends")
    (port,) = _free_ports(1)
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "TMPDIR": str(folder),
    }
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with _process([str(program)], folder, settings | credentials):
        url = f"http://127.0.0.1:{port}"
        yield _ready(url, url, credentials)


@contextmanager
def localstack(folder: Path) -> Iterator[Environment]:
    command = shlex.split(os.environ.get("COMPOSE") or "docker-compose")
    if not shutil.which(command[0]):
        raise MissingProgram(f"{command[0]} (COMPOSE)")
    (port,) = _free_ports(1)
    file = folder / "docker-compose.yml"
    # The service of docker-compose.yml as it is, on a port of its own.
    file.write_text(
        re.sub(r"127\.0\.0\.1:4566:4566", f"127.0.0.1:{port}:4566", _localstack_service())
    )
    environment = {
        **os.environ,
        "COMPOSE_FILE": str(file),
        "COMPOSE_PROJECT_NAME": f"dataops-{secrets.token_hex(4)}",
    }
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    try:
        subprocess.run(
            [*command, "up", "-d", "localstack"],
            cwd=ROOT,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{port}"
        yield _ready(url, url, credentials)
    finally:
        subprocess.run(
            [*command, "down", "-v"],
            cwd=ROOT,
            env=environment,
            check=False,
            stdout=subprocess.DEVNULL,
        )


def _localstack_service() -> str:
    """The part of docker-compose.yml that is LocalStack."""
    found = re.search(
        r"^services:\n  localstack:\n(?:    .*\n|\n)*",
        (ROOT / "docker-compose.yml").read_text(),
        re.MULTILINE,
    )
    assert found, "docker-compose.yml begins with the service localstack"
    return f'version: "3.4"\n{found.group()}'


@contextmanager
def _dynamodb_local(folder: Path) -> Iterator[str]:
    _needed(_DYNAMODB_LOCAL / "DynamoDBLocal.jar", "scripts/get_dynamodb_local.sh")
    if not shutil.which("java"):
        raise MissingProgram("java")
    (port,) = _free_ports(1)
    command = ["java", "-Xmx256m", f"-Djava.library.path={_DYNAMODB_LOCAL}/DynamoDBLocal_lib"]
    command += ["-jar", f"{_DYNAMODB_LOCAL}/DynamoDBLocal.jar"]
    with _process(
        [*command, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)], folder, {}
    ):
        yield f"http://127.0.0.1:{port}"


def _needed(program: Path, how: str) -> Path:
    if not program.exists():
        raise MissingProgram(f"{program.name} ({how})")
    return program


@contextmanager
def _process(command: list[str], folder: Path, environment: Environment) -> Iterator[None]:
    log = folder / f"{Path(command[0]).name}-{secrets.token_hex(4)}.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with log.open("wb") as output, ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                command,
                cwd=folder,
                env=inherited | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        )
        stack.callback(_stop, process)
        yield


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()


def _ready(s3: str, dynamodb: str, credentials: Environment) -> Environment:
    """The environment that leads to the stores, once both answer: an object can be written and read, and tables listed."""
    environment = {
        "AWS_ENDPOINT_URL_S3": s3,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
        "AWS_DEFAULT_REGION": "us-east-1",
        **credentials,
    }
    session = boto3.Session(
        credentials["AWS_ACCESS_KEY_ID"],
        credentials["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )
    config = Config(
        connect_timeout=2,
        read_timeout=10,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
    )
    bucket, client = (
        f"dataops-ready-{secrets.token_hex(4)}",
        session.client("s3", endpoint_url=s3, config=config),
    )
    tables = session.client("dynamodb", endpoint_url=dynamodb, config=config)
    deadline = time.monotonic() + _STARTING_SECONDS
    while True:
        try:
            client.create_bucket(Bucket=bucket)
            client.put_object(Bucket=bucket, Key="ready", Body=b"ready")
            client.delete_object(Bucket=bucket, Key="ready")
            client.delete_bucket(Bucket=bucket)
            tables.list_tables()
            return environment
        except (BotoCoreError, ClientError) as error:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{s3} and {dynamodb} are not ready after {_STARTING_SECONDS} s: {error}"
                ) from error
            time.sleep(0.5)


def _free_ports(count: int) -> list[int]:
    """Loopback ports that are free together, with those 10,000 above (SeaweedFS takes them too)."""
    with ExitStack() as held:
        ports: list[int] = []
        while len(ports) < count:
            port = 20_000 + secrets.randbelow(12_000)
            sockets = [held.enter_context(socket.socket()) for _ in range(2)]
            try:
                for listener, number in zip(sockets, (port, port + 10_000), strict=True):
                    listener.bind(("127.0.0.1", number))
            except OSError:
                continue
            ports.append(port)
        return ports


_BACKENDS: dict[str, tuple[str, Callable[[Path], AbstractContextManager[Environment]]]] = {
    "seaweedfs": ("SeaweedFS 4.48 with signatures, DynamoDB Local 3.3", seaweedfs),
    "ministack": ("ministack 1.5.33", ministack),
    "localstack": ("LocalStack 4.14.0 in Compose, presigned URLs checked", localstack),
}

if __name__ == "__main__":
    main()
