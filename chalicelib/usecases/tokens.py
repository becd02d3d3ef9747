"""Authentication by token, and the administration of tokens."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta

from chalicelib.domain.errors import InvalidInput, NotFound
from chalicelib.domain.tokens import (
    Principal,
    Scope,
    TokenRecord,
    format_token,
    hash_secret,
    parse_token,
    verify_secret,
)

from .ports import Clock, TokenRepository

MAX_LIFETIME = timedelta(days=366)
_MAX_DESCRIPTION_LENGTH = 200


def authenticate(authorization: str, *, tokens: TokenRepository, clock: Clock) -> Principal | None:
    """Return the principal of an `Authorization` header, None unless it has a valid token."""
    kind, _, text = authorization.partition(" ")
    parsed = parse_token(text) if kind.lower() == "bearer" else None
    if parsed is None:
        return None
    token_id, secret = parsed
    return verify_secret(tokens.get(token_id), secret, clock.now())


def create_token(
    scope: Scope, description: str, lifetime: timedelta, *, tokens: TokenRepository, clock: Clock
) -> tuple[str, TokenRecord]:
    """Create a token and store its record. Return both: the token itself is not stored.

    Raises:
        InvalidInput: The lifetime is not between 0 and a year, or the description does not name an
            owner.
    """
    if not timedelta(0) < lifetime <= MAX_LIFETIME:
        raise InvalidInput(
            f"invalid lifetime of {lifetime.days} days; expected 1 to {MAX_LIFETIME.days}"
        )
    description = description.strip()
    if not 0 < len(description) <= _MAX_DESCRIPTION_LENGTH or not description.isprintable():
        raise InvalidInput(
            f"invalid note {description!r}; expected 1-{_MAX_DESCRIPTION_LENGTH} printable "
            "characters naming the token's owner"
        )
    token_id = base64.b32encode(secrets.token_bytes(8)).decode().lower()[:12]
    secret = secrets.token_urlsafe(32)
    now = clock.now()
    record = TokenRecord(token_id, hash_secret(secret), scope, description, now, now + lifetime)
    tokens.add(record)
    return format_token(token_id, secret), record


def revoke_token(token_id: str, *, tokens: TokenRepository) -> None:
    """Revoke the token.

    API Gateway may cache its last authorization for up to 60 s. NotFound if it does not exist.
    """
    if not tokens.remove(token_id):
        raise NotFound(f"token {token_id!r} does not exist")
