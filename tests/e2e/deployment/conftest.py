"""The package of `make package`, unpacked outside the checkout and run by AWS's Lambda emulator."""

from __future__ import annotations

import json
import os
import time
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from chalicelib.adapters.aws.token_repository import DynamoTokenRepository
from chalicelib.adapters.local.clock import SystemClock
from chalicelib.domain.tokens import Scope
from chalicelib.usecases.tokens import create_token
from localdev.gateway_event import build_event
from localdev.lambda_runtime import MISSING_LAMBDA_EMULATOR, Function, function
from localdev.paths import ROOT
from scripts.build_lambda_package import build_package
from server.provision import create_bucket, create_table, load_data
from tests.support.api_gateway import Gateway, serve_gateway
from tests.support.lambda_api import lambda_api

_MEASURED: list[str] = []


@dataclass(frozen=True, slots=True)
class Package:
    """A Lambda package: the ZIP, its content in `folder`, and the template."""

    zip: Path
    folder: Path
    template: dict[str, Any]

    def properties(self, resource: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.template["Resources"][resource]["Properties"]
        return properties


@dataclass(frozen=True, slots=True)
class Deployed:
    """The functions of a stage, its URL, and a token of each scope."""

    url: str
    gateway: Gateway
    functions: dict[str, Function]
    tokens: dict[Scope, str]
    token_table: DynamoTokenRepository


@pytest.fixture(scope="session")
def dev_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return the package of the stage `dev` for x86_64."""
    return build_once(tmp_path_factory, "dev", "x86_64")


@pytest.fixture(scope="session")
def prod_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Return the package of the stage `prod` for arm64."""
    return build_once(tmp_path_factory, "prod", "arm64")


def build_once(factory: pytest.TempPathFactory, stage: str, arch: str) -> Package:
    """Build a package in the first worker of pytest-xdist, and reuse it in the others."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    shared = factory.getbasetemp().parent if is_worker else factory.getbasetemp()
    output = shared / f"package-{stage}-{arch}"
    with FileLock(f"{output}.lock"):
        if not (output / "task").exists():
            build_package(stage, arch, output)
            with zipfile.ZipFile(output / "deployment.zip") as archive:
                archive.extractall(output / "unpacking")
            (output / "unpacking").rename(output / "task")
    return Package(
        output / "deployment.zip",
        output / "task",
        json.loads((output / "template.json").read_text()),
    )


@pytest.fixture(scope="session")
def deployed(
    dev_package: Package,
    aws: Any,
    aws_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployed]:
    """Run the stage `dev`: three functions under AWS's emulator, a gateway, the sample data.

    Archives above 64 KiB are built by the builder, which the sample's whole runs are.
    """
    if MISSING_LAMBDA_EMULATOR:
        pytest.skip(MISSING_LAMBDA_EMULATOR)
    name = f"dataops-test-{uuid.uuid4().hex}"
    create_table(aws.dynamodb, name)
    create_bucket(aws.s3, name)
    load_data(aws.s3, name, ROOT / "data")
    tokens = DynamoTokenRepository(aws.dynamodb, name)
    environment = {**aws_environment, "RUN_TABLE": name, "DATA_BUCKET": name}
    folder = tmp_path_factory.mktemp("lambda")
    with ExitStack() as stack:

        def start(resource: str, **more: str) -> Function:
            settings = dev_package.properties(resource)
            given = {
                key: value
                for key, value in settings["Environment"]["Variables"].items()
                if isinstance(value, str)
            }
            return stack.enter_context(
                function(
                    dev_package.folder,
                    settings["Handler"],
                    given | environment | more,
                    folder / resource,
                    timeout_seconds=settings["Timeout"],
                    memory_mb=settings["MemorySize"],
                    log=folder / f"{resource}.log",
                )
            )

        builder = start("Builder")
        queue = stack.enter_context(lambda_api(builder.invoke))
        handler = start(
            "APIHandler",
            BUILDER_FUNCTION="builder",
            AWS_ENDPOINT_URL_LAMBDA=queue,
            BUILD_INLINE_MAX_BYTES="65536",
        )
        functions = {"APIHandler": handler, "Builder": builder, "Authorize": start("Authorize")}
        definition = dev_package.properties("RestAPI")["DefinitionBody"]
        gateway = Gateway(
            definition,
            handler.invoke,
            functions["Authorize"].invoke,
            clock=lambda: 0.0,  # cached results of the authorizer do not expire on a slow machine
        )
        url = stack.enter_context(serve_gateway(gateway))
        created = {
            scope: create_token(
                scope, "test", timedelta(days=1), tokens=tokens, clock=SystemClock()
            )[0]
            for scope in Scope
        }
        yield Deployed(url, gateway, functions, created, tokens)
        for resource, used in functions.items():
            if peak := used.peak_memory_bytes():
                _MEASURED.append(
                    f"{resource}: {peak / 2**20:.0f} MiB of "
                    f"{dev_package.properties(resource)['MemorySize']}"
                )


@pytest.fixture(scope="session")
def cold_starts(
    dev_package: Package, aws_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> list[float]:
    """Measure cold starts in seconds, from the first request to its response, without stores."""
    if MISSING_LAMBDA_EMULATOR:
        pytest.skip(MISSING_LAMBDA_EMULATOR)
    folder = tmp_path_factory.mktemp("cold")
    settings = dev_package.properties("APIHandler")
    event = build_event("GET", "/")
    seconds = []
    for number in range(5):
        with function(
            dev_package.folder,
            "app.app",
            aws_environment | {"RUN_TABLE": "none", "DATA_BUCKET": "none", "AUTH": "token"},
            folder / str(number),
            timeout_seconds=settings["Timeout"],
            memory_mb=settings["MemorySize"],
            log=folder / f"{number}.log",
        ) as started:
            began = time.perf_counter()
            assert started.invoke(event)["statusCode"] == 200
            seconds.append(time.perf_counter() - began)
    _MEASURED.append(
        f"cold start of the API's function, to its first response: {min(seconds) * 1000:.0f} to "
        f"{max(seconds) * 1000:.0f} ms"
    )
    return seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _MEASURED:
        terminalreporter.write_line(f"measured under AWS's emulator: {line}")
