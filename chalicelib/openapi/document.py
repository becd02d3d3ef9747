"""The OpenAPI document of a list of operations."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from chalicelib.version import VERSION

from .operations import OpenApiContext, Operation
from .schemas import Schema, Schemas, format_parameter

_INFO = {
    "title": "DataOps API",
    "version": VERSION,
    "description": (
        "Schedules atomistic simulations of metallic glasses, reports their status, and serves "
        "their files as archives.\n\n"
        "A *nominal composition* (`nc`) has *runs* (`id_run`): 100-atom cells. A run has "
        "*sub-runs* (`sub_run`): `0` is the reference "
        "cell, `1` to `14` are deformations of it.\n\n"
        "Errors are `application/problem+json` (RFC 9457): branch on `code`, show `detail`, quote "
        "`request_id`. Later versions may add "
        "fields and error codes; they never rename or remove one."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_SECURITY_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "Required if the service is deployed with AUTH=token",
    },
}
_REQUEST_ID_HEADER = {"X-Request-ID": "Identifies the request in the service's log"}
_RETRY_AFTER = {
    "description": "Seconds to wait before repeating the request",
    "schema": {"type": "integer", "minimum": 1},
}
_LOCATION = {"description": "A presigned URL", "schema": {"type": "string", "format": "uri"}}
_ETAG = {"description": "The ETag of the current response", "schema": {"type": "string"}}
_OTHER_RESPONSES: dict[int, Schema] = {
    202: {
        "description": "Not ready yet: repeat the request",
        "headers": {"Retry-After": _RETRY_AFTER},
    },
    303: {
        "description": "The content is at the URL in `Location`",
        "headers": {"Location": _LOCATION},
    },
    304: {
        "description": "Not changed since the response with the ETag of `If-None-Match`",
        "headers": {"ETag": _ETAG, "Retry-After": _RETRY_AFTER},
    },
}
_RETRYABLE_STATUSES = (409, 503)
_INTERNAL_ERROR = (
    500,
    "internal_error",
    "Unexpected server error. Quote the request id when reporting it.",
)


def build_openapi_document(
    operations: Iterable[Operation], context: OpenApiContext, server_url: str = "/"
) -> dict[str, Any]:
    """Return the document of a service whose routes begin at `server_url`."""
    operations = list(operations)
    schemas = Schemas(operations, context)
    paths: dict[str, dict[str, Any]] = {}
    for operation in sorted(operations, key=lambda operation: operation.path):
        path = paths.setdefault(operation.path, {})
        path[operation.method.lower()] = _format_operation(operation, schemas, context)
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": server_url, "description": "This service"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": _SECURITY_SCHEMES},
    }


def _format_operation(operation: Operation, schemas: Schemas, context: OpenApiContext) -> Schema:
    document: Schema = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [
            *(
                format_parameter(
                    name, "path", schemas.reference(context.variables[name]), required=True
                )
                for name in operation.variables
            ),
            *schemas.parameters(operation.query, "query"),
            *schemas.parameters(operation.headers, "header"),
        ],
        "responses": {"200": _format_success(operation, schemas)},
    }
    if operation.body:
        content = {"application/json": {"schema": schemas.reference(operation.body)}}
        document["requestBody"] = {"required": False, "content": content}
    for status, body in operation.other_responses.items():
        document["responses"][str(status)] = _format_other_response(status, body, schemas)
    document["responses"] |= _format_errors(operation, schemas, context)
    if operation.path in context.public_paths:
        document["security"] = []
    return document


def _format_success(operation: Operation, schemas: Schemas) -> Schema:
    if operation.response is None:
        schema: Schema = {"type": "string"}
    elif isinstance(operation.response, tuple):
        schema = {"anyOf": [schemas.reference(body) for body in operation.response]}
    else:
        schema = schemas.reference(operation.response)
    response: Schema = {
        "description": operation.summary,
        "content": {operation.media_type: {"schema": schema}},
        "headers": {
            name: {"description": meaning, "schema": {"type": "string"}}
            for name, meaning in (_REQUEST_ID_HEADER | dict(operation.response_headers)).items()
        },
    }
    run = {"nc": "$response.body#/nc", "id_run": "$response.body#/id_run"}
    if operation.links:
        response["links"] = {
            name: {"operationId": name, "parameters": run} for name in operation.links
        }
    return response


def _format_other_response(status: int, body: Any, schemas: Schemas) -> Schema:
    response = dict(_OTHER_RESPONSES[status])
    if body is not None:
        response["content"] = {"application/json": {"schema": schemas.reference(body)}}
    return response


def _format_errors(operation: Operation, schemas: Schemas, context: OpenApiContext) -> Schema:
    errors = operation.errors
    if operation.path not in context.public_paths:
        errors = (*errors, *context.access_errors)
    cases = [(context.get_status(error), error.code, error.__doc__ or "") for error in errors]
    responses: Schema = {}
    for status, code, docstring in sorted([*cases, _INTERNAL_ERROR]):
        meaning = docstring.strip().splitlines()[0]
        response = responses.setdefault(
            str(status), _problem_response(schemas.reference(context.problem), status)
        )
        descriptions = [response["description"], f"`{code}`: {meaning}"]
        response["description"] = " ".join(filter(None, descriptions))
        response["content"]["application/problem+json"]["examples"][code] = {
            "value": {
                "type": f"urn:dataops:problem:{code}",
                "title": HTTPStatus(status).phrase,
                "status": status,
                "detail": meaning,
                "code": code,
                "request_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            }
        }
    return responses


def _problem_response(schema: Schema, status: int) -> Schema:
    response: Schema = {
        "description": "",
        "content": {"application/problem+json": {"schema": schema, "examples": {}}},
    }
    if status in _RETRYABLE_STATUSES:
        response["headers"] = {"Retry-After": _RETRY_AFTER}
    return response
