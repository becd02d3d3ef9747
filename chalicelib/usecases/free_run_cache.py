"""What is known about the runs of a composition, by a process and by one of its requests.

The cache belongs to one process and only saves reads: the conditional write in `RunRepository.add`
decides, and an outdated cache costs another read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.run_claims import RunClaim

PARALLEL_CHECKS = 16
"""Concurrent listings. Up to this number, runs without sub-run 0 are checked again by every
request; more are cached."""
_HIGHEST = 10**9


@dataclass(slots=True)
class CompositionCache:
    """The cached state of a composition. The allocation of the runs in `taken` is final.

    `completed` contains runs of completed requests of this process that were not read since.
    `present` and `absent` contain the runs with and without files of sub-run 0, and when they were
    checked.
    """

    created_at: datetime
    numbers: Sequence[int] = ()
    listed_at: datetime | None = None
    present: dict[int, datetime] = field(default_factory=dict)
    absent: dict[int, datetime] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    completed: set[int] = field(default_factory=set)

    def list_candidates(self) -> Sequence[int]:
        """Return the listed runs that may be free, in ascending order."""
        return [
            id_run
            for id_run in self.numbers
            if id_run not in self.taken and id_run not in self.absent
        ]

    def store_final_claims(self, claims: Iterable[RunClaim], final_before: datetime) -> None:
        """Keep the claims that are not released any more, and need not be read again.

        The claims of runs for which callers competed are read again, because these callers are
        counted from there.
        """
        for claim in claims:
            is_completed = claim.id_run in self.completed or claim.is_last_of_request
            if (is_completed and claim.is_uncontested) or claim.claimed_at <= final_before:
                self.taken.add(claim.id_run)
                self.completed.discard(claim.id_run)

    def store_checks(self, checks: Iterable[tuple[int, bool]], now: datetime) -> None:
        """Store which runs have files of sub-run 0."""
        for id_run, present in checks:
            (self.present if present else self.absent)[id_run] = now

    def discard_checks(self, oldest: datetime) -> None:
        """Discard the checks that are older, and all of runs without files if they are few."""
        self.present = {id_run: at for id_run, at in self.present.copy().items() if at > oldest}
        absent = {id_run: at for id_run, at in self.absent.copy().items() if at > oldest}
        self.absent = absent if len(absent) > PARALLEL_CHECKS else {}


@dataclass(slots=True)
class ReadClaims:
    """The claims that a request has read, in ascending order. `limit` is that of the next query."""

    limit: int
    found: list[RunClaim] = field(default_factory=list)
    _first: int = _HIGHEST
    _last: int = 0

    def __contains__(self, id_run: int) -> bool:
        """Return True if the claim of the run, if any, was read."""
        return self._first <= id_run <= self._last

    def add(self, first: int, read: Sequence[RunClaim]) -> None:
        """Add the result of a query for the claims of the runs from `first` on."""
        if first < self._first:  # it contains those read before
            self._first, self.found = first, []
        self.found += read
        self._last = read[-1].id_run if len(read) == self.limit else _HIGHEST
        self.limit *= 16
