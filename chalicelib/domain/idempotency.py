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

    `request` describes it. `holder` works on it, until `leased_until` at the latest: then another caller may take over. The tokens of
    its runs in the run table end with `claim_token`. `id_runs` is its result once it is `completed` (records written before 1.1
    have candidates here until then).
    """

    key: str
    request: str
    holder: str
    leased_until: datetime
    expires_at: datetime
    claim_token: str
    id_runs: tuple[int, ...] = ()
    completed: bool = False
