"""Who may do what: scopes, and the tokens that carry them.

A token is `dataops_<id>_<secret>`: the id finds its record, and of the secret (256 random bits) the record holds the SHA-256 alone. So
the table lets nobody in who reads it, and a leaked token can be told by its prefix.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_TOKEN = re.compile(r"dataops_([a-z2-7]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_NOBODY = "0" * 64


class Scope(StrEnum):
    """What a token allows; each includes those before it."""

    READ = "read"
    SCHEDULE = "schedule"
    ADMIN = "admin"

    def includes(self, other: Scope) -> bool:
        order = list(Scope)
        return order.index(self) >= order.index(other)


def scope_of_method(method: str) -> Scope:
    """What a request needs: reading is GET, scheduling is POST; anything else is the administrator's."""
    return {"GET": Scope.READ, "POST": Scope.SCHEDULE}.get(method, Scope.ADMIN)


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What is kept of a token. `note` says whose it is; times are in UTC."""

    token_id: str
    secret_sha256: str
    scope: Scope
    note: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """A caller who was let in."""

    token_id: str
    scope: Scope


def token_text(token_id: str, secret: str) -> str:
    """The token as its owner gets it, once."""
    return f"dataops_{token_id}_{secret}"


def parse_token(text: str) -> tuple[str, str] | None:
    """The id and the secret of a token; None if it is none."""
    found = _TOKEN.fullmatch(text)
    return (found[1], found[2]) if found else None


def secret_sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def grant(record: TokenRecord | None, secret: str, now: datetime) -> Grant | None:
    """What the secret opens, if the record is its own and still holds. The comparison takes as long for a wrong secret, and for none."""
    same = hmac.compare_digest(record.secret_sha256 if record else _NOBODY, secret_sha256(secret))
    if record is None or not same or record.expires_at <= now:
        return None
    return Grant(record.token_id, record.scope)
