"""Error responses of API Gateway itself, as the problem documents of the service.

One table, with the response types of API Gateway. `build_gateway_responses` returns it for the
deployment template, and `build_local_response` for the local server, which takes the place of the
gateway.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from chalice.app import Response

from chalicelib.settings import AuthMode

from .errors import MISSING_CREDENTIALS, Unauthorized
from .problems import WWW_AUTHENTICATE, build_problem, problem_response


class _GatewayError(NamedTuple):
    status: int
    code: str
    detail: str


# The gateway cannot distinguish an unknown path from an unsupported method.
_NO_ROUTE = _GatewayError(404, "no_such_route", "no route for this method and path")
_ACCESS_DENIED = _GatewayError(403, "forbidden", "IAM does not permit this request")
_INVALID_TOKEN = _GatewayError(401, Unauthorized.code, MISSING_CREDENTIALS)
_NOT_AUTHORIZED = _GatewayError(
    503, "unavailable", "the credentials cannot be verified at the moment; retry later"
)
_ERRORS = {
    "MISSING_AUTHENTICATION_TOKEN": _NO_ROUTE,
    "RESOURCE_NOT_FOUND": _NO_ROUTE,
    "UNAUTHORIZED": _INVALID_TOKEN,
    "ACCESS_DENIED": _INVALID_TOKEN,  # the authorizer permits all requests of valid tokens
    "INVALID_SIGNATURE": _GatewayError(403, "forbidden", "the signature of the request is invalid"),
    "EXPIRED_TOKEN": _GatewayError(403, "forbidden", "the credentials of the request have expired"),
    "INVALID_API_KEY": _GatewayError(403, "forbidden", "the API key of the request is unknown"),
    "WAF_FILTERED": _GatewayError(403, "forbidden", "the firewall rejected the request"),
    "BAD_REQUEST_BODY": _GatewayError(400, "malformed_request", "the request body is invalid"),
    "BAD_REQUEST_PARAMETERS": _GatewayError(
        400, "malformed_request", "the request parameters are invalid"
    ),
    "REQUEST_TOO_LARGE": _GatewayError(
        413, "request_too_large", "the request body exceeds the limit of the gateway"
    ),
    "UNSUPPORTED_MEDIA_TYPE": _GatewayError(
        415, "unsupported_media_type", "the media type of the request body is not supported"
    ),
    "QUOTA_EXCEEDED": _GatewayError(
        429, "throttled", "the quota of these credentials is exhausted"
    ),
    "THROTTLED": _GatewayError(429, "throttled", "too many requests; retry later"),
    # The gateway uses either type for a Lambda authorizer that failed or timed out.
    "AUTHORIZER_CONFIGURATION_ERROR": _NOT_AUTHORIZED,
    "AUTHORIZER_FAILURE": _NOT_AUTHORIZED,
    "API_CONFIGURATION_ERROR": _GatewayError(
        500, "internal_error", "the gateway is not configured for this request"
    ),
    "INTEGRATION_FAILURE": _GatewayError(502, "internal_error", "the service failed"),
    "INTEGRATION_TIMEOUT": _GatewayError(
        504, "timeout", "the service did not respond in time; retry later"
    ),
    "DEFAULT_4XX": _GatewayError(400, "malformed_request", "the gateway rejected the request"),
    "DEFAULT_5XX": _GatewayError(500, "internal_error", "the gateway failed"),
}
_LOCAL_TYPES = {
    (403, "UnauthorizedException"): "MISSING_AUTHENTICATION_TOKEN",
    (401, "UnauthorizedException"): "UNAUTHORIZED",
    (403, "AccessDeniedException"): "ACCESS_DENIED",
    (500, "AuthorizerConfigurationException"): "AUTHORIZER_CONFIGURATION_ERROR",
}
"""Response types by status and `x-amzn-ErrorType` of the errors of `chalice.local`."""

_ALLOW_ORIGIN = "gatewayresponse.header.Access-Control-Allow-Origin"
_RETRYABLE_STATUSES = (429, 503, 504)
_RETRY_AFTER_SECONDS = "2"


def build_gateway_responses(auth: AuthMode, *, allows_origins: bool = False) -> dict[str, Any]:
    """Return the value of `x-amazon-apigateway-gateway-responses`, by response type.

    With `allows_origins`, scripts of all origins can read the errors of the gateway, which contain
    no data: the gateway cannot compare the origin with a list.

    The two defaults keep the status of the gateway; only their documents contain 400 and 500.
    """
    errors = _ERRORS if auth == "token" else _ERRORS | {"ACCESS_DENIED": _ACCESS_DENIED}
    headers = {_ALLOW_ORIGIN: "method.request.header.Origin"} if allows_origins else {}
    return {name: _gateway_response(name, error, headers) for name, error in errors.items()}


def build_local_response(status: int, error_type: str, request_id: str) -> Response:
    """Return the same response for an error of `chalice.local`.

    The error is identified by its status and `x-amzn-ErrorType`.
    """
    default = "DEFAULT_5XX" if status >= 500 else "DEFAULT_4XX"
    error = _ERRORS[_LOCAL_TYPES.get((status, error_type), default)]
    retry_after = {"Retry-After": _RETRY_AFTER_SECONDS}
    return problem_response(
        *error, request_id, retry_after if error.status in _RETRYABLE_STATUSES else {}
    )


def _gateway_response(name: str, error: _GatewayError, headers: dict[str, str]) -> dict[str, Any]:
    document = build_problem(*error, request_id="$context.requestId")
    response: dict[str, Any] = {
        "responseTemplates": {"application/json": msgspec.json.encode(document).decode()},
        "responseParameters": {
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.X-Request-ID": "context.requestId",
            "gatewayresponse.header.Cache-Control": "'no-store'",
            **headers,
        },
    }
    if error.status == 401:
        response["responseParameters"]["gatewayresponse.header.WWW-Authenticate"] = (
            f"'{WWW_AUTHENTICATE}'"
        )
    if not name.startswith("DEFAULT_"):
        response["statusCode"] = str(error.status)
    if error.status in _RETRYABLE_STATUSES:
        response["responseParameters"]["gatewayresponse.header.Retry-After"] = (
            f"'{_RETRY_AFTER_SECONDS}'"
        )
    return response
