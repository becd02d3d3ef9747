"""The errors of HTTP requests, in addition to those of the domain.

DataOpsError                 (chalicelib.domain.errors)
├── MalformedRequest         the request cannot be parsed
├── RequestTooLarge          the request body exceeds the size limit
├── UnsupportedMediaType     the request body is not JSON
├── ResponseTooLarge         the response would exceed the size limit of a gateway
├── Unauthorized             the request has no valid token
└── Forbidden                the scope of the token does not permit the request

The first line of each docstring is published in the OpenAPI document. `problems.STATUSES` maps all
errors to HTTP statuses.
"""

from __future__ import annotations

from chalicelib.domain.errors import DataOpsError


class MalformedRequest(DataOpsError):
    """The request cannot be parsed: invalid JSON, or an unknown or repeated parameter."""

    code = "malformed_request"


class RequestTooLarge(DataOpsError):
    """The request body exceeds the size limit."""

    code = "request_too_large"


class UnsupportedMediaType(DataOpsError):
    """The request body is not JSON."""

    code = "unsupported_media_type"


class ResponseTooLarge(DataOpsError):
    """The response would be too large: request pages with `limit`."""

    code = "answer_too_large"


MISSING_CREDENTIALS = (
    "the token is missing, unknown, revoked or expired; send it as 'Authorization: Bearer TOKEN'; "
    "operators of the service create tokens"
)


class Unauthorized(DataOpsError):
    """The token is missing, unknown, revoked or expired."""

    code = "invalid_token"


class Forbidden(DataOpsError):
    """The token is valid, but its scope does not permit this request."""

    code = "forbidden"
