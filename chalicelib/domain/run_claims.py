"""Claims of runs: the owner of a run, and all callers that tried to allocate it.

The record of a run lists these claimants in order. From the list, each caller computes how many
runs the callers ahead of it still require, and skips as many candidates. Parallel callers therefore
try different runs, and no number is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

FINAL_AFTER = timedelta(minutes=1)
"""Age of allocations that are not released any more: requests last for half a minute at most."""
_TAG_LENGTH = 8


def get_claimant_tag(claim_token: str) -> str:
    """Return the short form of a claim token that is stored in the list of claimants."""
    return claim_token[-_TAG_LENGTH:]


@dataclass(frozen=True, slots=True)
class Claimant:
    """A caller that tried to allocate a run.

    `wanted` is the number of runs it still required, including this one.
    """

    tag: str
    wanted: int


@dataclass(frozen=True, slots=True)
class RunClaim:
    """A scheduled run, the claim token of its owner, and all claimants in order."""

    id_run: int
    claimed_at: datetime
    claim_token: str
    claimants: tuple[Claimant, ...] = ()

    @property
    def is_uncontested(self) -> bool:
        """Return True if no other caller tried to allocate the run."""
        return len(set(self.claimants)) == 1

    @property
    def is_last_of_request(self) -> bool:
        """Return True if the request of the owner required no further run and has no retry.

        Such a request is completed by this claim, and never releases it. Tokens of requests with an
        idempotency key contain a period (`idempotency.Claim`).
        """
        owner = get_claimant_tag(self.claim_token)
        return "." not in self.claim_token and Claimant(owner, 1) in self.claimants


def count_wanted_ahead(claims: Iterable[RunClaim], tag: str) -> int:
    """Return how many runs the callers ahead of the one with this tag still require.

    Callers are ordered by the last run that each lost. A caller that lost none comes after all
    other active callers.
    """
    remaining: dict[str, int] = {}
    places: dict[str, tuple[int, int]] = {}
    for claim in claims:
        owner = get_claimant_tag(claim.claim_token)
        for position, claimant in enumerate(dict.fromkeys(claim.claimants)):
            owned = claimant.tag == owner
            left = claimant.wanted - owned
            remaining[claimant.tag] = min(left, remaining.get(claimant.tag, left))
            if not owned or claimant.tag not in places:
                places[claimant.tag] = (claim.id_run, position)
    place = places.get(tag, (10**9, 0))
    return sum(left for other, left in remaining.items() if places[other] < place)
