"""What API Gateway answers on its own, as the problem documents of the service.

One table, in the gateway's names of its responses. The deployment template gets them from `gateway_responses`; the local launcher,
which stands in for the gateway, from `local_answer`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from chalice.app import Response

from .problems import problem, problem_document


class _Answer(NamedTuple):
    status: int
    code: str
    detail: str


_ANSWERS = {
    # The gateway knows methods, not paths: it does not tell a path that is not there from a method that is not.
    "MISSING_AUTHENTICATION_TOKEN": _Answer(
        404, "no_such_route", "there is nothing at this path for this method"
    ),
    "RESOURCE_NOT_FOUND": _Answer(
        404, "no_such_route", "there is nothing at this path for this method"
    ),
    "UNAUTHORIZED": _Answer(
        401, "unauthorized", "the request carries no credentials: send an Authorization header"
    ),
    "ACCESS_DENIED": _Answer(403, "forbidden", "these credentials do not allow this request"),
    "INVALID_SIGNATURE": _Answer(403, "forbidden", "the signature of the request is not valid"),
    "EXPIRED_TOKEN": _Answer(403, "forbidden", "the credentials of the request have expired"),
    "INVALID_API_KEY": _Answer(403, "forbidden", "the API key of the request is not known"),
    "WAF_FILTERED": _Answer(403, "forbidden", "the firewall refused the request"),
    "BAD_REQUEST_BODY": _Answer(400, "malformed_request", "the body cannot be read"),
    "BAD_REQUEST_PARAMETERS": _Answer(400, "malformed_request", "the parameters cannot be read"),
    "REQUEST_TOO_LARGE": _Answer(
        413, "request_too_large", "the body is larger than the gateway passes on"
    ),
    "UNSUPPORTED_MEDIA_TYPE": _Answer(
        415, "unsupported_media_type", "the body is not of a type that is read here"
    ),
    "QUOTA_EXCEEDED": _Answer(429, "throttled", "the quota of these credentials is used up"),
    "THROTTLED": _Answer(429, "throttled", "too many requests: slow down"),
    # What the gateway calls a Lambda authorizer that failed, time-outs included: either of the two.
    "AUTHORIZER_CONFIGURATION_ERROR": _Answer(
        503, "unavailable", "the credentials cannot be checked now: ask again"
    ),
    "AUTHORIZER_FAILURE": _Answer(
        503, "unavailable", "the credentials cannot be checked now: ask again"
    ),
    "API_CONFIGURATION_ERROR": _Answer(
        500, "internal_error", "the gateway is not configured for this request"
    ),
    "INTEGRATION_FAILURE": _Answer(502, "internal_error", "the service failed"),
    "INTEGRATION_TIMEOUT": _Answer(504, "timeout", "the service did not answer in time: ask again"),
    "DEFAULT_4XX": _Answer(400, "malformed_request", "the gateway refused the request"),
    "DEFAULT_5XX": _Answer(500, "internal_error", "the gateway failed"),
}

_WORTH_ANOTHER_TRY = (429, 503, 504)
_RETRY_AFTER_SECONDS = "2"


def gateway_responses() -> dict[str, Any]:
    """The value of `x-amazon-apigateway-gateway-responses`, by the gateway's name of each response.

    The defaults keep the gateway's own statuses, so they stand for 400 and 500 in their documents only.
    """
    return {name: _gateway_response(name, answer) for name, answer in _ANSWERS.items()}


def local_answer(status: int, error_type: str, request_id: str) -> Response:
    """The same for an error of `chalice.local`, which is known by its status and its `x-amzn-ErrorType`."""
    names = {
        (403, "UnauthorizedException"): "MISSING_AUTHENTICATION_TOKEN",
        (401, "UnauthorizedException"): "UNAUTHORIZED",
        (403, "AccessDeniedException"): "ACCESS_DENIED",
        (500, "AuthorizerConfigurationException"): "AUTHORIZER_CONFIGURATION_ERROR",
    }
    answer = _ANSWERS[
        names.get((status, error_type), "DEFAULT_5XX" if status >= 500 else "DEFAULT_4XX")
    ]
    return problem(
        *answer,
        request_id,
        {"Retry-After": _RETRY_AFTER_SECONDS} if answer.status in _WORTH_ANOTHER_TRY else None,
    )


def _gateway_response(name: str, answer: _Answer) -> dict[str, Any]:
    document = problem_document(*answer, request_id="$context.requestId")
    response: dict[str, Any] = {
        "responseTemplates": {"application/json": msgspec.json.encode(document).decode()},
        "responseParameters": {
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.X-Request-ID": "context.requestId",
            "gatewayresponse.header.Cache-Control": "'no-store'",
        },
    }
    if not name.startswith("DEFAULT_"):
        response["statusCode"] = str(answer.status)
    if answer.status in _WORTH_ANOTHER_TRY:
        response["responseParameters"]["gatewayresponse.header.Retry-After"] = (
            f"'{_RETRY_AFTER_SECONDS}'"
        )
    return response
