"""Tokens and their scopes.

A token is `dataops_<id>_<secret>`. The id is the key of its record, which contains only the SHA-256
of the secret (256 random bits). Read access to the table therefore grants nothing, and secret
scanners can recognise a leaked token by its prefix.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_TOKEN = re.compile(r"dataops_([a-z2-7]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_DUMMY_HASH = "0" * 64


class Scope(StrEnum):
    """Permissions of a token. Each scope includes those before it."""

    READ = "read"
    SCHEDULE = "schedule"
    ADMIN = "admin"

    def includes(self, other: Scope) -> bool:
        """Return True if this scope permits everything that `other` permits."""
        scopes = list(Scope)
        return scopes.index(self) >= scopes.index(other)


def get_required_scope(method: str) -> Scope:
    """Return the scope that a request requires.

    This is `read` for GET, `schedule` for POST and `admin` for all other methods.
    """
    return {"GET": Scope.READ, "POST": Scope.SCHEDULE}.get(method, Scope.ADMIN)


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """The stored record of a token. `description` names its owner; times are in UTC."""

    token_id: str
    secret_sha256: str
    scope: Scope
    description: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller. `description` and `expires_at` are those of its token."""

    token_id: str
    scope: Scope
    description: str
    expires_at: datetime


def format_token(token_id: str, secret: str) -> str:
    """Return the token in the form that is shown to its owner once."""
    return f"dataops_{token_id}_{secret}"


def parse_token(text: str) -> tuple[str, str] | None:
    """Return the id and the secret of a token, or None if the text is not a token."""
    found = _TOKEN.fullmatch(text)
    return (found[1], found[2]) if found else None


def hash_secret(secret: str) -> str:
    """Return the SHA-256 (hex) of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def verify_secret(record: TokenRecord | None, secret: str, now: datetime) -> Principal | None:
    """Return the principal if `secret` matches an unexpired record.

    Constant time, also if there is no record.
    """
    expected = record.secret_sha256 if record else _DUMMY_HASH
    matches = hmac.compare_digest(expected, hash_secret(secret))
    if record is None or not matches or record.expires_at <= now:
        return None
    return Principal(record.token_id, record.scope, record.description, record.expires_at)
