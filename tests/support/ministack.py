"""ministack with its permissions enforced, and stacks on it.

CloudFormation, API Gateway, Lambda, DynamoDB and S3 in one process.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from localdev import stores

_ROOT_KEY, _ROOT_SECRET = "root", "root-secret"
_DEPLOY_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Cloud:
    """`session` is the account's root, which nothing is forbidden to."""

    url: str
    session: boto3.Session

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.url)  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class DeployedStack:
    """A stack that was created; `url` is the address of its API."""

    url: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]


@contextmanager
def cloud_with_permissions() -> Iterator[Cloud]:
    """Start ministack with its permissions enforced.

    Functions call it with the credentials of their roles.
    """
    root = {"AWS_ACCESS_KEY_ID": _ROOT_KEY, "AWS_SECRET_ACCESS_KEY": _ROOT_SECRET}
    with stores.ministack({"AUTH": "true", **root}) as url:
        yield Cloud(url, boto3.Session(_ROOT_KEY, _ROOT_SECRET, region_name="us-east-1"))


def deploy(
    cloud: Cloud,
    name: str,
    package: Path,
    template: Mapping[str, Any],
    variables: Mapping[str, str],
) -> DeployedStack:
    """Create a stack, as `aws cloudformation package` and `deploy` do.

    `variables` are added to the environment of the API's function. Two things are left out that
    ministack has no means for: conditions on the partition of the table (`dynamodb:LeadingKeys`;
    tests/integration/test_policies.py is about them), and the bucket policies, which forbid its
    plain HTTP.
    """
    cloud.client("s3").create_bucket(Bucket=f"{name}-package")
    cloud.client("s3").upload_file(str(package), f"{name}-package", "deployment.zip")
    formation = cloud.client("cloudformation")
    body = json.dumps(_for_ministack(template, f"{name}-package", variables))
    # A template within the request has at most 51,200 bytes.
    cloud.client("s3").put_object(Bucket=f"{name}-package", Key="template.json", Body=body)
    formation.create_stack(
        StackName=name,
        TemplateURL=f"{cloud.url}/{name}-package/template.json",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    deadline = time.monotonic() + _DEPLOY_SECONDS
    while (found := formation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith(
        "IN_PROGRESS"
    ):
        if time.monotonic() > deadline:
            raise RuntimeError(f"stack {name} is {found['StackStatus']} after {_DEPLOY_SECONDS} s")
        time.sleep(0.5)
    if found["StackStatus"] != "CREATE_COMPLETE":
        events = formation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        raise RuntimeError(f"stack {name} is {found['StackStatus']}: {failed}")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
    resources = formation.describe_stack_resources(StackName=name)["StackResources"]
    url = f"{cloud.url}/_aws/execute-api/{outputs['RestAPIId']}/api"
    return DeployedStack(
        url,
        outputs,
        {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources},
    )


def without_unsupported_parts(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template without bucket policies and conditions of the roles' policies."""
    changed = deepcopy(dict(template))
    resources = changed["Resources"]
    for resource in list(resources):
        kind, properties = resources[resource]["Type"], resources[resource].get("Properties", {})
        if kind == "AWS::S3::BucketPolicy":
            del resources[resource]
        elif kind == "AWS::IAM::Role":
            for policy in properties["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    statement.pop("Condition", None)
    return changed


def _for_ministack(
    template: Mapping[str, Any], bucket: str, variables: Mapping[str, str]
) -> dict[str, Any]:
    changed = without_unsupported_parts(template)
    for resource in changed["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": "deployment.zip"}
    changed["Resources"]["APIHandler"]["Properties"]["Environment"]["Variables"] |= variables
    return changed
