"""Middleware of the Chalice app, and access control.

Defence in depth: API Gateway (or `chalice local` in its place) calls the authorizer of a route
before it forwards a request, and `AccessControl.check` verifies the result inside the app. A route
that lacks an authorizer by mistake still rejects requests.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import msgspec
from chalice.app import Chalice, IAMAuthorizer, Response

from chalicelib.domain.tokens import Scope, get_required_scope
from chalicelib.settings import AuthMode
from chalicelib.usecases.metrics import METRICS

from .cloudwatch_metrics import embed_metrics, get_namespace
from .endpoint import get_principal_id, get_request_id
from .errors import MISSING_CREDENTIALS, Forbidden, Unauthorized
from .logs import LOG
from .problems import error_response, internal_error_response, problem_response

PUBLIC_ROUTES = frozenset(
    {"/", "/page/{version}/{name}", "/docs", "/docs/{version}/{name}", "/openapi.json", "/health"}
)
"""The routes that require no credentials. They contain no data."""
ADMIN_ROUTES = frozenset({"/v1/datasets/{dataset}/{version}/advisories"})
"""The routes that require the scope `admin` for every method."""

_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}.*", re.ASCII)
"""Header of W3C Trace Context: the trace of the caller, and the caller's own span."""

GetResponse = Callable[[Any], Response]


def register_middleware(app: Chalice, access: AccessControl) -> None:
    """Register the middleware.

    Chalice runs the first one outermost, so rejected requests are logged as well.
    """
    for middleware in (log_requests, access.check):
        app.register_middleware(middleware, "http")


def log_requests(request: Any, get_response: GetResponse) -> Response:
    """Log each request, and turn error responses of Chalice into problem documents."""
    started = time.monotonic()
    request_id = get_request_id(request)
    response = _to_problem(get_response(request), request, request_id)
    response.headers.setdefault("X-Request-ID", request_id)
    if request.method == "HEAD":
        response.body = ""
    route, seconds = str(request.context.get("resourcePath")), time.monotonic() - started
    fields = {
        "request_id": request_id,
        "method": request.method,
        "route": route,
        "path": request.context.get("path"),
        "status": response.status_code,
        "duration_ms": round(seconds * 1000, 1),
    }
    if principal := get_principal_id(request):
        fields["principal"] = principal
    if response.status_code >= 400 and response.body:
        fields["code"] = msgspec.json.decode(response.body)["code"]
    if trace := _TRACE_PARENT.fullmatch(request.headers.get("traceparent", "")):
        fields |= {"trace_id": trace[1], "parent_id": trace[2]}
    METRICS.add_request(route, request.method, response.status_code, seconds)
    counters = METRICS.take()
    if namespace := get_namespace():
        fields |= embed_metrics(namespace, counters, request=True)
    LOG.info("request", extra={"fields": fields})
    return response


class AccessControl:
    """Access control of an app: attaches authorizers to its routes, and checks their results.

    `token_authorizer` is the authorizer of the mode `token`. Without `configure`, every route but
    the public ones is closed.
    """

    def __init__(self, app: Chalice, token_authorizer: Any) -> None:
        self._app = app
        self._authorizers = {"token": token_authorizer, "iam": IAMAuthorizer(), "none": None}
        self._mode: AuthMode = "token"

    def configure(self, mode: AuthMode) -> None:
        """Attach the authorizer of the mode to every route but the public ones."""
        self._mode = mode
        for path, entries in self._app.routes.items():
            for entry in entries.values():
                is_open = path in PUBLIC_ROUTES or entry.method == "OPTIONS"
                entry.authorizer = None if is_open else self._authorizers[mode]

    def check(self, request: Any, get_response: GetResponse) -> Response:
        """Reject requests without an authorizer result, or with insufficient scope."""
        route = request.context.get("resourcePath")
        # Browsers send OPTIONS without a token; its responses contain no data.
        if self._mode == "none" or route in PUBLIC_ROUTES or request.method == "OPTIONS":
            return get_response(request)
        try:
            (_check_signature if self._mode == "iam" else _check_scope)(request)
        except (Unauthorized, Forbidden) as error:
            return error_response(error, get_request_id(request))
        return get_response(request)


def _check_signature(request: Any) -> None:
    # Only API Gateway verifies SigV4, so a request that did not pass through it has no ARN.
    if not (request.context.get("identity") or {}).get("userArn"):
        raise Unauthorized("the request is not signed (AWS Signature Version 4)")


def _check_scope(request: Any) -> None:
    scope = (request.context.get("authorizer") or {}).get("scope")
    is_admin = request.context.get("resourcePath") in ADMIN_ROUTES
    required = Scope.ADMIN if is_admin else get_required_scope(request.method)
    if scope not in list(Scope):
        raise Unauthorized(MISSING_CREDENTIALS)
    if not Scope(scope).includes(required):
        raise Forbidden(
            f"this token has the scope {scope!r}; this {request.method} requires {str(required)!r}"
        )


def _to_problem(response: Response, request: Any, request_id: str) -> Response:
    is_problem = response.headers.get("Content-Type") == "application/problem+json"
    if response.status_code < 400 or is_problem:
        return response
    if response.status_code == 405:
        allowed = str(response.headers["Allow"])
        path = request.context.get("path")
        detail = f"method {request.method} is not allowed for {path!r}; allowed: {allowed}"
        return problem_response(405, "method_not_allowed", detail, request_id, {"Allow": allowed})
    return internal_error_response(request_id)
