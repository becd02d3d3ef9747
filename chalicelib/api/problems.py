"""Error responses: the table of HTTP statuses, and problem documents (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated

import msgspec
from chalice.app import Response
from msgspec import Meta, Struct

from chalicelib.domain.errors import (
    Conflict,
    DataOpsError,
    DatasetDeleted,
    InvalidInput,
    NotFound,
    Unavailable,
)

from .errors import (
    Forbidden,
    MalformedRequest,
    RequestTooLarge,
    ResponseTooLarge,
    Unauthorized,
    UnsupportedMediaType,
)

STATUSES: dict[type[DataOpsError], int] = {
    MalformedRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    DatasetDeleted: 410,
    RequestTooLarge: 413,
    ResponseTooLarge: 413,
    UnsupportedMediaType: 415,
    InvalidInput: 422,
    Unavailable: 503,
}
"""HTTP status by error class. A subclass that is not listed has the status of its parent."""
WWW_AUTHENTICATE = 'Bearer realm="dataops", error="invalid_token"'
"""Header of 401 responses (RFC 6750)."""


class Problem(Struct):
    """Problem document (RFC 9457).

    `code` is stable, for programs. Quote `request_id` when reporting the problem.
    """

    type: Annotated[
        str,
        Meta(
            description="`urn:dataops:problem:` and the code",
            examples=["urn:dataops:problem:not_found"],
        ),
    ]
    title: Annotated[str, Meta(description="Phrase of the HTTP status", examples=["Not Found"])]
    status: Annotated[int, Meta(description="HTTP status", ge=400, le=599, examples=[404])]
    detail: Annotated[
        str,
        Meta(
            description="The reason, with the values that caused it",
            examples=["run '21' of 'Al2' is not scheduled"],
        ),
    ]
    code: Annotated[str, Meta(description="Stable error code for programs", examples=["not_found"])]
    request_id: Annotated[str, Meta(description="Also in `X-Request-ID` and in the service's log")]


def get_status(error: type[DataOpsError]) -> int:
    """Return the HTTP status of an error class, or of its nearest ancestor in the table."""
    return next((STATUSES[ancestor] for ancestor in error.__mro__ if ancestor in STATUSES), 500)


def error_response(error: DataOpsError, request_id: str) -> Response:
    """Return the response to a request that failed with `error`."""
    seconds = error.retry_after_seconds
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    status = get_status(type(error))
    return problem_response(
        status, error.code, str(error), request_id, headers, members=error.members
    )


def internal_error_response(request_id: str) -> Response:
    """Return the response to a request that failed with an unexpected exception."""
    detail = "unexpected server error; quote the request id when reporting it"
    return problem_response(500, "internal_error", detail, request_id)


def problem_response(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    headers: Mapping[str, str] = MappingProxyType({}),
    *,
    members: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Return a response with a problem document, which has the additional `members`."""
    problem = msgspec.to_builtins(build_problem(status, code, detail, request_id))
    challenge = {"WWW-Authenticate": WWW_AUTHENTICATE} if status == 401 else {}
    return Response(
        body=msgspec.json.encode(problem | dict(members)).decode(),
        status_code=status,
        headers={
            "Content-Type": "application/problem+json",
            "X-Request-ID": request_id,
            "Cache-Control": "no-store",
            **challenge,
            **headers,
        },
    )


def build_problem(status: int, code: str, detail: str, request_id: str) -> Problem:
    """Return a problem document."""
    return Problem(
        type=f"urn:dataops:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        request_id=request_id,
    )
