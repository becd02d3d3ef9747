"""`make test-backends`.

The contract, integration and end-to-end tests on several stores, one after the other.

    python -m scripts.test_on_stores [--only NAME]... [-- PYTEST ARGUMENTS]

    seaweedfs    SeaweedFS `weed mini`, which checks every signature, and Amazon's DynamoDB Local
    ministack    S3 and DynamoDB of ministack
    localstack   LocalStack 4.14 through Compose, with presigned URLs checked (COMPOSE is the
                 command, docker-compose by default)

Each is started on free ports of the loopback interface, and stopped. A backend whose programs are
missing fails, unless --skip-missing is given.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from localstack_client.config import get_service_endpoint

from localdev import stores
from localdev.aws_environment import EMULATOR_CREDENTIALS, environment_without_aws
from localdev.network import free_port
from localdev.paths import ROOT
from localdev.stores import MissingProgram, wait_until_ready

_TESTS = ("tests/contract", "tests/integration", "tests/e2e")
_COUNTS = re.compile(r"(\d+) (passed|failed|skipped|errors?|xfailed)")

Environment = dict[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """The result of the tests on one backend."""

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
        help="test this backend only; repeat for more",
    )
    parser.add_argument(
        "--skip-missing",
        action="store_true",
        help="succeed if a backend cannot be started on this machine",
    )
    parser.add_argument(
        "pytest", nargs="*", help="arguments of pytest (default: contract, integration and e2e)"
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
    stores_tested, start = _BACKENDS[name]
    began = time.monotonic()
    try:
        with start() as environment:
            print(f"== {name}: {stores_tested}", flush=True)
            outcome, good = _tested(environment, chosen)
    except MissingProgram as missing:
        outcome, good = f"not run: {missing}", skip_missing
    return Result(name, stores_tested, outcome, time.monotonic() - began, good)


def _tested(environment: Environment, chosen: list[str]) -> tuple[str, bool]:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal"]
    command += ["-p", "no:cacheprovider", "-m", "not self_contained", *(chosen or _TESTS)]
    last = ""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment_without_aws() | environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line if _COUNTS.search(line) and " in " in line else last
    return ", ".join(
        f"{count} {word}" for count, word in _COUNTS.findall(last)
    ) or "no test ran", process.returncode == 0


@contextmanager
def seaweedfs() -> Iterator[Environment]:
    """Start SeaweedFS and DynamoDB Local and yield the environment of the tests."""
    credentials = EMULATOR_CREDENTIALS | {
        "AWS_ACCESS_KEY_ID": "dataops",
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
    }
    with stores.seaweedfs(credentials) as s3_url, stores.dynamodb_local() as dynamodb_url:
        yield _ready(s3_url, dynamodb_url, credentials)


@contextmanager
def ministack() -> Iterator[Environment]:
    """Start ministack and yield the environment of the tests."""
    with stores.ministack({}) as url:
        yield _ready(url, url, EMULATOR_CREDENTIALS)


@contextmanager
def localstack() -> Iterator[Environment]:
    """Start LocalStack of docker-compose.yml on a free port, and yield the tests' environment."""
    command = shlex.split(os.environ.get("COMPOSE") or "docker-compose")
    if not shutil.which(command[0]):
        raise MissingProgram(f"{command[0]} is missing: set COMPOSE to the command of Compose")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="dataops-") as folder:
        file = Path(folder) / "docker-compose.yml"
        file.write_text(
            _localstack_service().replace("127.0.0.1:4566:4566", f"127.0.0.1:{port}:4566")
        )
        environment = {
            **os.environ,
            "COMPOSE_FILE": str(file),
            "COMPOSE_PROJECT_NAME": f"dataops-{secrets.token_hex(4)}",
        }
        compose = functools.partial(
            subprocess.run, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        try:
            compose([*command, "up", "-d", "localstack"], check=True)
            os.environ.pop("AWS_ENDPOINT_URL", None)  # localstack_client would return it
            s3_url, dynamodb_url = (
                str(get_service_endpoint(service, localstack_host=f"127.0.0.1:{port}"))
                for service in ("s3", "dynamodb")
            )
            yield _ready(s3_url, dynamodb_url, EMULATOR_CREDENTIALS)
        finally:
            compose([*command, "down", "-v"], check=False)


def _localstack_service() -> str:
    """Return the part of docker-compose.yml that defines LocalStack."""
    found = re.search(
        r"^services:\n  localstack:\n(?:    .*\n|\n)*",
        (ROOT / "docker-compose.yml").read_text(),
        re.MULTILINE,
    )
    assert found, "docker-compose.yml begins with the service localstack"
    return f'version: "3.4"\n{found.group()}'


def _ready(s3_url: str, dynamodb_url: str, credentials: Environment) -> Environment:
    wait_until_ready(s3_url, dynamodb_url, credentials)
    endpoints = {"AWS_ENDPOINT_URL_S3": s3_url, "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url}
    return {**credentials, **endpoints}


_BACKENDS: dict[str, tuple[str, Callable[[], AbstractContextManager[Environment]]]] = {
    "seaweedfs": ("SeaweedFS 4.48 with signatures, DynamoDB Local 3.3", seaweedfs),
    "ministack": ("ministack 1.5.33", ministack),
    "localstack": ("LocalStack 4.14.0 in Compose, presigned URLs checked", localstack),
}

if __name__ == "__main__":
    main()
