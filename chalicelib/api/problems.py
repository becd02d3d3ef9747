"""Errors outward: one table from the error tree to HTTP statuses, and RFC 9457 problem documents."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import msgspec
from chalice.app import Response
from msgspec import Meta, Struct

from chalicelib.domain.errors import (
    AnswerTooLarge,
    Conflict,
    DataOpsError,
    Forbidden,
    InvalidInput,
    MalformedRequest,
    NotFound,
    RequestTooLarge,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)

STATUSES: dict[type[DataOpsError], int] = {
    MalformedRequest: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    RequestTooLarge: 413,
    AnswerTooLarge: 413,
    UnsupportedMediaType: 415,
    InvalidInput: 422,
    Unavailable: 503,
}
"""The status of each class; a subclass that is not here has its parent's."""


class Problem(Struct):
    """RFC 9457, with a stable `code` for machines and the `request_id` to quote when asking for help."""

    type: Annotated[
        str,
        Meta(
            description="`urn:dataops:problem:` and the code",
            examples=["urn:dataops:problem:not_found"],
        ),
    ]
    title: Annotated[str, Meta(description="The HTTP status in words", examples=["Not Found"])]
    status: Annotated[int, Meta(description="The HTTP status", ge=400, le=599, examples=[404])]
    detail: Annotated[
        str,
        Meta(
            description="What is wrong, with the values involved",
            examples=["run '21' of 'Al2' is not scheduled"],
        ),
    ]
    code: Annotated[
        str, Meta(description="Which error it is, for machines", examples=["not_found"])
    ]
    request_id: Annotated[str, Meta(description="Also in `X-Request-ID`, and in the service's log")]


def status_of(error: type[DataOpsError]) -> int:
    """The HTTP status of a class of errors: its own, or that of its nearest ancestor in the table."""
    return next((STATUSES[ancestor] for ancestor in error.__mro__ if ancestor in STATUSES), 500)


def problem_of(error: DataOpsError, request_id: str) -> Response:
    """The answer to a request that failed with `error`."""
    headers = (
        {} if error.retry_after_seconds is None else {"Retry-After": str(error.retry_after_seconds)}
    )
    return problem(status_of(type(error)), error.code, str(error), request_id, headers)


def problem(
    status: int, code: str, detail: str, request_id: str, headers: dict[str, str] | None = None
) -> Response:
    """A problem document as an HTTP answer."""
    return Response(
        body=msgspec.json.encode(problem_document(status, code, detail, request_id)).decode(),
        status_code=status,
        headers={
            "Content-Type": "application/problem+json",
            "X-Request-ID": request_id,
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )


def problem_document(status: int, code: str, detail: str, request_id: str) -> Problem:
    """The document itself."""
    return Problem(
        f"urn:dataops:problem:{code}", HTTPStatus(status).phrase, status, detail, code, request_id
    )
