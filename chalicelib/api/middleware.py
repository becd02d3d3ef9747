"""Middleware of the Chalice app, and access control.

Defence in depth: API Gateway (or `chalice local` in its place) calls the authorizer of a route
before it forwards a request, and `AccessControl.check` verifies the result inside the app. A route
that lacks an authorizer by mistake still rejects requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
from chalice.app import Chalice, IAMAuthorizer, Response

from chalicelib.domain.tokens import Scope, get_required_scope
from chalicelib.settings import AuthMode

from .endpoint import get_request_id
from .errors import Forbidden, Unauthorized
from .logs import LOG
from .problems import error_response, internal_error_response, problem_response

PUBLIC_ROUTES = frozenset(
    {"/", "/page/{version}/{name}", "/docs", "/docs/{version}/{name}", "/openapi.json", "/health"}
)
"""The routes that require no credentials. They contain no data."""

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
    fields = {
        "request_id": request_id,
        "method": request.method,
        "route": request.context.get("resourcePath"),
        "path": request.context.get("path"),
        "status": response.status_code,
        "duration_ms": round((time.monotonic() - started) * 1000, 1),
    }
    if response.status_code >= 400 and response.body:
        fields["code"] = msgspec.json.decode(response.body)["code"]
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
                entry.authorizer = None if path in PUBLIC_ROUTES else self._authorizers[mode]

    def check(self, request: Any, get_response: GetResponse) -> Response:
        """Reject requests without an authorizer result, or with insufficient scope."""
        if self._mode == "none" or request.context.get("resourcePath") in PUBLIC_ROUTES:
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
    required = get_required_scope(request.method)
    if scope not in list(Scope):
        raise Unauthorized("the request has no verified token")
    if not Scope(scope).includes(required):
        raise Forbidden(
            f"a token of scope {scope!r} does not permit {request.method}; use one of scope "
            f"{str(required)!r}"
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
