"""Errors outward: one table from the error tree to HTTP statuses, and RFC 9457 problem documents."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from chalice.app import Response
from msgspec import Struct

from chalicelib.domain.errors import (
    Conflict,
    DataOpsError,
    InvalidInput,
    MalformedRequest,
    NotFound,
    RequestTooLarge,
    Unavailable,
    UnsupportedMediaType,
)

STATUSES: dict[type[DataOpsError], int] = {
    MalformedRequest: 400,
    NotFound: 404,
    Conflict: 409,
    RequestTooLarge: 413,
    UnsupportedMediaType: 415,
    InvalidInput: 422,
    Unavailable: 503,
}
"""The status of each class; a subclass that is not here has its parent's."""


class Problem(Struct):
    """RFC 9457, with a stable `code` for machines and the `request_id` to quote when asking for help."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str


def status_of(error: type[DataOpsError]) -> int:
    """The HTTP status of a class of errors: its own, or that of its nearest ancestor in the table."""
    return next((STATUSES[ancestor] for ancestor in error.__mro__ if ancestor in STATUSES), 500)


def problem_of(error: DataOpsError, request_id: str) -> Response:
    """The answer to a request that failed with `error`."""
    headers = {"Retry-After": str(error.retry_after_seconds)} if isinstance(error, Unavailable) else {}
    return problem(status_of(type(error)), error.code, str(error), request_id, headers)


def problem(status: int, code: str, detail: str, request_id: str, headers: dict[str, str] | None = None) -> Response:
    """A problem document as an HTTP answer."""
    body = Problem(f"urn:dataops:problem:{code}", HTTPStatus(status).phrase, status, detail, code, request_id)
    return Response(
        body=msgspec.json.encode(body).decode(),
        status_code=status,
        headers={"Content-Type": "application/problem+json", "X-Request-ID": request_id, "Cache-Control": "no-store", **(headers or {})},
    )
