"""The endpoint that describes the credentials of a request."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from chalicelib.domain.tokens import Scope

from .endpoint import ApiBlueprint, endpoint, get_principal_id
from .schemas import Timestamp

blueprint = ApiBlueprint(__name__, tag="service")


class Caller(Struct):
    """The credentials of a request, as the service verified them.

    With `auth` `none`, the service requires no credentials. With `iam`, IAM policies decide what
    the caller may do, and `scopes` is empty.
    """

    auth: Literal["none", "token", "iam"]
    name: Annotated[
        str | None,
        Meta(
            description="Note of the token, or ARN of the IAM principal",
            examples=["Ada, CuZr model"],
        ),
    ]
    scopes: list[Scope]
    expires_at: Timestamp | None


@endpoint(blueprint, "GET", "/v1/whoami", operation_id="whoami", response=Caller)
def get_caller() -> Caller:
    """Check your token.

    Returns the note, the scopes and the expiry of the token that the request was sent with.
    """
    request = blueprint.current_request
    token = request.context.get("authorizer") or {}
    if "scope" in token:
        scope = Scope(token["scope"])
        scopes = [each for each in Scope if scope.includes(each)]
        return Caller("token", token.get("name"), scopes, token.get("expires_at"))
    principal = get_principal_id(request)
    return Caller("iam" if principal else "none", principal, [] if principal else list(Scope), None)
