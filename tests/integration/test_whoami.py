"""`GET /v1/whoami`: the credentials of a request, as the gateway verified them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app import app
from localdev.gateway_event import build_event


def whoami(context: dict[str, Any]) -> Any:
    event = build_event("GET", "/v1/whoami", "/v1/whoami")
    event["requestContext"] |= context
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.access._mode", "none")
        return json.loads(app(event, None)["body"])


def test_a_service_without_access_control_permits_everything() -> None:
    assert whoami({}) == {
        "auth": "none", "name": None, "scopes": ["read", "schedule", "admin"], "expires_at": None,
    }  # fmt: skip


def test_a_token_has_a_note_scopes_and_an_expiry() -> None:
    context = {
        "principalId": "abcdefghijkl", "scope": "schedule", "name": "Ada, CuZr model",
        "expires_at": "2027-02-27T12:00:00+00:00",
    }  # fmt: skip
    assert whoami({"authorizer": context}) == {
        "auth": "token", "name": "Ada, CuZr model", "scopes": ["read", "schedule"],
        "expires_at": "2027-02-27T12:00:00+00:00",
    }  # fmt: skip


def test_the_permissions_of_an_iam_principal_are_not_listed() -> None:
    arn = "arn:aws:iam::123456789012:user/ada"
    assert whoami({"identity": {"userArn": arn}}) == {
        "auth": "iam", "name": arn, "scopes": [], "expires_at": None,
    }  # fmt: skip
