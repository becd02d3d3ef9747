"""A stage with AUTH=token, on this machine.

The route table, the command `dataops-admin`, the client.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from dataops_client import AccessDenied, DataOpsClient

from app import app
from chalicelib.adapters.aws.token_repository import DynamoTokenRepository
from chalicelib.api.middleware import PUBLIC_ROUTES
from chalicelib.domain.tokens import Scope
from chalicelib.usecases.tokens import create_token
from localdev.aws_environment import environment_without_aws
from localdev.child_process import start_child_process
from localdev.deployment import LocalDeployment
from localdev.paths import ROOT
from tests.conftest import Aws
from tests.e2e.conftest import SampleStack
from tests.support.fakes import FakeClock
from tests.support.fault_proxy import SingleFault, fault_proxy

NC = "Zr49Cu49Al2"
ROUTES = sorted((method, path) for path, methods in app.routes.items() for method in methods)
CLOSED = [(method, path) for method, path in ROUTES if path not in PUBLIC_ROUTES]
READING = [(method, path) for method, path in CLOSED if method == "GET"]


@pytest.fixture(scope="module")
def served(sample_stack: SampleStack) -> Iterator[LocalDeployment]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTH", "token")
        with sample_stack() as running:
            yield running


def admin(served: LocalDeployment, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = environment_without_aws() | served.environment
    command = [sys.executable, "-m", "server.admin", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def create(served: LocalDeployment, scope: str) -> str:
    done = admin(served, "create", "--scope", scope, "--note", "test")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def tokens(served: LocalDeployment) -> dict[str, str]:
    return {scope: create(served, scope) for scope in ("read", "schedule", "admin")}


def send(
    served: LocalDeployment, method: str, path: str, authorization: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Status, and the document where it is a problem."""
    address = urlsplit(served.api_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    try:
        connection.request(
            method,
            path,
            headers={"Authorization": authorization} if authorization is not None else {},
        )
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if response.headers[
            "Content-Type"
        ] == "application/problem+json" else {}
    finally:
        connection.close()


def filled(path: str) -> str:
    names = {"nc": NC, "id_run": "21", "sub_run": "0", "content_id": "x", "dataset": "x"}
    return path.format(**names, name="x", version="x", other="x")


def refused(status: int, problem: dict[str, Any]) -> bool:
    return (status, problem.get("code")) in (
        (401, "invalid_token"),
        (403, "forbidden"),
    ) and problem["status"] == status


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_protected_routes_refuse_requests_without_a_token(
    served: LocalDeployment, method: str, path: str
) -> None:
    status, problem = send(served, method, filled(path))
    assert (status, problem["code"]) == (401, "invalid_token")


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_protected_routes_refuse_unknown_tokens(
    served: LocalDeployment, method: str, path: str
) -> None:
    for authorization in (
        f"Bearer dataops_{'a' * 12}_{'A' * 43}",
        "Bearer x",
        "Basic eDp5",
        "x",
        "Bearer",
        " ",
    ):
        assert refused(*send(served, method, filled(path), authorization)), authorization


@pytest.mark.parametrize("path", sorted(PUBLIC_ROUTES))
def test_public_routes_require_no_token(served: LocalDeployment, path: str) -> None:
    status, problem = send(served, "GET", filled(path))
    assert status == 200 or (status, problem["code"]) == (
        404,
        "not_found",
    )  # an asset of another version


def test_a_token_allows_the_requests_of_its_scope(
    served: LocalDeployment, tokens: dict[str, str]
) -> None:
    for method, path in READING:
        for token in tokens.values():
            assert not refused(*send(served, method, filled(path), f"Bearer {token}"))
    for method, path in set(CLOSED) - set(READING):
        status, problem = send(served, method, filled(path), f"Bearer {tokens['read']}")
        assert (status, problem["code"]) == (403, "forbidden")
    assert send(served, "POST", f"/v1/generate/{NC}", f"Bearer {tokens['schedule']}")[0] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/advisories"), ("PATCH", ""), ("DELETE", "?reason=x")],
)
def test_changes_of_a_dataset_require_the_scope_admin(
    served: LocalDeployment, tokens: dict[str, str], method: str, path: str
) -> None:
    path = f"/v1/datasets/none/1.0.0{path}"
    for scope in ("read", "schedule"):
        status, problem = send(served, method, path, f"Bearer {tokens[scope]}")
        assert (status, problem["code"]) == (403, "forbidden")
        assert "requires 'admin'" in problem["detail"]
    assert not refused(*send(served, method, path, f"Bearer {tokens['admin']}"))


def test_a_token_describes_itself(served: LocalDeployment, tokens: dict[str, str]) -> None:
    request = urllib.request.Request(
        f"{served.api_url}/v1/whoami", headers={"Authorization": f"Bearer {tokens['schedule']}"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        caller = json.load(response)
    assert caller.pop("expires_at").endswith("+00:00")
    assert caller == {"auth": "token", "name": "test", "scopes": ["read", "schedule"]}


def test_two_hundred_random_tokens_are_refused(
    served: LocalDeployment, tokens: dict[str, str]
) -> None:
    token_id = tokens["admin"].split("_")[1]
    for _ in range(200):
        assert refused(
            *send(
                served,
                "GET",
                "/v1/compositions",
                f"Bearer dataops_{token_id}_{secrets.token_urlsafe(32)}",
            )
        )


def test_an_expired_token_is_refused(aws: Aws, served: LocalDeployment) -> None:
    table = DynamoTokenRepository(aws.dynamodb, served.environment["RUN_TABLE"])
    token, record = create_token(
        Scope.READ, "test", timedelta(days=1), tokens=table, clock=FakeClock()
    )  # whose time is long ago
    assert any(
        record.token_id in line and "expired" in line
        for line in admin(served, "list").stdout.splitlines()
    )
    assert refused(*send(served, "GET", "/v1/compositions", f"Bearer {token}"))


def test_a_revoked_token_is_refused(served: LocalDeployment) -> None:
    token = create(served, "read")
    assert send(served, "GET", "/v1/compositions", f"Bearer {token}")[0] == 200
    assert admin(served, "revoke", token.split("_")[1]).returncode == 0
    assert refused(*send(served, "GET", "/v1/compositions", f"Bearer {token}"))
    again = admin(served, "revoke", token.split("_")[1])
    assert (again.returncode, token.split("_")[1] in again.stderr) == (1, True)


def test_tokens_are_listed_without_their_secrets(
    served: LocalDeployment, tokens: dict[str, str]
) -> None:
    done = admin(served, "list")
    listed = done.stdout
    assert done.stderr.split() == ["id", "scope", "validity", "note"]
    for scope, token in tokens.items():
        token_id, secret = token.split("_", 2)[1:]
        assert any(token_id in line and scope in line for line in listed.splitlines())
        assert secret not in listed


def test_an_unknown_scope_is_rejected_with_the_scopes(served: LocalDeployment) -> None:
    done = admin(served, "create", "--scope", "write", "--note", "test")
    assert done.returncode == 2
    assert "invalid choice: 'write' (choose from 'read', 'schedule', 'admin')" in done.stderr


def test_a_token_of_too_long_a_life_is_not_made(served: LocalDeployment) -> None:
    done = admin(served, "create", "--scope", "read", "--note", "test", "--days", "400")
    assert (done.returncode, "400 days" in done.stderr, done.stdout) == (1, True, "")


def test_the_client_works_with_a_token_and_explains_its_absence(
    served: LocalDeployment, tokens: dict[str, str], tmp_path: Path
) -> None:
    with DataOpsClient(served.api_url) as client, pytest.raises(AccessDenied):
        client.available()
    with DataOpsClient(served.api_url, token=tokens["schedule"]) as client:
        run = client.generate("Zr50Cu40Al10")
        assert client.download("Zr50Cu40Al10", run.id_run, "0", tmp_path).link.files


def test_valid_tokens_get_503_while_the_run_table_fails(
    served: LocalDeployment, tokens: dict[str, str]
) -> None:
    with fault_proxy(served.environment["AWS_ENDPOINT_URL_DYNAMODB"], SingleFault("fail")) as url:
        environment = {**os.environ, **served.environment, "AWS_ENDPOINT_URL_DYNAMODB": url}
        with start_child_process(
            "localdev.api_server", "--port", "0", environment=environment
        ) as api_url:
            request = urllib.request.Request(
                f"{api_url}/v1/compositions", headers={"Authorization": f"Bearer {tokens['read']}"}
            )
            with pytest.raises(urllib.error.HTTPError) as failed:
                urllib.request.urlopen(request)
            problem = json.load(failed.value)
            assert (failed.value.code, problem["code"], failed.value.headers["Retry-After"]) == (
                503,
                "unavailable",
                "2",
            )
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(f"{api_url}/v1/compositions")


def test_an_idempotency_key_does_not_reveal_responses_to_other_callers(
    served: LocalDeployment, tokens: dict[str, str]
) -> None:
    def schedule(scope: str, nc: str = NC) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {tokens[scope]}", "Idempotency-Key": "night-17"}
        request = urllib.request.Request(
            f"{served.api_url}/v1/generate/{nc}", method="POST", headers=headers
        )
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    status, mine = schedule("schedule", "Zr50Cu40Al10")
    assert (status, schedule("schedule", "Zr50Cu40Al10")) == (200, (200, mine))
    assert schedule("admin", "Zr50Cu40Al10")[1].get("id_run") != mine["id_run"]
    status, problem = schedule("schedule")
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    assert tokens["schedule"].split("_", 2)[2] not in json.dumps(problem)


def test_a_stage_with_iam_refuses_every_local_request(sample_stack: SampleStack) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTH", "iam")
        with sample_stack() as running:
            assert send(running, "GET", "/health")[0] == 200
            status, problem = send(
                running, "GET", "/v1/compositions", "AWS4-HMAC-SHA256 Credential=x"
            )
            assert (status, problem["code"]) == (401, "invalid_token")
