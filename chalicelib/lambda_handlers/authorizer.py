"""The Lambda authorizer: API Gateway calls it with the token of a request."""

from __future__ import annotations

import re
from typing import Any

from chalice.app import AuthRequest, Blueprint

from chalicelib.api.logs import LOG
from chalicelib.bootstrap import services
from chalicelib.domain.errors import Unavailable
from chalicelib.usecases.tokens import authenticate

blueprint = Blueprint(__name__)

CACHE_TTL_SECONDS = 60
"""API Gateway caches results of `authorize`. A revoked token is accepted for at most this time."""

_METHOD_ARN = re.compile(
    r"(arn:[\w-]+:execute-api:[\w-]+:[0-9]{12}:[A-Za-z0-9]+/[A-Za-z0-9_-]+)/[A-Z]+/.*", re.ASCII
)


@blueprint.authorizer(name="authorize", ttl_seconds=CACHE_TTL_SECONDS)
def authorize(request: AuthRequest) -> dict[str, Any]:
    """Return the API Gateway policy of a token; deny on any doubt.

    API Gateway applies a cached policy to other requests with the same token. The policy of a valid
    token therefore contains all requests. `AccessControl` rejects those that the scope does not
    permit, with a message that names the scope; the gateway cannot.

    Raises:
        Unavailable: The token cannot be looked up. API Gateway then responds with 503 and caches
            nothing; a cached denial would reject valid tokens for CACHE_TTL_SECONDS.
    """
    try:
        arn = _METHOD_ARN.fullmatch(request.method_arn)
        principal = (
            authenticate(request.token, tokens=services().tokens, clock=services().clock)
            if arn
            else None
        )
    except Exception as error:
        LOG.exception("authorizing failed")
        if isinstance(error, Unavailable):
            raise
        return _policy("nobody", "Deny", ["*"])
    if arn is None or principal is None:
        return _policy("nobody", "Deny", ["*"])
    policy = _policy(principal.token_id, "Allow", [f"{arn[1]}/*"])
    return policy | {
        "context": {
            "scope": str(principal.scope),
            "name": principal.description,
            "expires_at": principal.expires_at.isoformat(timespec="seconds"),
        }
    }


def _policy(principal: str, effect: str, resources: list[str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {},
    }
