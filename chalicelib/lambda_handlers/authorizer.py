"""Who is let in where. `guard` closes every route but the open ones, in the way that the stage's AUTH says.

Two locks: API Gateway (or `chalice local` in its place) asks `authorize` before it passes a request on, and `check` looks, inside the
app, for what it must have answered. So a route that the gateway were to pass on unasked stays closed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from chalice.app import AuthRequest, Blueprint, Chalice, IAMAuthorizer, Response

from chalicelib.api.endpoint import request_id_of
from chalicelib.api.logs import LOG
from chalicelib.api.problems import problem_of
from chalicelib.bootstrap import auth_mode, services
from chalicelib.domain.errors import Forbidden, Unauthorized, Unavailable
from chalicelib.domain.tokens import Scope, scope_of_method
from chalicelib.usecases.tokens import admit

door = Blueprint(__name__)

OPEN = frozenset(
    {"/", "/page/{version}/{name}", "/docs", "/docs/{version}/{name}", "/openapi.json", "/health"}
)
"""The routes that need no credentials: they hold no data."""

CACHED_SECONDS = 60
"""How long API Gateway remembers an answer of `authorize`, and so how long a revoked token may still open what it opened before."""

_METHOD_ARN = re.compile(
    r"(arn:[\w-]+:execute-api:[\w-]+:[0-9]{12}:[A-Za-z0-9]+/[A-Za-z0-9_-]+)/[A-Z]+/.*", re.ASCII
)
_METHODS = {Scope.READ: ("GET",), Scope.SCHEDULE: ("GET", "POST"), Scope.ADMIN: ("*",)}


def guard(app: Chalice) -> None:
    """Close the app's routes. SettingsError where AUTH is no mode."""
    authorizers: dict[str, Any] = {"token": authorize, "iam": IAMAuthorizer(), "none": None}
    authorizer = authorizers[auth_mode()]
    for path, entries in app.routes.items():
        for entry in entries.values():
            entry.authorizer = None if path in OPEN else authorizer


@door.authorizer(name="authorize", ttl_seconds=CACHED_SECONDS)
def authorize(request: AuthRequest) -> dict[str, Any]:
    """What the token allows, as a policy of API Gateway; on any doubt, nothing.

    Unavailable, when the token cannot be looked up, passes through: then the gateway lets nobody in either, but it answers 503, and
    remembers nothing. A refusal would lock the holder of a good token out for as long as it is remembered.

    The gateway applies a remembered answer to other requests with the same token. So it says what the token's scope allows everywhere,
    never only for the request that happened to be first.
    """
    try:
        found = _METHOD_ARN.fullmatch(request.method_arn)
        grant = (
            admit(request.token, tokens=services().tokens, clock=services().clock)
            if found
            else None
        )
    except Exception as error:
        LOG.exception("authorizing failed")
        if isinstance(error, Unavailable):
            raise
        return _policy("nobody", "Deny", ["*"])
    if found is None or grant is None:
        return _policy("nobody", "Deny", ["*"])
    resources = [f"{found[1]}/{method}/*" for method in _METHODS[grant.scope]]
    return _policy(grant.token_id, "Allow", resources) | {"context": {"scope": str(grant.scope)}}


@door.middleware("http")
def check(request: Any, get_response: Callable[[Any], Response]) -> Response:
    """Refuse what no authorizer has let in, and what its scope does not include."""
    mode = auth_mode()
    if mode == "none" or request.context.get("resourcePath") in OPEN:
        return get_response(request)
    request_id = request_id_of(request)
    if mode == "iam":
        # Only API Gateway verifies SigV4: without it nobody is let in.
        if not (request.context.get("identity") or {}).get("userArn"):
            return problem_of(
                Unauthorized("the request is not signed (AWS Signature Version 4)"), request_id
            )
        return get_response(request)
    given = (request.context.get("authorizer") or {}).get("scope")
    needed = scope_of_method(request.method)
    if given not in list(Scope):
        return problem_of(
            Unauthorized("the request carries no token that was verified"), request_id
        )
    if not Scope(given).includes(needed):
        detail = f"a token of scope {given!r} does not allow {request.method}: {str(needed)!r} does"
        return problem_of(Forbidden(detail), request_id)
    return get_response(request)


def _policy(principal: str, effect: str, resources: list[str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {},
    }
