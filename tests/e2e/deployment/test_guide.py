"""The guide "Deploy on AWS": its commands, with the aws CLI, as the user that its policy permits."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from localdev.lambda_runtime import MISSING_LAMBDA_EMULATOR
from localdev.paths import ROOT
from tests.e2e.deployment.conftest import Package
from tests.support.doc_sessions import Command, find_commands, matches, run_commands
from tests.support.ministack import Cloud, cloud_with_permissions, without_unsupported_parts

GUIDE = (ROOT / "docs" / "how-to" / "deploy-on-aws.md").read_text()
POLICY = ROOT / "docs" / "how-to" / "deployer-policy.json"
ACCOUNT, REGION = "000000000000", "us-east-1"

_CREATED_BY = {
    "AWS::CloudWatch::Alarm": {"cloudwatch:PutMetricAlarm"},
    "AWS::DynamoDB::Table": {
        "dynamodb:CreateTable",
        "dynamodb:UpdateContinuousBackups",
        "dynamodb:UpdateTimeToLive",
    },
    "AWS::IAM::Role": {"iam:CreateRole", "iam:PutRolePolicy", "iam:PassRole"},
    "AWS::Lambda::Permission": {"lambda:AddPermission"},
    "AWS::Logs::LogGroup": {"logs:CreateLogGroup", "logs:PutRetentionPolicy"},
    "AWS::S3::Bucket": {
        "s3:CreateBucket",
        "s3:PutBucketCORS",
        "s3:PutBucketLogging",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
    },
    "AWS::S3::BucketPolicy": {"s3:PutBucketPolicy"},
    "AWS::SQS::Queue": {"sqs:CreateQueue", "sqs:SetQueueAttributes"},
    "AWS::Serverless::Api": {"apigateway:POST", "apigateway:PUT", "apigateway:PATCH"},
    "AWS::Serverless::Function": {"lambda:CreateFunction", "lambda:TagResource"},
}
"""Actions with which CloudFormation creates a resource, in the name of the user who deploys."""


def actions_of_the_policy() -> set[str]:
    found: set[str] = set()
    for statement in json.loads(POLICY.read_text())["Statement"]:
        actions = statement["Action"]
        found |= {actions} if isinstance(actions, str) else set(actions)
    return found


def test_the_policy_permits_the_creation_of_every_resource(dev_package: Package) -> None:
    resources = dev_package.template["Resources"].values()
    types = {resource["Type"] for resource in resources}
    assert types <= _CREATED_BY.keys()
    needed = set[str]().union(*(_CREATED_BY[kind] for kind in types))
    assert needed - actions_of_the_policy() == set()


def test_the_policy_has_no_wildcard_of_actions_and_fits_into_a_managed_policy() -> None:
    assert not [action for action in actions_of_the_policy() if "*" in action]
    assert len(re.sub(r"\s", "", POLICY.read_text())) <= 6144


def local(text: str) -> str:
    """Return a text of the guide for the account and region of the emulator."""
    return text.replace("111122223333", ACCOUNT).replace("eu-central-1", REGION)


def create_user(cloud: Cloud) -> dict[str, str]:
    """Create the user of the guide, and return its credentials as environment variables."""
    iam: Any = cloud.client("iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def prepare_checkout(folder: Path, package: Package) -> None:
    """Create what a clone contains after `make run` and `make package`."""
    (folder / "dist" / "prod-arm64").mkdir(parents=True)
    policy = json.loads(POLICY.read_text())
    for statement in policy["Statement"]:
        statement.pop("Condition", None)  # ministack does not know iam:PolicyARN
    (folder / "docs" / "how-to").mkdir(parents=True)
    (folder / "docs" / "how-to" / POLICY.name).write_text(json.dumps(policy))
    (folder / "data").symlink_to(ROOT / "data")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    shutil.copy(package.zip, folder / "dist" / "prod-arm64")
    template = json.dumps(without_unsupported_parts(package.template))
    (folder / "dist" / "prod-arm64" / "template.json").write_text(template)


def through_emulator(command: Command, url: str) -> Command:
    """Return the command with the address that the emulator has instead of API Gateway's."""
    text = local(command.text)
    if text.startswith("export DATAOPS_URL="):
        text = f'export DATAOPS_URL="{url}/_aws/execute-api/$(output RestAPIId)/api/"'
    return Command(text, local(command.output))


@pytest.mark.heavy
@pytest.mark.self_contained
@pytest.mark.skipif(MISSING_LAMBDA_EMULATOR is not None, reason=MISSING_LAMBDA_EMULATOR or "")
@pytest.mark.skipif(shutil.which("aws") is None, reason="the aws CLI is missing")
def test_the_commands_of_the_guide_print_what_it_shows(
    dev_package: Package, tmp_path: Path
) -> None:
    prepare_checkout(tmp_path, dev_package)
    with cloud_with_permissions() as cloud:
        commands = [through_emulator(command, cloud.url) for command in find_commands(GUIDE)]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        }
        environment |= {
            "AWS_ENDPOINT_URL": cloud.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_PAGER": "",
            "HOME": str(tmp_path),
            "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}",
        }
        root = {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root-secret"}
        administrators = [
            command
            for command in commands
            if command.text.startswith("aws iam") and "deployer" in command.text
        ]
        assert len(administrators) == 2
        user = create_user(cloud)
        results = run_commands(administrators, environment | root, tmp_path)
        results += run_commands(
            [command for command in commands if command not in administrators],
            environment | user,
            tmp_path,
        )
    for command, output in results:
        assert matches(command.output, output), (command.text, output)
    assert len(results) == len(commands) > 25
