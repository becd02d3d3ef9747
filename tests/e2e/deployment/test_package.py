"""The templates and packages of the stages, as `make package` makes them."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.aws.stored_archives import ARCHIVE_LIFETIME
from chalicelib.api.gateway_responses import build_gateway_responses
from localdev.lambda_runtime import MISSING_LAMBDA_EMULATOR
from localdev.paths import BACKENDS, ROOT
from scripts.build_lambda_package import build_package
from scripts.lambda_package_content import MAX_ZIP_BYTES
from tests.e2e.deployment.conftest import Package

pytestmark = pytest.mark.self_contained


@pytest.fixture(params=["dev_package", "prod_package"])
def built(request: pytest.FixtureRequest) -> Package:
    found: Package = request.getfixturevalue(request.param)
    return found


@pytest.mark.skipif(MISSING_LAMBDA_EMULATOR is not None, reason=MISSING_LAMBDA_EMULATOR or "")
def test_cfn_lint_reports_no_findings(built: Package, tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_text(json.dumps(built.template))
    done = subprocess.run(
        [BACKENDS / "bin" / "cfn-lint", template],
        cwd=built.zip.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_package_is_small(built: Package) -> None:
    assert built.zip.stat().st_size < MAX_ZIP_BYTES


def test_packages_of_the_same_sources_have_the_same_bytes(
    dev_package: Package, tmp_path: Path
) -> None:
    build_package("dev", "x86_64", tmp_path)
    assert json.loads((tmp_path / "template.json").read_text()) == dev_package.template
    with (
        zipfile.ZipFile(tmp_path / "deployment.zip") as one,
        zipfile.ZipFile(dev_package.zip) as other,
    ):
        assert {info.filename: info.CRC for info in one.infolist()} == {
            info.filename: info.CRC for info in other.infolist()
        }


@pytest.mark.parametrize(("name", "arch"), [("dev_package", "x86_64"), ("prod_package", "arm64")])
def test_functions_run_on_python_3_13_and_the_requested_processor(
    name: str, arch: str, request: pytest.FixtureRequest
) -> None:
    template = request.getfixturevalue(name).template
    functions = [
        found["Properties"]
        for found in template["Resources"].values()
        if found["Type"] == "AWS::Serverless::Function"
    ]
    assert {(function["Runtime"], *function["Architectures"]) for function in functions} == {
        ("python3.13", arch)
    }
    assert len(functions) == 3


def test_each_function_has_a_role_of_its_own_and_none_may_do_everything(built: Package) -> None:
    resources = built.template["Resources"]
    roles = {
        name: found["Properties"]
        for name, found in resources.items()
        if found["Type"] == "AWS::IAM::Role"
    }
    assert set(roles) == {"ApiHandlerRole", "BuilderRole", "AuthorizeRole"}
    for name, role in roles.items():
        assert "ManagedPolicyArns" not in role
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                actions = (
                    [statement["Action"]]
                    if isinstance(statement["Action"], str)
                    else statement["Action"]
                )
                assert not any("*" in action for action in actions), name
                assert statement["Resource"] != "*" or all(
                    action.startswith("xray:Put") for action in actions
                ), name


def test_the_functions_that_face_the_network_cannot_reach_the_tokens(built: Package) -> None:
    for role in ("ApiHandlerRole", "BuilderRole"):
        for statement in built.properties(role)["Policies"][0]["PolicyDocument"]["Statement"]:
            if "dynamodb" in str(statement["Action"]):
                condition = statement["Condition"]
                (keys,) = (
                    value["dynamodb:LeadingKeys"]
                    for name, value in condition.items()
                    if name.startswith("ForAllValues")
                )
                assert condition["Null"] == {"dynamodb:LeadingKeys": "false"}
                assert not any(re.fullmatch(key.replace("*", ".*"), "TOKEN") for key in keys)


def test_data_are_kept_and_can_be_restored(built: Package) -> None:
    for name in ("RunTable", "DataBucket"):
        assert built.template["Resources"][name]["DeletionPolicy"] == "Retain"
        assert built.template["Resources"][name]["UpdateReplacePolicy"] == "Retain"
    table = built.properties("RunTable")
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert built.properties("DataBucket")["VersioningConfiguration"] == {"Status": "Enabled"}


def test_archives_expire_with_their_records(built: Package) -> None:
    rules = {
        rule["Id"]: rule
        for rule in built.properties("DataBucket")["LifecycleConfiguration"]["Rules"]
    }
    assert rules["archives"]["ExpirationInDays"] == ARCHIVE_LIFETIME.days
    assert rules["uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_the_bucket_is_private_and_requires_tls(built: Package) -> None:
    assert set(built.properties("DataBucket")["PublicAccessBlockConfiguration"].values()) == {True}
    (statement,) = built.properties("DataBucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_the_gateway_responds_with_problem_documents(built: Package) -> None:
    api = built.properties("RestAPI")
    assert api["DefinitionBody"][
        "x-amazon-apigateway-gateway-responses"
    ] == build_gateway_responses("token")
    assert (api["EndpointConfiguration"], api["OpenApiVersion"], api["TracingEnabled"]) == (
        "REGIONAL",
        "2.0",
        True,
    )


def test_every_alarm_is_explained(built: Package) -> None:
    page = (ROOT / "docs" / "how-to" / "operate-on-aws.md").read_text()
    alarms = [
        name
        for name, found in built.template["Resources"].items()
        if found["Type"] == "AWS::CloudWatch::Alarm"
    ]
    assert len(alarms) >= 5
    assert [name for name in alarms if f"`{name}`" not in page] == []


def test_only_routes_without_data_are_public(built: Package) -> None:
    paths: dict[str, Any] = built.properties("RestAPI")["DefinitionBody"]["paths"]
    closed = {
        path
        for path, methods in paths.items()
        if all(operation.get("security") for operation in methods.values())
    }
    assert paths.keys() - closed == {
        "/",
        "/page/{version}/{name}",
        "/docs",
        "/docs/{version}/{name}",
        "/openapi.json",
        "/health",
    }
