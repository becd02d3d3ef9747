"""`@endpoint`: registers a route, runs its view inside the error table and keeps its operation for the OpenAPI document."""

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

from chalicelib.domain.errors import (
    DataOpsError,
    InvalidInput,
    MalformedRequest,
    RequestTooLarge,
    UnsupportedMediaType,
)
from chalicelib.openapi import Operation

from .logs import LOG
from .problems import problem, problem_of, status_of

MAX_BODY_BYTES = 64 * 1024


class Door(Blueprint):
    """A Blueprint that keeps the operations of its routes, under one OpenAPI tag."""

    def __init__(self, import_name: str, *, tag: str) -> None:
        super().__init__(import_name)
        self.tag = tag
        self.operations: list[Operation] = []


@dataclass(frozen=True, slots=True)
class Answer:
    """What a view returns where 200 and a JSON body are not all there is to say."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


View = Callable[..., Any]


def endpoint(
    door: Door,
    method: str,
    path: str,
    *,
    operation_id: str,
    returns: Any,
    fails: tuple[type[DataOpsError], ...] = (),
    query: type[Struct] | None = None,
    headers: type[Struct] | None = None,
    body: type[Struct] | None = None,
    answers: Mapping[int, type[Struct] | None] = MappingProxyType({}),
    sends: Mapping[str, str] = MappingProxyType({}),
    media_type: str = "application/json",
    leads_to: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Serve `view` at `path`. It gets the path's variables as text and, where their structs are named here, `query`, `headers`, `body`.

    Unknown or repeated query parameters are MalformedRequest; a `body` that is left out is the struct with its defaults.
    `returns` is the body of a 200 (a tuple: one of these), which may carry the headers `sends` (with what they mean); `answers` are
    the bodies of the other statuses that are no failures; `leads_to` names views to ask next about the run of the answer. A view may
    return its answer as an Answer, or ready-made as a Response.
    """

    def register(view: View) -> View:
        door.operations.append(
            Operation(
                method,
                path,
                operation_id,
                door.tag,
                view,
                returns,
                fails,
                query,
                headers,
                body,
                answers,
                sends,
                media_type,
                leads_to,
            )
        )

        @functools.wraps(view)
        def answer(**variables: str) -> Response:
            request = door.current_request
            request_id = request_id_of(request)
            try:
                arguments: dict[str, Any] = {
                    name: unquote(value) for name, value in variables.items()
                }
                parameters = _query(request.query_params, query)
                if query is not None:
                    arguments["query"] = parameters
                if headers is not None:
                    arguments["headers"] = _headers(request.headers, headers)
                if body is not None:
                    arguments["body"] = _body(request, body)
                return _rendered(view(**arguments), request_id)
            except DataOpsError as error:
                if status_of(type(error)) >= 500:
                    cause = (
                        ""
                        if error.__cause__ is None
                        else f"{type(error.__cause__).__name__}: {error.__cause__}"
                    )
                    fields = {
                        "request_id": request_id,
                        "method": method,
                        "route": path,
                        "detail": str(error),
                        "cause": cause,
                    }
                    LOG.warning("unavailable", extra={"fields": fields})
                return problem_of(error, request_id)
            except Exception:
                LOG.exception(
                    "failed",
                    extra={"fields": {"request_id": request_id, "method": method, "route": path}},
                )
                return problem(
                    500,
                    "internal_error",
                    "An internal error occurred; it was logged under the request id.",
                    request_id,
                )

        # Chalice would refuse other content types with an answer of its own form, on GET as well: `_body` decides instead.
        door.route(path, methods=[method], content_types=["*/*"], name=f"{method} {path}")(answer)
        return view

    return register


def request_id_of(request: Any) -> str:
    """The same for one request, however often it is asked."""
    # API Gateway's id stands in its access log and in what its users see; not `app.lambda_context`, which threads share.
    return str(
        request.context.get("requestId")
        or getattr(request.lambda_context, "aws_request_id", None)
        or uuid.uuid4()
    )


def caller_of(request: Any) -> str | None:
    """Who sent it, as the gateway verified: the id of a token, or an ARN of IAM; None where nobody is asked."""
    authorizer, identity = (
        request.context.get("authorizer") or {},
        request.context.get("identity") or {},
    )
    return authorizer.get("principalId") or identity.get("userArn")


def _query(given: Any, struct: type[Struct] | None) -> Any:
    fields = {name.encode_name: name for name in msgspec.structs.fields(struct)} if struct else {}
    values: dict[str, Any] = {}
    for name in given or {}:
        texts = given.getlist(name)
        if name not in fields:
            raise MalformedRequest(
                f"query parameter {name!r} is not known: expected {_names(fields)}"
            )
        repeatable = not isinstance(fields[name].default_factory, type(msgspec.NODEFAULT))
        if not repeatable and len(texts) > 1:
            raise MalformedRequest(
                f"query parameter {name!r} is given {len(texts)} times: expected once"
            )
        values[name] = texts if repeatable else texts[0]
    return _converted(values, struct, "query parameter") if struct else None


def _names(fields: Mapping[str, object]) -> str:
    return "one of " + ", ".join(map(repr, fields)) if fields else "none here"


def _headers(given: Mapping[str, str], struct: type[Struct]) -> Any:
    names = [known.encode_name for known in msgspec.structs.fields(struct)]
    return _converted({name: given[name] for name in names if name in given}, struct, "header")


def _converted(values: dict[str, Any], struct: type[Struct], what: str) -> Any:
    try:
        return msgspec.convert(values, struct, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"{what}: {error}; given {values!r}") from None


def _body(request: Any, struct: type[Struct]) -> Any:
    raw = request.raw_body or b""
    if len(raw) > MAX_BODY_BYTES:
        raise RequestTooLarge(f"the body has {len(raw)} bytes: at most {MAX_BODY_BYTES} are read")
    if not raw.strip():
        return struct()
    media_type = (
        request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    )
    if media_type != "application/json":
        raise UnsupportedMediaType(f"the body is {media_type!r}: expected 'application/json'")
    try:
        return msgspec.convert(_JSON.decode(raw), struct)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"the body does not fit: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise MalformedRequest("the body is nested too deeply") from None


def _number(text: str) -> float:
    """JSON knows one kind of numbers: 3.0 is the integer 3."""
    number = float(text)
    return int(number) if number.is_integer() else number


_JSON = msgspec.json.Decoder(float_hook=_number)


def _rendered(result: Any, request_id: str) -> Response:
    if isinstance(result, Response):
        result.headers["X-Request-ID"] = request_id
        return result
    answer = result if isinstance(result, Answer) else Answer(result)
    text = "" if answer.body is None else msgspec.json.encode(answer.body).decode()
    headers: dict[str, Any] = {
        "Content-Type": "application/json",
        "X-Request-ID": request_id,
        "Cache-Control": "no-store",
    }
    return Response(body=text, status_code=answer.status, headers=headers | dict(answer.headers))
