"""The template creates the whole stack, whose roles have all necessary permissions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from dataops_client import DataOpsClient, NothingAvailable

from chalicelib.adapters.aws.token_repository import DynamoTokenRepository
from chalicelib.adapters.local.clock import SystemClock
from chalicelib.domain.tokens import Scope
from chalicelib.usecases.tokens import create_token, revoke_token
from localdev.lambda_runtime import MISSING_LAMBDA_EMULATOR
from localdev.paths import ROOT
from server.provision import load_data
from tests.e2e.deployment.conftest import Package
from tests.support.expected_files import extracted_files, sub_run_files
from tests.support.ministack import Cloud, DeployedStack, cloud_with_permissions, deploy

NC = "Zr49Cu49Al2"
pytestmark = [
    pytest.mark.self_contained,
    pytest.mark.skipif(MISSING_LAMBDA_EMULATOR is not None, reason=MISSING_LAMBDA_EMULATOR or ""),
]


@dataclass(frozen=True, slots=True)
class Service:
    cloud: Cloud
    stack: DeployedStack
    tokens: dict[Scope, str]
    table: DynamoTokenRepository

    def call(self, method: str, path: str, scope: Scope | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[scope]}"} if scope else {}
        return httpx.request(method, self.stack.url + path, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def service(dev_package: Package) -> Iterator[Service]:
    """Deploy the stage `dev` with sample data and a token of each scope."""
    with cloud_with_permissions() as cloud:
        stack = deploy(
            cloud,
            "dataops-dev",
            dev_package.zip,
            dev_package.template,
            {"BUILD_INLINE_MAX_BYTES": "300000"},
        )
        load_data(cloud.client("s3"), stack.outputs["DataBucketName"], ROOT / "data")
        table = DynamoTokenRepository(cloud.client("dynamodb"), stack.outputs["RunTableName"])
        tokens = {
            scope: create_token(
                scope, "test", timedelta(days=1), tokens=table, clock=SystemClock()
            )[0]
            for scope in Scope
        }
        yield Service(cloud, stack, tokens, table)


def schedule(client: DataOpsClient) -> None:
    """Run 21 with all its sub-runs, whichever test comes first."""
    with suppress(NothingAvailable):
        assert client.generate(NC).id_run == "21"
    client.augment(NC, "21")


def test_the_whole_job_is_done_through_api_gateway_and_lambda(
    service: Service, tmp_path: Path
) -> None:
    with DataOpsClient(service.stack.url, token=service.tokens[Scope.SCHEDULE]) as client:
        schedule(client)
        for sub_run in ("0", "7", "13"):
            client.download(NC, "21", sub_run, tmp_path / "sub-runs")
        client.download_run(NC, "21", tmp_path / "run")  # by the builder
        assert [run.id_run for run in client.available()[NC]] == ["21"]
    wanted = {
        name: content
        for name, content in sub_run_files(ROOT / "data").items()
        if name.startswith(f"{NC}/21/")
    }
    assert extracted_files(tmp_path / "run") == wanted
    some = {
        name: content for name, content in wanted.items() if name.split("/")[2] in ("0", "7", "13")
    }
    assert extracted_files(tmp_path / "sub-runs") == some


def test_read_endpoints_of_a_scheduled_run_respond(service: Service) -> None:
    assert service.call("POST", "/v1/generate/Zr50Cu40Al10", Scope.SCHEDULE).status_code == 200
    (run,) = service.call("GET", "/v1/generate/available?nc=Zr50Cu40Al10", Scope.READ).json()[
        "Zr50Cu40Al10"
    ]
    base = f"/v1/generate/Zr50Cu40Al10/{run['id_run']}"
    for path in (
        "/status",
        "/manifest",
        "/0/manifest",
        "/0/bonds",
        "/0/files/ICOHPLIST.lobster",
        "/0/download?profile=essential",
    ):
        response = service.call("GET", base + path, Scope.READ)
        assert response.status_code == 200, (path, response.text)


def test_only_public_paths_respond_without_a_token(service: Service) -> None:
    for path in ("/health", "/docs", "/openapi.json"):
        assert service.call("GET", path).status_code == 200, path
    for method, path in (
        ("GET", "/v1/compositions"),
        ("POST", f"/v1/generate/{NC}"),
        ("GET", f"/v1/generate/{NC}/21/status"),
    ):
        assert service.call(method, path).status_code == 401, path
    assert service.call("GET", "/nothing", Scope.ADMIN).status_code in (403, 404)


def test_a_token_allows_its_scope_and_nothing_after_it_is_revoked(service: Service) -> None:
    assert service.call("GET", "/v1/compositions", Scope.READ).status_code == 200
    assert service.call("POST", f"/v1/generate/{NC}", Scope.READ).status_code == 403
    text, record = create_token(
        Scope.ADMIN, "test", timedelta(days=1), tokens=service.table, clock=SystemClock()
    )
    revoke_token(record.token_id, tokens=service.table)
    response = httpx.get(
        f"{service.stack.url}/v1/compositions", headers={"Authorization": f"Bearer {text}"}
    )
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("sids", "path"),
    [
        # All that permit queries: conditions on partitions are left out here.
        ({"ScheduleRuns", "OutcomeRecords", "Datasets"}, "/v1/generate/available"),
        ({"ListData"}, "/v1/compositions"),
        ({"ReadDataAndSignLinks"}, f"/v1/generate/{NC}/21/0/download"),
    ],
)
def test_the_service_works_by_the_permissions_of_its_role_alone(
    service: Service, sids: set[str], path: str
) -> None:
    role = service.stack.resources["ApiHandlerRole"]
    iam = service.cloud.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    whole = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    document: dict[str, Any] = json.loads(whole) if isinstance(whole, str) else whole
    without = document | {
        "Statement": [
            statement for statement in document["Statement"] if statement["Sid"] not in sids
        ]
    }
    assert len(without["Statement"]) == len(document["Statement"]) - len(sids)
    with DataOpsClient(service.stack.url, token=service.tokens[Scope.SCHEDULE]) as client:
        schedule(client)
    assert service.call("GET", path, Scope.READ).status_code == 200
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(without))
    try:
        response = service.call("GET", path, Scope.READ)
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        detail = response.json()["detail"]  # a HEAD has no error code
        assert "AccessDenied" in detail or "403" in detail
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
