"""Claims of runs: who has a run, and who tried to get it.

Callers who lose a run to another are on record with it, in the order in which they came. From that, each can tell how many runs
the callers before it still want, and leave these to them. So parallel callers try different runs, and no number is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_TAG_LENGTH = 8


def claimant_tag(claim_token: str) -> str:
    """Return the short form of a claim token that is kept with each run that was tried."""
    return claim_token[-_TAG_LENGTH:]


@dataclass(frozen=True, slots=True)
class Claimant:
    """A caller who tried to get a run when it wanted so many, this one included."""

    tag: str
    wanted: int


@dataclass(frozen=True, slots=True)
class RunClaim:
    """A scheduled run, the token of the caller who has it, and everyone who tried to get it, in order."""

    id_run: int
    claimed_at: datetime
    claim_token: str
    claimants: tuple[Claimant, ...] = ()


def wanted_ahead(claims: Iterable[RunClaim], tag: str) -> int:
    """Return how many runs the callers ahead of the one with this tag still want.

    The order is that of the last run that a caller lost. A caller that lost none comes after all others that are at work.
    """
    remaining: dict[str, int] = {}
    places: dict[str, tuple[int, int]] = {}
    for claim in claims:
        owner = claimant_tag(claim.claim_token)
        for position, claimant in enumerate(dict.fromkeys(claim.claimants)):
            owned = claimant.tag == owner
            left = claimant.wanted - owned
            remaining[claimant.tag] = min(left, remaining.get(claimant.tag, left))
            if not owned or claimant.tag not in places:
                places[claimant.tag] = (claim.id_run, position)
    place = places.get(tag, (10**9, 0))
    return sum(left for other, left in remaining.items() if places[other] < place)
