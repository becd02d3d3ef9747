"""Letting callers in by their tokens, and the tokens themselves."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from chalicelib.domain.errors import InvalidInput, NotFound
from chalicelib.domain.tokens import (
    Grant,
    Scope,
    TokenRecord,
    grant,
    parse_token,
    secret_sha256,
    token_text,
)

from .ports import Clock

MAX_LIFETIME = timedelta(days=366)
_MAX_NOTE_LETTERS = 200


class AccessTokens(Protocol):
    """The records of tokens. Reads are consistent: what was removed lets nobody in any more."""

    def get(self, token_id: str) -> TokenRecord | None: ...

    def all(self) -> Sequence[TokenRecord]:
        """By id; those that expired for as long as they are kept."""
        ...

    def add(self, record: TokenRecord) -> None: ...

    def remove(self, token_id: str) -> bool:
        """Whether it was there."""
        ...


def admit(authorization: str, *, tokens: AccessTokens, clock: Clock) -> Grant | None:
    """What an `Authorization` header allows; None for anything but `Bearer` and a token that is known, whole and not expired."""
    kind, _, text = authorization.partition(" ")
    parsed = parse_token(text) if kind.lower() == "bearer" else None
    if parsed is None:
        return None
    token_id, secret = parsed
    return grant(tokens.get(token_id), secret, clock.now())


def create_token(
    scope: Scope, note: str, lifetime: timedelta, *, tokens: AccessTokens, clock: Clock
) -> tuple[str, TokenRecord]:
    """A new token, which is nowhere kept, and its record. InvalidInput for a lifetime beyond a year, or without a note of whose it is."""
    if not timedelta(0) < lifetime <= MAX_LIFETIME:
        raise InvalidInput(
            f"a lifetime of {lifetime.days} days is out of range: expected 1 to {MAX_LIFETIME.days}"
        )
    if not 0 < len(note.strip()) <= _MAX_NOTE_LETTERS or not note.isprintable():
        raise InvalidInput(
            f"note {note!r}: say in 1 to {_MAX_NOTE_LETTERS} letters whose token it is"
        )
    token_id = base64.b32encode(secrets.token_bytes(8)).decode().lower()[:12]
    secret = secrets.token_urlsafe(32)
    now = clock.now()
    record = TokenRecord(token_id, secret_sha256(secret), scope, note.strip(), now, now + lifetime)
    tokens.add(record)
    return token_text(token_id, secret), record


def revoke_token(token_id: str, *, tokens: AccessTokens) -> None:
    """From now on the token lets nobody in (API Gateway may remember its last answer for a minute). NotFound: no such token."""
    if not tokens.remove(token_id):
        raise NotFound(f"token {token_id!r} is not there")
