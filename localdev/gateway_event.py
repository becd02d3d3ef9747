"""Events that API Gateway sends to a Lambda function of a REST API (payload format 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl


def build_event(
    method: str,
    path: str,
    resource: str | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    prefix: str = "/api",
    context: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the event of a request for `path` below the stage's `prefix`, matched by `resource`.

    Absent parameters are null, as in the events that API Gateway sends.
    """
    parameters: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters.setdefault(name, []).append(value)
    sent = dict(headers or {})
    return {
        "resource": resource or path,
        "path": path,
        "httpMethod": method,
        "headers": sent or None,
        "multiValueHeaders": {name: [value] for name, value in sent.items()} or None,
        "queryStringParameters": {name: values[-1] for name, values in parameters.items()} or None,
        "multiValueQueryStringParameters": parameters or None,
        "pathParameters": dict(variables or {}) or None,
        "stageVariables": None,
        "requestContext": {
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1"},
            "path": prefix + path,
            "requestId": "gateway-request",
            "resourcePath": resource or path,
            "stage": prefix.strip("/"),
            **(context or {}),
        },
        "body": body.decode() or None,
        "isBase64Encoded": False,
    }
