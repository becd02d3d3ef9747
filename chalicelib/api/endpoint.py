"""The `@endpoint` decorator.

It validates requests, renders results and errors, and declares operations for OpenAPI.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

import msgspec
from chalice.app import Blueprint, Response
from msgspec import Struct

from chalicelib.domain.errors import DataOpsError, InvalidInput
from chalicelib.openapi import Operation

from .errors import MalformedRequest, RequestTooLarge, UnsupportedMediaType
from .logs import LOG
from .problems import error_response, get_status, internal_error_response
from .requests import parse_body, parse_headers, parse_query

View = Callable[..., Any]


class ApiBlueprint(Blueprint):
    """A Blueprint that collects the operations of its routes, under one OpenAPI tag."""

    def __init__(self, import_name: str, *, tag: str) -> None:
        super().__init__(import_name)
        self.tag = tag
        self.operations: list[Operation] = []


@dataclass(frozen=True, slots=True)
class JsonResponse:
    """A response with a custom status code or headers."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def endpoint(
    blueprint: ApiBlueprint,
    method: str,
    path: str,
    *,
    operation_id: str,
    response: Any,
    errors: tuple[type[DataOpsError], ...] = (),
    query: type[Struct] | None = None,
    headers: type[Struct] | None = None,
    body: type[Struct] | None = None,
    other_responses: Mapping[int, type[Struct] | None] = MappingProxyType({}),
    response_headers: Mapping[str, str] = MappingProxyType({}),
    media_type: str = "application/json",
    links: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Register a view at `path`; see `openapi.Operation` for the declarations.

    The view receives the path variables as text, and `query`, `headers` and `body` as the declared
    structs. A missing body is the struct with its defaults. The view returns the body, a
    JsonResponse, or a complete Response.
    """

    def register(view: View) -> View:
        blueprint.operations.append(
            Operation(
                method=method,
                path=path,
                operation_id=operation_id,
                tag=blueprint.tag,
                view=view,
                response=response,
                errors=_all_errors(errors, path, query, headers, body),
                query=query,
                headers=headers,
                body=body,
                other_responses=other_responses,
                response_headers=response_headers,
                media_type=media_type,
                links=links,
            )
        )

        @functools.wraps(view)
        def handle(**variables: str) -> Response:
            request = blueprint.current_request
            request_id = get_request_id(request)
            log_fields = {"request_id": request_id, "method": method, "route": path}
            try:
                arguments: dict[str, Any] = {
                    name: unquote(value) for name, value in variables.items()
                }
                parameters = parse_query(request.query_params, query)
                if query is not None:
                    arguments["query"] = parameters
                if headers is not None:
                    arguments["headers"] = parse_headers(request.headers, headers)
                if body is not None:
                    arguments["body"] = parse_body(request, body)
                return _to_response(view(**arguments), request_id)
            except DataOpsError as error:
                if get_status(type(error)) >= 500:
                    cause = error.__cause__
                    cause_text = f"{type(cause).__name__}: {cause}" if cause else ""
                    log_fields |= {"detail": str(error), "cause": cause_text}
                    LOG.warning("unavailable", extra={"fields": log_fields})
                return error_response(error, request_id)
            except Exception:
                LOG.exception("failed", extra={"fields": log_fields})
                return internal_error_response(request_id)

        # Chalice rejects other content types with a response of its own form, for GET as well;
        # `parse_body` checks them instead.
        blueprint.route(path, methods=[method], content_types=["*/*"], name=f"{method} {path}")(
            handle
        )
        return view

    return register


def _all_errors(
    declared: tuple[type[DataOpsError], ...], path: str, *structs: type[Struct] | None
) -> tuple[type[DataOpsError], ...]:
    """Return the declared errors, and those that `handle` raises before it calls the view."""
    implied: list[type[DataOpsError]] = [MalformedRequest]
    if any(structs) or "{" in path:
        implied.append(InvalidInput)
    if structs[-1]:  # the body
        implied += [RequestTooLarge, UnsupportedMediaType]
    return tuple(dict.fromkeys([*implied, *declared]))


def get_request_id(request: Any) -> str:
    """Return the id of a request. It is the same at every call for one request."""
    # API Gateway's id is in its access log and visible to callers. `app.lambda_context` is not
    # usable: threads share it.
    return str(
        request.context.get("requestId")
        or getattr(request.lambda_context, "aws_request_id", None)
        or uuid.uuid4()
    )


def get_principal_id(request: Any) -> str | None:
    """Return the caller that the gateway verified: a token id or an IAM ARN.

    Return None if the service requires no credentials.
    """
    authorizer = request.context.get("authorizer") or {}
    identity = request.context.get("identity") or {}
    return authorizer.get("principalId") or identity.get("userArn")


def _to_response(result: Any, request_id: str) -> Response:
    if isinstance(result, Response):
        result.headers["X-Request-ID"] = request_id
        return result
    response = result if isinstance(result, JsonResponse) else JsonResponse(result)
    text = "" if response.body is None else msgspec.json.encode(response.body).decode()
    headers: dict[str, Any] = {
        "Content-Type": "application/json",
        "X-Request-ID": request_id,
        "Cache-Control": "no-store",
    }
    return Response(
        body=text, status_code=response.status, headers=headers | dict(response.headers)
    )
