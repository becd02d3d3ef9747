"""The OpenAPI document of a list of operations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from chalicelib.version import VERSION

from .operations import OpenApiContext, Operation
from .schemas import Schema, Schemas, format_parameter

_DESCRIPTION = """\
Schedules simulation runs of metallic glasses, reports their status, and serves their files as
checksummed ZIP archives. **No calculation is run**: the simulated executor releases files that
already exist.

A *nominal composition* (`nc`, such as `Zr49Cu49Al2`) has *runs* (`id_run`): cells of atoms. A run
has *sub-runs* (`sub_run`): `0` is the reference cell, `1` to `14` are deformed copies of it.

**First steps**: [list the compositions](#/data/compositions), [schedule a
run](#/runs/schedule_run), [augment it](#/runs/augment), [get its status](#/runs/status), and
[download it](#/archives/download_run). [The web page](./) shows runs, outcomes and bonds. The
command `dataops` and the Python library `dataops_client` do the same, verify each file, and resume
interrupted downloads.

<details><summary>Errors</summary>

Errors are problem documents (`application/problem+json`, RFC 9457). Branch on `code`, show
`detail`, quote `request_id`. Later versions may add fields and codes; they never rename or remove
one.

| status | code | meaning |
|---|---|---|
{errors}

</details>
"""
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
    201: {"description": "Created"},
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
        "info": {
            "title": "DataOps API",
            "version": VERSION,
            "description": _DESCRIPTION.format(errors=_format_error_table(operations, context)),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        **_format_documentation(context),
        "servers": [{"url": server_url, "description": "This service"}],
        "tags": [{"name": name, "description": text} for name, text in context.tags.items()],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": _SECURITY_SCHEMES},
    }


def _format_operation(operation: Operation, schemas: Schemas, context: OpenApiContext) -> Schema:
    document: Schema = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "description": operation.description,
        "tags": [operation.tag],
        "parameters": [
            *(
                format_parameter(
                    name, "path", schemas.reference(context.variables[name]), required=True
                )
                | {"example": context.parameter_examples[name]}
                for name in operation.variables
            ),
            *schemas.parameters(operation.query, "query"),
            *(
                parameter
                for parameter in schemas.parameters(operation.headers, "header")
                if parameter["name"] != "accept"  # OpenAPI ignores it; the description names it
            ),
        ],
        "responses": {"200": _format_success(operation, schemas, context)},
    }
    if operation.body:
        content = {"schema": schemas.reference(operation.body)}
        content["example"] = context.example_requests[operation.operation_id]
        required = any(field.required for field in msgspec.structs.fields(operation.body))
        document["requestBody"] = {"required": required, "content": {"application/json": content}}
    for status, body in operation.other_responses.items():
        response = _format_other_response(status, body, schemas)
        if example := context.examples.get(f"{operation.operation_id} {status}"):
            response["content"]["application/json"]["example"] = example
        document["responses"][str(status)] = response
    document["responses"] |= _format_errors(operation, schemas, context)
    if operation.path in context.public_paths:
        document["security"] = []
    return document


def _format_success(operation: Operation, schemas: Schemas, context: OpenApiContext) -> Schema:
    if operation.response is None:
        schema: Schema = {"type": "string"}
    elif isinstance(operation.response, tuple):
        schema = {"anyOf": [schemas.reference(body) for body in operation.response]}
    else:
        schema = schemas.reference(operation.response)
    content: Schema = {"schema": schema}
    if operation.operation_id in context.examples:
        content["example"] = context.examples[operation.operation_id]
    response: Schema = {
        "description": "Success",
        "content": {operation.media_type: content},
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
    responses: Schema = {}
    for status, code, _ in _list_errors(operation, context):
        response = responses.setdefault(
            str(status), _problem_response(schemas.reference(context.problem), status)
        )
        response["description"] = ", ".join(filter(None, [response["description"], f"`{code}`"]))
    return responses


def _list_errors(operation: Operation, context: OpenApiContext) -> list[tuple[int, str, str]]:
    """Return the statuses, codes and meanings of the errors of an operation."""
    errors = operation.errors
    if operation.path not in context.public_paths:
        errors = (*errors, *context.access_errors)
    cases = [
        (context.get_status(error), error.code, (error.__doc__ or "").strip().splitlines()[0])
        for error in errors
    ]
    return sorted([*cases, _INTERNAL_ERROR])


def _format_error_table(operations: Iterable[Operation], context: OpenApiContext) -> str:
    """Return the rows of a Markdown table of all errors."""
    errors = {error for operation in operations for error in _list_errors(operation, context)}
    return "\n".join(f"| {status} | `{code}` | {text} |" for status, code, text in sorted(errors))


def _format_documentation(context: OpenApiContext) -> Schema:
    if context.documentation_url is None:
        return {}
    return {"externalDocs": {"description": "Documentation", "url": context.documentation_url}}


def _problem_response(schema: Schema, status: int) -> Schema:
    response: Schema = {
        "description": "",
        "content": {"application/problem+json": {"schema": schema}},
    }
    if status in _RETRYABLE_STATUSES:
        response["headers"] = {"Retry-After": _RETRY_AFTER}
    return response
