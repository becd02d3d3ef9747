"""Idempotency keys: what is remembered of a request, so that its repetition has no second effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

KEY_PATTERN = r"^[!-~]{1,255}$"
"""Printable ASCII characters without blanks."""

LIFETIME = timedelta(hours=24)
"""How long a key is remembered, from its first request."""


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What is known of the request that first came with `key`.

    `request` says what it asked for. Whoever is `holder` works on it, until `leased_until` at the latest: then the next one may
    take over. `claim_token` marks its runs in the run table; `id_runs` are the numbers it set out to claim, noted before any of
    them is, and its answer once it is `completed`.
    """

    key: str
    request: str
    holder: str
    leased_until: datetime
    expires_at: datetime
    claim_token: str
    id_runs: tuple[int, ...] = ()
    completed: bool = False
