"""The header `Idempotency-Key`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from chalicelib.domain.idempotency import KEY_PATTERN

from .endpoint import ApiBlueprint, get_principal_id

IdempotencyKey = Annotated[
    str,
    Meta(
        pattern=KEY_PATTERN,
        description="A unique text for each request, and the same text when the request is "
        "repeated: a repeated request returns the first response and has no further effect. "
        "Stored for 24 hours",
        examples=["7f3e0c1a-schedule-1"],
    ),
]


class IdempotencyHeaders(Struct):
    """A repeated key returns the first response and has no further effect."""

    idempotency_key: IdempotencyKey | None = field(default=None, name="Idempotency-Key")


def scope_key(blueprint: ApiBlueprint, key: str | None) -> str | None:
    """Return the idempotency key of one principal: keys of other principals never match it."""
    principal = get_principal_id(blueprint.current_request)
    return (
        key if key is None or principal is None else f"{key} of {principal}"
    )  # keys have no spaces
