"""Permissions that AWS calls require, and the policies that grant them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.aws.url_signer import UrlSigner
from tests.support.stores import intercept_calls

_ACTIONS = {
    "CopyObject": "s3:PutObject",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "Invoke": "lambda:InvokeFunction",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjectsV2": "s3:ListBucket",
    "MultipartUpload": "s3:PutObject",
}
"""Where the action is not named as the call is: Service Authorization Reference, "Actions,
resources, and condition keys"."""

_BY_LAMBDA_ITSELF = ("logs:", "xray:", "sqs:")
"""Actions that the platform requires of the role, regardless of the calls of the code."""


@dataclass(frozen=True, slots=True)
class Call:
    """What one call needs: an action, on a key of the bucket (none.

    The bucket itself), a partition of the table, or the builder.
    """

    action: str
    key: str


@dataclass
class Recorder:
    """Notes the calls of each function; `function` names the one that runs just now."""

    function: str = ""
    calls: dict[str, set[Call]] = field(default_factory=dict)
    watch: Callable[[str, Mapping[str, Any]], None] = lambda name, arguments: None

    def note(self, service: str, name: str, key: str) -> None:
        calls = self.calls.setdefault(self.function, set())
        calls.add(Call(_ACTIONS.get(name, f"{service}:{name}"), key))
        if name == "MultipartUpload":  # it is aborted if a part of it fails
            calls.add(Call("s3:AbortMultipartUpload", key))


def recording(patch: pytest.MonkeyPatch, clients_of_tests: tuple[Any, ...]) -> Recorder:
    """Record all calls and signed URLs of this process, except those of the tests' own clients."""
    recorder = Recorder()
    sign = UrlSigner.sign

    def called(client: Any, name: str, arguments: Mapping[str, Any]) -> None:
        if client not in clients_of_tests:
            service = client.meta.service_model.service_name if client else "s3"
            recorder.note(service, name, _key(arguments))
            recorder.watch(name, arguments)

    def signed(signer: UrlSigner, key: str, *options: Any) -> str:
        recorder.note("s3", "GetObject", key)
        return sign(signer, key, *options)

    intercept_calls(patch, called)
    patch.setattr(UrlSigner, "sign", signed)
    return recorder


@dataclass(frozen=True, slots=True)
class Principal:
    """One action of one statement of a policy.

    `keys` are the keys of the bucket or the partitions of the table that it is for.
    """

    sid: str
    action: str
    keys: tuple[str, ...]

    def allows(self, call: Call) -> bool:
        return call.action == self.action and any(_like(pattern, call.key) for pattern in self.keys)


def grants(policy: Path) -> list[Principal]:
    """Return the single actions that a policy of this project grants."""
    return list(_grants(json.loads(policy.read_text())["Statement"]))


def unused(grant: Principal, calls: set[Call]) -> list[str]:
    """Return the keys of the grant that no call used; those of the bucket count as one."""
    if grant.action.startswith("dynamodb:"):
        return [
            pattern
            for pattern in grant.keys
            if not any(_like(pattern, call.key) for call in calls if call.action == grant.action)
        ]
    return [] if any(grant.allows(call) for call in calls) else list(grant.keys)


def _grants(statements: list[dict[str, Any]]) -> Iterator[Principal]:
    for statement in statements:
        assert statement["Effect"] == "Allow"
        actions = (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
        for action in actions:
            if not action.startswith(_BY_LAMBDA_ITSELF):
                yield Principal(statement["Sid"], action, tuple(_keys(statement)))


def _keys(statement: dict[str, Any]) -> list[str]:
    for operator, condition in statement.get("Condition", {}).items():
        if operator.startswith("ForAllValues:"):
            keys: list[str] = condition["dynamodb:LeadingKeys"]
            return keys
    resource = statement["Resource"]
    if "Fn::Sub" in resource:
        return [resource["Fn::Sub"].removeprefix("${DataBucket.Arn}/")]
    return [""]


def _key(arguments: Mapping[str, Any]) -> str:
    for place in ("Key", "Item"):
        if isinstance(found := arguments.get(place), dict):
            return str(found["pk"]["S"])
    if "ExpressionAttributeValues" in arguments:
        return str(arguments["ExpressionAttributeValues"][":pk"]["S"])
    return str(arguments.get("Key", ""))


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text, re.DOTALL) is not None
