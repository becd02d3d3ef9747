"""Idempotency keys, and the records that prevent a repeated request from having a second effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

KEY_PATTERN = r"^[!-~]{1,255}$"
"""Printable ASCII characters without spaces."""

LIFETIME = timedelta(hours=24)
"""Lifetime of a key, from its first request."""


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """The record of an idempotency key.

    `request` describes the first request with this key. Its `holder` executes it until
    `leased_until`; after that another caller may take over. In the run table, the claim tokens of
    its runs end with `claim_token`. `id_runs` is the result once `completed` is true (records
    written by 260f94d contain candidates before that).
    """

    key: str
    request: str
    holder: str
    leased_until: datetime
    expires_at: datetime
    claim_token: str
    id_runs: tuple[int, ...] = ()
    completed: bool = False
