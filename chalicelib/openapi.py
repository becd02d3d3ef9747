"""The OpenAPI 3.1 document, made of the operations: what each route takes and answers. Pure."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from .domain.errors import (
    DataOpsError,
    Forbidden,
    InvalidInput,
    MalformedRequest,
    RequestTooLarge,
    Unauthorized,
    UnsupportedMediaType,
)
from .version import VERSION

_INFO = {
    "title": "DataOps API",
    "version": VERSION,
    "description": (
        "Schedules atomistic simulations of metallic glasses, tells how they stand, and hands out their files as archives.\n\n"
        "A *nominal composition* (`nc`) has *runs* (`id_run`): 100-atom cells. A run has *sub-runs* (`sub_run`): `0` is the reference "
        "cell, `1` to `14` are deformations of it.\n\n"
        "Errors are `application/problem+json` (RFC 9457): branch on `code`, show `detail`, quote `request_id`. Fields and error codes "
        "may be added; none is renamed or dropped."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_REF = "#/components/schemas/{name}"
_VARIABLE = re.compile(r"{(\w+)}")

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path: what it takes (structs of query parameters, headers and body) and what it answers.

    `returns` is the body of a 200, or a tuple of those that it may be, and `sends` are headers it may have; `answers` are the bodies of
    the other statuses that are no failures. `leads_to` names the views that can be asked next about the run that a 200 names.
    """

    method: str
    path: str
    operation_id: str
    tag: str
    view: Callable[..., Any]
    returns: Any
    fails: tuple[type[DataOpsError], ...]
    query: type[msgspec.Struct] | None
    headers: type[msgspec.Struct] | None
    body: type[msgspec.Struct] | None
    answers: Mapping[int, type[msgspec.Struct] | None]
    sends: Mapping[str, str]
    media_type: str
    leads_to: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The first line of the view's docstring."""
        return (self.view.__doc__ or "").strip().splitlines()[0]

    @property
    def variables(self) -> list[str]:
        """The names of the path's variables."""
        return _VARIABLE.findall(self.path)

    @property
    def failures(self) -> list[type[DataOpsError]]:
        """Every class of errors it may answer with: what it declares, and what `@endpoint` finds out before its view is called."""
        implied: list[type[DataOpsError]] = [MalformedRequest]
        if self.query or self.headers or self.body or self.variables:
            implied.append(InvalidInput)
        if self.body:
            implied += [RequestTooLarge, UnsupportedMediaType]
        return list(dict.fromkeys([*implied, *self.fails]))


@dataclass(frozen=True, slots=True)
class Conventions:
    """What all operations share: the types of path variables, the problem document, the status of each class of errors.

    `open_paths` need no credentials in any stage. `schema_names` are the names of the schemas, which must not follow the names of classes.
    """

    schema_names: Mapping[str, type]
    variables: Mapping[str, Any]
    problem: type[msgspec.Struct]
    status_of: Callable[[type[DataOpsError]], int]
    open_paths: frozenset[str]


def openapi_document(
    operations: Iterable[Operation], conventions: Conventions, server_url: str = "/"
) -> dict[str, Any]:
    """The document for a service whose routes begin at `server_url`."""
    operations = list(operations)
    schemas = _Schemas(operations, conventions)
    paths: dict[str, dict[str, Any]] = {}
    for operation in sorted(operations, key=lambda operation: operation.path):
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, schemas, conventions
        )
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": server_url, "description": "This service"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Where the service is deployed with AUTH=token",
                },
            },
        },
    }


class _Schemas:
    """JSON Schemas of the wire types: those with names as components, parameters by the fields of their structs."""

    def __init__(self, operations: list[Operation], conventions: Conventions) -> None:
        inputs = [
            struct
            for operation in operations
            for struct in (operation.query, operation.headers)
            if struct
        ]
        types = [
            *conventions.variables.values(),
            *(t for operation in operations for t in _types(operation)),
            conventions.problem,
        ]
        distinct = list({repr(t): t for t in [*inputs, *types]}.values())
        refs, components = _named_components(distinct, conventions.schema_names, set(inputs))
        self._by_type = dict(zip(map(repr, distinct), refs, strict=True))
        self._inputs = {
            struct.__name__: components.pop(struct.__name__) for struct in dict.fromkeys(inputs)
        }
        self.components = {name: _component(schema) for name, schema in sorted(components.items())}

    def of(self, type_: Any) -> Schema:
        return self._by_type[repr(type_)]

    def parameters(self, struct: type[msgspec.Struct] | None, place: str) -> list[Schema]:
        """The fields of a struct of query parameters or headers."""
        if struct is None:
            return []
        schema = self._inputs[struct.__name__]
        return [
            _parameter(
                name, place, _without_null(field), required=name in schema.get("required", ())
            )
            for name, field in schema["properties"].items()
        ]


def _named_components(
    types: list[Any], names: Mapping[str, type], unnamed: set[Any]
) -> tuple[list[Schema], dict[str, Schema]]:
    """Return the schemas of the types, and the components by their explicit names. Structs of parameters stay `unnamed`."""
    refs, components = msgspec.json.schema_components([*types, *names.values()], ref_template=_REF)
    own_refs = refs[len(types) :]
    renamed = {
        ref["$ref"]: _REF.format(name=name) for name, ref in zip(names, own_refs, strict=True)
    }

    def rename(schema: Any) -> Any:
        if isinstance(schema, dict):
            return {
                key: renamed.get(value, value) if key == "$ref" else rename(value)
                for key, value in schema.items()
            }
        return [rename(each) for each in schema] if isinstance(schema, list) else schema

    by_name = {}
    for generated, schema in components.items():
        ref = _REF.format(name=generated)
        if ref not in renamed and generated not in {each.__name__ for each in unnamed}:
            raise LookupError(f"schema {generated!r} has no explicit name: add it to SCHEMA_NAMES")
        by_name[renamed.get(ref, ref).rpartition("/")[2]] = rename(schema)
    return [rename(ref) for ref in refs[: len(types)]], by_name


def _types(operation: Operation) -> list[Any]:
    bodies = operation.returns if isinstance(operation.returns, tuple) else (operation.returns,)
    return [
        body for body in (*bodies, operation.body, *operation.answers.values()) if body is not None
    ]


def _operation(operation: Operation, schemas: _Schemas, conventions: Conventions) -> Schema:
    document: Schema = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [
            *(
                _parameter(name, "path", schemas.of(conventions.variables[name]), required=True)
                for name in operation.variables
            ),
            *schemas.parameters(operation.query, "query"),
            *schemas.parameters(operation.headers, "header"),
        ],
        "responses": {"200": _success(operation, schemas)},
    }
    if operation.body:
        document["requestBody"] = {
            "required": False,
            "content": {"application/json": {"schema": schemas.of(operation.body)}},
        }
    for status, body in operation.answers.items():
        document["responses"][str(status)] = _other(status, body, schemas)
    document["responses"] |= _failures(operation, schemas, conventions)
    if operation.path in conventions.open_paths:
        document["security"] = []
    return document


def _parameter(name: str, place: str, schema: Schema, *, required: bool) -> Schema:
    parameter: Schema = {"name": name, "in": place, "required": required, "schema": schema}
    if "description" in schema:
        parameter["description"] = schema["description"]
    return parameter


def _success(operation: Operation, schemas: _Schemas) -> Schema:
    if operation.returns is None:
        schema: Schema = {"type": "string"}
    elif isinstance(operation.returns, tuple):
        schema = {"anyOf": [schemas.of(body) for body in operation.returns]}
    else:
        schema = schemas.of(operation.returns)
    response: Schema = {
        "description": operation.summary,
        "content": {operation.media_type: {"schema": schema}},
    }
    sent = {"X-Request-ID": "Names the request in the service's log", **operation.sends}
    response["headers"] = {
        name: {"description": meaning, "schema": {"type": "string"}}
        for name, meaning in sent.items()
    }
    run = {"nc": "$response.body#/nc", "id_run": "$response.body#/id_run"}
    if operation.leads_to:
        response["links"] = {
            name: {"operationId": name, "parameters": run} for name in operation.leads_to
        }
    return response


def _other(status: int, body: Any, schemas: _Schemas) -> Schema:
    whole_seconds = {
        "description": "Seconds to wait before asking again",
        "schema": {"type": "integer", "minimum": 1},
    }
    place = {
        "description": "Where it is: a presigned URL",
        "schema": {"type": "string", "format": "uri"},
    }
    descriptions = {202: "Not ready yet: ask the same URL again", 303: "It is at another address"}
    headers = {202: {"Retry-After": whole_seconds}, 303: {"Location": place}}
    response: Schema = {"description": descriptions[status], "headers": headers[status]}
    if body is not None:
        response["content"] = {"application/json": {"schema": schemas.of(body)}}
    return response


def _failures(operation: Operation, schemas: _Schemas, conventions: Conventions) -> Schema:
    closed: list[type[DataOpsError]] = (
        [] if operation.path in conventions.open_paths else [Unauthorized, Forbidden]
    )
    cases = [
        (conventions.status_of(error), error.code, error.__doc__ or "")
        for error in (*operation.failures, *closed)
    ]
    cases.append(
        (
            500,
            "internal_error",
            "Something that should not happen did; it was logged under the request id.",
        )
    )
    responses: Schema = {}
    for status, code, meaning in sorted(cases):
        content = responses.setdefault(
            str(status), _problem_response(schemas.of(conventions.problem), status)
        )
        first_line = meaning.strip().splitlines()[0]
        content["description"] = " ".join(
            [*filter(None, [content["description"]]), f"`{code}`: {first_line}"]
        )
        content["content"]["application/problem+json"]["examples"][code] = {
            "value": {
                "type": f"urn:dataops:problem:{code}",
                "title": HTTPStatus(status).phrase,
                "status": status,
                "detail": first_line,
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
    if status in (409, 503):
        seconds = {"type": "integer", "minimum": 1}
        response["headers"] = {
            "Retry-After": {
                "description": "Seconds to wait, where another try makes sense",
                "schema": seconds,
            }
        }
    return response


def _component(schema: Schema) -> Schema:
    """Without the title, which only repeats the name, and with the docstring as text."""
    kept = {name: value for name, value in schema.items() if name != "title"}
    if "description" in kept:
        kept["description"] = inspect.cleandoc(kept["description"])
    if "properties" in kept:
        kept["properties"] = {name: _uniform(field) for name, field in kept["properties"].items()}
    return kept


def _uniform(field: Schema) -> Schema:
    """A tuple of one type as a list of that length, which means the same and which generators of clients know."""
    kinds = field.get("prefixItems", [])
    if not kinds or any(kind != kinds[0] for kind in kinds):
        return field
    return {name: value for name, value in field.items() if name != "prefixItems"} | {
        "items": kinds[0]
    }


def _without_null(schema: Schema) -> Schema:
    """A parameter is given or not; it is never null."""
    if "anyOf" not in schema:
        return schema
    variants = [variant for variant in schema["anyOf"] if variant != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**variants[0], **rest} if len(variants) == 1 else {**rest, "anyOf": variants}
